/**
 * Golden files: a scenario, a line of dashes, and what kube-proxy feeds to iptables-restore in it. Services are in the
 * order of their names, where the real one has the order of a Go map; all else is exactly its text.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseScenario, runScenario } from '../../../support/proxy/scenario.ts'

const FOLDER = new URL('golden/', import.meta.url)
const LINE = '-'.repeat(40)

describe('golden files', () => {
  it.each(readdirSync(fileURLToPath(FOLDER)).filter((name) => name.endsWith('.txt')))('%s', (name) => {
    const file = new URL(name, FOLDER)
    const [scenario, expected = ''] = readFileSync(file, 'utf8').split(`${LINE}\n`) as [string, string?]
    const texts = runScenario(parseScenario(scenario))
    const actual = texts.map((text, i) => (i === 0 ? text : `# after step ${i + 1}\n${text}`)).join('')
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, `${scenario}${LINE}\n${actual}`)
    else expect(actual).toBe(expected)
  })
})
