/** Random rulesets over all extensions, loaded by the real iptables-restore and printed by the real iptables-save. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  parseIptablesSave,
  parseRestore,
  printIptablesSave,
  sameRuleset,
  applyRestore,
} from '../../../src/kernel/iptables/index.ts'
import { printRestore } from '../../../src/kernel/restore.ts'
import type { Family, TableName } from '../../../src/kernel/ruleset.ts'
import { arbitraryRuleset } from '../../arbitraries/ruleset.ts'
import { SETS_TEXT } from '../campaign/sets.ts'
import { isRoot, Namespace, withoutComments } from './namespace.ts'

const SEED = 20_261
const RUNS = 60
const TOOL = { ipv4: 'iptables-legacy', ipv6: 'ip6tables-legacy' } as const

describe.runIf(isRoot)('iptables text against the real tool (root)', () => {
  let netns: Namespace

  beforeAll(() => {
    netns = new Namespace('iptables')
    netns.ok(['ipset', 'restore'], SETS_TEXT)
  })
  afterAll(() => netns.delete())

  const restore = (family: Family, text: string) => netns.run([`${TOOL[family]}-restore`, '-c'], text)
  const save = (family: Family, table: TableName) =>
    withoutComments(netns.ok([`${TOOL[family]}-save`, '-c', '-t', table]))

  it.each(['ipv4', 'ipv6'] as const)('%s: what is printed loads, and comes back byte for byte', (family) => {
    let loaded = 0
    let rules = 0
    let refused = 0
    fc.assert(
      fc.property(arbitraryRuleset(family), (ruleset) => {
        for (const table of ruleset.tables.keys()) {
          const text = printIptablesSave(ruleset, { counters: true, table })
          const { status, stderr } = restore(family, text)
          // A rule that the kernel itself refuses (at COMMIT) is no matter of text; one that the tool refuses is.
          if (status !== 0) {
            expect(stderr).toMatch(/line \d+ failed/)
            refused++
            continue
          }
          const real = save(family, table)
          expect(real).toBe(printIptablesSave(parseIptablesSave(text, family), { counters: true }))
          const parsed = parseIptablesSave(real, family)
          expect(printIptablesSave(parsed, { counters: true })).toBe(real)
          const restored = parseRestore(real, family, { counters: true })
          const again = applyRestore({ family, tables: new Map() }, restored)
          expect(sameRuleset(again, parsed, { counters: true })).toBe(true)
          expect(printRestore(restored)).toBe(real)
          loaded++
          rules += real.split('\n').filter((line) => line.startsWith('[')).length
        }
      }),
      { numRuns: RUNS, seed: SEED },
    )
    console.log(`${family}: ${loaded} tables with ${rules} rules compared, ${refused} refused by the kernel`)
    expect(refused).toBeLessThan(loaded / 2)
  })
})

describe.skipIf(isRoot)('iptables text against the real tool', () => {
  it.skip('needs root and network namespaces: not run', () => {})
})
