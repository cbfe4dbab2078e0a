import * as fc from 'fast-check'
import {
  ZERO_COUNTERS,
  type Chain,
  type Family,
  type Ruleset,
  type Table,
  type TableName,
} from '../../src/kernel/ruleset.ts'
import { HOOKS, type Hook, type Place } from './place.ts'
import { arbitraryRule, isCorrectRule } from './rule.ts'

const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security']

/** User chains by table. A chain jumps only to later ones, so there is no loop; nat's differ by the hooks they serve. */
const USER_CHAINS: Readonly<Record<TableName, readonly { name: string; hooks: readonly Hook[] }[]>> = {
  raw: [{ name: 'r1', hooks: HOOKS.raw }],
  mangle: [
    { name: 'm1', hooks: HOOKS.mangle },
    { name: 'm2', hooks: HOOKS.mangle },
  ],
  nat: [
    { name: 'd1', hooks: ['PREROUTING', 'OUTPUT'] },
    { name: 'd2', hooks: ['PREROUTING', 'OUTPUT'] },
    { name: 's1', hooks: ['POSTROUTING'] },
    { name: 's2', hooks: ['POSTROUTING', 'INPUT'] },
  ],
  filter: [
    { name: 'f1', hooks: HOOKS.filter },
    { name: 'f2', hooks: HOOKS.filter },
    { name: 'f3', hooks: HOOKS.filter },
  ],
  security: [{ name: 'c1', hooks: HOOKS.security }],
}

/** All five tables, so that the hooks are the same whatever the rules. */
export function arbitraryRuleset(family: Family): fc.Arbitrary<Ruleset> {
  return fc
    .tuple(...TABLES.map((name) => arbitraryTable(family, name)))
    .map((tables) => ({ family, tables: new Map(tables.map((table) => [table.name, table])) }))
}

function arbitraryTable(family: Family, name: TableName): fc.Arbitrary<Table> {
  const user = USER_CHAINS[name]
  const serves = (hooks: readonly Hook[], index = -1): string[] =>
    user
      .filter((chain, at) => at > index && hooks.every((hook) => chain.hooks.includes(hook)))
      .map((chain) => chain.name)
  const builtIn = HOOKS[name].map((hook) =>
    arbitraryChain(family, hook, { table: name, hooks: [hook], jumps: serves([hook]), user: false }),
  )
  const others = user.map((chain, index) =>
    arbitraryChain(family, chain.name, {
      table: name,
      hooks: chain.hooks,
      jumps: serves(chain.hooks, index),
      user: true,
    }),
  )
  return fc
    .tuple(...builtIn, ...others)
    .map((chains) => ({ name, chains: new Map(chains.map((chain) => [chain.name, chain])) }))
}

function arbitraryChain(family: Family, name: string, place: Place): fc.Arbitrary<Chain> {
  const dropping = !place.user && place.table !== 'nat'
  return fc.record({
    name: fc.constant(name),
    policy: place.user
      ? fc.constant(null)
      : fc.oneof(
          { weight: 30, arbitrary: fc.constant('ACCEPT' as const) },
          { weight: dropping ? 1 : 0, arbitrary: fc.constant('DROP' as const) },
        ),
    counters: fc.constant(ZERO_COUNTERS),
    rules: fc.array(arbitraryRule(family, place), { maxLength: place.table === 'security' ? 1 : 4 }),
  })
}

export function isCorrectRuleset({ tables }: Ruleset): boolean {
  return [...tables.values()].every(({ chains }) =>
    [...chains.values()].every(({ rules }) => rules.every(isCorrectRule)),
  )
}
