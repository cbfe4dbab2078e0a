import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING } from '../../../src/abi/verdict.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import {
  ZERO_COUNTERS,
  type Chain,
  type Rule,
  type Ruleset,
  type Table,
} from '../../../src/kernel/ruleset.ts'
import { WalkBench } from '../../support/netfilter/bench.ts'
import { tcp4 } from '../../support/netfilter/packets.ts'

const SEED = 20_261_122
const USER = ['A', 'B', 'C', 'D', 'E'] as const
const BUILT_IN = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'] as const

/** Rules by number: those that many chains share are the same objects, as a proxy's are. */
const shared: readonly Rule[] = [
  { header: {}, matches: [], target: { kind: 'MASQUERADE', range: {} } },
  { header: {}, matches: [], target: { kind: 'RETURN' } },
  { header: {}, matches: [], target: null },
  {
    header: { source: { value: { address: '1.2.3.4', prefixLength: 32 } } },
    matches: [],
    target: { kind: 'ACCEPT' },
  },
  ...USER.map((chain): Rule => ({ header: {}, matches: [], target: { kind: 'jump', chain } })),
  ...USER.map((chain): Rule => ({ header: {}, matches: [], target: { kind: 'goto', chain } })),
]

const rules = fc.array(fc.nat(shared.length - 1), { maxLength: 3 })
const edit = fc.oneof(
  { weight: 5, arbitrary: fc.record({ chain: fc.constantFrom(...USER, ...BUILT_IN), rules }) },
  { weight: 3, arbitrary: fc.record({ chain: fc.constantFrom(...USER), rules: fc.constant(undefined) }) },
)
const step = fc.record({ edits: fc.array(edit, { minLength: 1, maxLength: 3 }), delta: fc.boolean() })

const load = (bench: WalkBench, ruleset: Ruleset): boolean => {
  try {
    bench.load(ruleset)
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

const packet = { bytes: tcp4() }
const verdicts = (bench: WalkBench): unknown => [
  [NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING].map(
    (hook) => bench.walk('ipv4', 'nat', hook, { ...packet, local: 'process' }).verdict,
  ),
  [...bench.live('ipv4').tables.get('nat')!.chains].map(([name, { rules: live }]) => [
    name,
    live.map(({ counters }) => counters?.packets ?? 0),
  ]),
]

describe('loading one ruleset over another', () => {
  it('takes and refuses what a fresh engine does, and walks as it does', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const bench = new WalkBench()
        let table: Table = {
          name: 'nat',
          chains: new Map(
            [...BUILT_IN, ...USER].map((name, i): [string, Chain] => [
              name,
              { name, policy: i < BUILT_IN.length ? 'ACCEPT' : null, counters: ZERO_COUNTERS, rules: [] },
            ]),
          ),
        }
        const rulesetOf = (nat: Table): Ruleset => ({ family: 'ipv4', tables: new Map([['nat', nat]]) })
        expect(load(bench, rulesetOf(table))).toBe(true)
        for (const { edits, delta } of steps) {
          const chains = new Map(table.chains)
          for (const { chain: name, rules: numbers } of edits) {
            if (numbers === undefined) chains.delete(name)
            else {
              const policy = table.chains.get(name)?.policy ?? null
              const made = numbers.map((number) => shared[number]!)
              chains.set(name, { name, policy, counters: ZERO_COUNTERS, rules: made })
            }
          }
          const names = new Set(edits.map(({ chain }) => chain))
          const next: Table = {
            name: 'nat',
            chains,
            ...(delta && { delta: { since: table, chains: names } }),
          }
          const fresh = new WalkBench()
          const taken = load(fresh, rulesetOf(next))
          expect(load(bench, rulesetOf(next))).toBe(taken)
          if (taken) table = next
          // Counters of chains that stayed go on, so the walk is compared by what one more packet adds.
          else expect(load(fresh, rulesetOf({ name: 'nat', chains: table.chains }))).toBe(true)
          const before = counts(bench)
          const walked = verdicts(bench) as [unknown, [string, number[]][]]
          const wanted = verdicts(fresh) as [unknown, [string, number[]][]]
          expect(walked[0]).toEqual(wanted[0])
          expect(less(walked[1], before)).toEqual(wanted[1].toSorted(byName))
        }
      }),
      { numRuns: 300, seed: SEED },
    )
  })
})

type Counts = readonly (readonly [string, readonly number[]])[]

const byName = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : 1

const counts = (bench: WalkBench): Counts =>
  [...bench.live('ipv4').tables.get('nat')!.chains].map(([name, { rules: live }]) => [
    name,
    live.map(({ counters }) => counters?.packets ?? 0),
  ])

function less(after: Counts, before: Counts): Counts {
  const old = new Map(before)
  return after
    .map(([name, live]) => [name, live.map((count, i) => count - old.get(name)![i]!)] as const)
    .toSorted(byName)
}
