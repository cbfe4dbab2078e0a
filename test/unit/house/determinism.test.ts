import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

// A run is a function of its inputs and its seed: time and randomness are arguments in src/ and assembly/.
const forbidden =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.hrtime|setTimeout|setInterval|setImmediate|crypto\.(randomUUID|getRandomValues|randomBytes))\b/

/** Folders that talk to the outside world in real time. */
const outside = ['src/cli/']

describe('nothing reads the wall clock or a global random source', () => {
  const files = ['src', 'assembly'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((name) => join(root, name))
      .filter((path) => path.endsWith('.ts') && !outside.some((folder) => path.startsWith(folder))),
  )

  it('looks at every source', () => {
    expect(files.length).toBeGreaterThan(5)
  })

  it.each(files)('%s', (path) => {
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.filter((line) => forbidden.test(line) && !/^\s*(\*|\/\/)/.test(line))).toEqual([])
  })
})
