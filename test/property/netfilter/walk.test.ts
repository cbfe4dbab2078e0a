import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NF_UNKNOWN } from '../../../src/abi/verdict.ts'
import { sameCounters } from '../../../src/kernel/iptables/equal.ts'
import type { Chain, Family, Match, Rule, Ruleset, TableName, Target } from '../../../src/kernel/ruleset.ts'
import { builtinHook } from '../../../src/engine/ruleset/hooks.ts'
import { HOOKS } from '../../arbitraries/place.ts'
import { arbitraryRuleset } from '../../arbitraries/ruleset.ts'
import { arbitraryWalkPacket, isCorrectWalkPacket } from '../../arbitraries/walk-packet.ts'
import { arbitraryNetwork, arbitraryPort, maybeNot, optional } from '../../arbitraries/values.ts'
import { XtablesTwin } from '../../reference/xtables/walk.ts'
import { WalkBench, type WalkPacket } from '../../support/netfilter/bench.ts'

const SEED = 20261122
/** More with PODWIRE_RUNS, for a campaign. */
const RUNS = Number(process.env.PODWIRE_RUNS ?? 60)

/** What the bench has no world for: routes, sets, bindings, answers. */
const ELSEWHERE: ReadonlySet<Match['kind']> = new Set(['set', 'addrtype', 'rpfilter'])

