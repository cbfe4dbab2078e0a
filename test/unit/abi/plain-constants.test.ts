import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const dir = 'src/abi'
const constant = /^export const [A-Z][A-Z0-9_]* = [A-Z0-9a-fx_ +*<>|()-]+$/
const importing = /^import \{ [A-Z0-9_, ]+ \} from '\.\/[a-z0-9-]+\.ts'$/

describe('src/abi is compiled by asc and tsc alike', () => {
  it.each(readdirSync(dir))('%s holds nothing but plain integer constants and comments', (file) => {
    const strange = readFileSync(join(dir, file), 'utf8')
      .replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
      .split(/\n(?=\S)/)
      .map((statement) => statement.replaceAll(/\s+/g, ' ').replace(', }', ' }').trim())
      .filter((statement) => statement !== '' && !constant.test(statement) && !importing.test(statement))
    expect(strange).toEqual([])
  })
})
