/** Random sets, loaded by the real ipset, printed by `ipset save` and asked with `ipset test`. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIpsetList, parseIpsetSave, printIpsetSave, sameSets } from '../../../src/kernel/ipset/index.ts'
import type { SetType } from '../../../src/kernel/ipset.ts'
import { arbitraryElement, arbitrarySets, setsOf } from '../../arbitraries/ipset.ts'
import { SetsHarness } from '../../support/ipset/harness.ts'
import { isRoot, Namespace } from './namespace.ts'

const SEED = 4711
const RUNS = 60
const PROBES = 8
const NETNS = 1

/** Members sorted, and without the seed that the real hash draws. */
const normal = (text: string): string =>
  printIpsetSave(parseIpsetSave(text.replaceAll(/ initval 0x[0-9a-f]+/g, '')), { sorted: true })

describe.runIf(isRoot)('sets against the real ipset (root)', () => {
  let netns: Namespace

  beforeAll(() => {
    netns = new Namespace('ipset')
  })
  afterAll(() => netns.delete())

  const load = (text: string): void => {
    // A set in a list is in use: lists go first.
    netns.ok(['ipset', 'flush'])
    netns.ok(['ipset', 'destroy'])
    netns.ok(['ipset', '-exist', 'restore'], text)
  }

  it('what a restore leaves, what save and list print, and what is in a set', () => {
    let probes = 0
    let hits = 0
    fc.assert(
      fc.property(
        arbitrarySets({ timeouts: false }),
        fc.array(fc.nat(), { minLength: PROBES, maxLength: PROBES }),
        (text, seeds) => {
          const ours = setsOf(text)
          load(text)
          const real = netns.ok(['ipset', 'save'])
          expect(normal(real)).toBe(printIpsetSave(ours, { sorted: true }))
          // Byte for byte, in the real order, with the seed.
          expect(printIpsetSave(parseIpsetSave(real))).toBe(real)
          expect(sameSets(parseIpsetList(netns.ok(['ipset', 'list'])), parseIpsetSave(real))).toBe(true)

          const harness = new SetsHarness()
          harness.sets.set(NETNS, ours)
          for (const [i, seed] of seeds.entries()) {
            const name = i % 2 === 0 ? 'a' : 'b'
            const { type, family = 'ipv4' } = ours.get(name)!
            const [element] = fc.sample(arbitraryElement(type as SetType, family), { seed, numRuns: 1 })
            const { status, stderr } = netns.run(['ipset', 'test', name, element!])
            expect(stderr).toMatch(/is (?:NOT )?in set/)
            expect(`${element}: ${harness.sets.test(NETNS, name, element!)}`).toBe(
              `${element}: ${status === 0}`,
            )
            probes++
            if (status === 0) hits++
          }
        },
      ),
      { numRuns: RUNS, seed: SEED },
    )
    console.log(`${RUNS} times three sets, ${probes} elements asked for, ${hits} found`)
    expect(hits).toBeGreaterThan(probes / 10)
  })
})

describe.skipIf(isRoot)('sets against the real ipset', () => {
  it.skip('needs root and network namespaces: not run', () => {})
})