function here(target: Target | null): Target | null {
  if (target === null) return null
  if (['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'SET', 'CT'].includes(target.kind)) return null
  if (target.kind === 'REJECT') return { kind: 'DROP' }
  return target.kind === 'TCPMSS' && target.mss === 'clamp-mss-to-pmtu' ? { ...target, mss: 1300 } : target
}

function rule(given: Rule): Rule {
  const matches = given.matches
    .filter(({ kind }) => !ELSEWHERE.has(kind))
    .map((match): Match => {
      if (match.kind !== 'statistic' || match.mode.value.kind !== 'random') return match
      return { ...match, mode: { ...match.mode, value: { kind: 'random', probability: 0x40000000 } } }
    })
  return { ...given, matches, target: here(given.target) }
}

function rulesets(family: Family): fc.Arbitrary<Ruleset> {
  return arbitraryRuleset(family).map(({ tables }) => ({
    family,
    tables: new Map(
      [...tables].map(([name, table]) => [
        name,
        {
          name,
          chains: new Map(
            [...table.chains].map(([key, chain]) => [key, { ...chain, rules: chain.rules.map(rule) }]),
          ),
        },
      ]),
    ),
  }))
}

/** Chains long enough for many quick blocks, of rules like those of services, some with a match that counts first. */
function longChains(family: Family): fc.Arbitrary<Ruleset> {
  const impure = fc.constantFrom<Match[]>(
    [],
    [],
    [],
    [{ kind: 'comment', comment: 'x' }],
    [{ kind: 'statistic', mode: { value: { kind: 'nth', every: 2, packet: 0 } } }],
    [{ kind: 'limit', avg: 10_000, burst: 2 }],
    [{ kind: 'state', state: { value: ['ESTABLISHED'] } }],
  )
  const service = fc
    .tuple(
      optional(1, maybeNot(arbitraryNetwork(family), 6)),
      fc.constantFrom('tcp' as const, 'udp' as const),
      fc.constantFrom('own', 'own', 'multiport', 'none'),
      maybeNot(arbitraryPort, 6),
      impure,
      fc.constantFrom<Target | null>(
        null,
        null,
        { kind: 'jump', chain: 'f1' },
        { kind: 'MARK', value: 1, mask: 1 },
      ),
    )
    .map(([destination, protocol, how, port, first, target]): Rule => {
      const range = { from: port.value, to: port.value }
      const own: Match = {
        kind: protocol,
        destinationPort: port.not ? { value: range, not: true } : { value: range },
      }
      const several: Match = { kind: 'multiport', direction: 'destination', ports: [range] }
      const last = how === 'own' ? [own] : how === 'multiport' ? [several] : []
      return {
        header: { ...(destination && { destination }), protocol: { value: protocol } },
        matches: [...first, ...last],
        target,
      }
    })
  return fc
    .tuple(fc.array(service, { maxLength: 70 }), fc.array(service, { maxLength: 9 }))
    .map(([long, short]) => {
      const chain = (name: string, policy: 'ACCEPT' | null, rules: readonly Rule[]): [string, Chain] => [
        name,
        { name, policy, counters: { packets: 0, bytes: 0 }, rules },
      ]
      const chains = new Map([
        ...['INPUT', 'FORWARD', 'OUTPUT'].map((name) =>
          chain(
            name,
            'ACCEPT',
            long.map((one) => ({ ...one })),
          ),
        ),
        chain(
          'f1',
          null,
          short.map((one) => ({ ...one, target: null })),
        ),
      ])
      return { family, tables: new Map([['filter' as const, { name: 'filter' as const, chains }]]) }
    })
}

function counted(ruleset: Ruleset): (Rule | Chain)[] {
  return [...ruleset.tables.values()].flatMap(({ chains }) =>
    [...chains.values()].flatMap((chain) => [chain, ...chain.rules]),
  )
}

describe.each(['ipv4', 'ipv6'] as const)('the walk over random %s rulesets', (family) => {
  const packets = (tables: readonly TableName[]): fc.Arbitrary<Step[]> =>
    fc.array(
      fc.record({
        packet: arbitraryWalkPacket(family),
        table: fc.constantFrom(...tables),
        hook: fc.nat({ max: 4 }),
        wait: fc.constantFrom(0, 0, 4, 100, 1000, 61_000),
      }),
      { minLength: 1, maxLength: 12 },
    )
  const seeds = fc.integer({ min: 0, max: 0xffffffff })

  it('decides, changes and counts as its twin does, with the quick filter and without', () => {
    const steps = packets(['raw', 'mangle', 'filter', 'security'])
    fc.assert(fc.property(rulesets(family), steps, seeds, compare), { seed: SEED, numRuns: RUNS })
  })

  it('does so over chains of many quick blocks', () => {
    fc.assert(fc.property(longChains(family), packets(['filter']), seeds, compare), {
      seed: SEED,
      numRuns: RUNS,
    })
  })
})

interface Step {
  readonly packet: WalkPacket
  readonly table: TableName
  readonly hook: number
  readonly wait: number
}

/** The same packets through the twin, the engine, and the engine without its quick filter. */
function compare(ruleset: Ruleset, steps: readonly Step[], seed: number): void {
  const { family } = ruleset
  const twin = new XtablesTwin(ruleset, seed)
  const benches = [new WalkBench(), new WalkBench()]
  let now = benches[0]!.now
  twin.loadedAt(now)
  for (const bench of benches) {
    bench.exports.random_seed(seed)
    bench.load(ruleset)
  }
  for (const { packet, table, hook, wait } of steps) {
    if (!isCorrectWalkPacket(packet)) continue
    now += wait
    twin.advanceTo(now)
    const base = HOOKS[table][hook % HOOKS[table].length]!
    const { verdict, packet: after } = twin.walk(table, base, packet)
    if (verdict === NF_UNKNOWN) throw new Error('the twin does not know a match')
    benches.forEach((bench, plain) => {
      bench.advanceTo(now)
      const actual = bench.walk(family, table, builtinHook(table, base)!, packet, plain === 1)
      expect({ ...actual, flags: undefined, bytes: Buffer.from(actual.bytes).toString('hex') }).toEqual({
        verdict,
        mark: after.mark,
        ctmark: after.ctmark,
        ctinfo: after.ctinfo,
        bytes: Buffer.from(after.bytes).toString('hex'),
      })
    })
  }
  const models = counted(ruleset)
  for (const bench of benches)
    counted(bench.live(family)).forEach((live, i) => {
      const model = models[i]!
      if (!sameCounters(live.counters, twin.counters.get(model)))
        expect({ at: i, counters: live.counters }).toEqual({ at: i, counters: twin.counters.get(model) })
    })
}
