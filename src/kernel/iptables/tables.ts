/** The five tables as the kernel registers them: their built-in chains in hook order, empty and ACCEPT. */
import { ZERO_COUNTERS, type Chain, type Table, type TableName } from '../ruleset.ts'

const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

export const builtInChains = (table: TableName): readonly string[] => BUILT_IN[table]

export const isBuiltIn = (table: TableName, chain: string): boolean => BUILT_IN[table].includes(chain)

export function emptyTable(name: TableName): Table {
  const chains = BUILT_IN[name].map((chain): [string, Chain] => [
    chain,
    { name: chain, policy: 'ACCEPT', counters: ZERO_COUNTERS, rules: [] },
  ])
  return { name, chains: new Map(chains) }
}

/** Chains in the order in which iptables-save prints them: built-in ones by hook, then the others by name. */
export function chainsInOrder({ name, chains }: Table): Chain[] {
  const builtIn = BUILT_IN[name].flatMap((chain) => chains.get(chain) ?? [])
  const others = [...chains.values()].filter((chain) => !BUILT_IN[name].includes(chain.name))
  others.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return [...builtIn, ...others]
}
