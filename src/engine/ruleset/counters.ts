/** Live counters, read back into the model that was loaded. */
import { CHAIN_BYTES, CHAIN_COUNTERS, CHAIN_PACKETS, COUNTER_SIZE } from '../../abi/rule.ts'
import type { Chain, Counters, Rule, Ruleset, Table, TableName } from '../../kernel/ruleset.ts'
import type { LoadedTable } from './table.ts'

/** The ruleset with counters as memory has them. Chains and rules whose counters are the model's keep their identity. */
export function liveRuleset(
  ruleset: Ruleset,
  loaded: ReadonlyMap<TableName, LoadedTable>,
  words: Uint32Array,
): Ruleset {
  const tables = [...ruleset.tables].map(([name, table]): [TableName, Table] => {
    const chains = loaded.get(name)!.chains
    return [
      name,
      {
        name,
        chains: new Map(
          [...table.chains].map(([key, chain]) => [key, live(chain, chains.get(key)!.live!.ptr, words)]),
        ),
      },
    ]
  })
  return { family: ruleset.family, tables: new Map(tables) }
}

function live(chain: Chain, ptr: number, words: Uint32Array): Chain {
  const base = ptr / 4
  const policy = read(words, base + CHAIN_PACKETS / 4, base + CHAIN_BYTES / 4)
  const counters = base + words[base + CHAIN_COUNTERS / 4]! / 4
  let changed = !same(policy, chain.counters)
  const rules = chain.rules.map((rule, i): Rule => {
    const at = counters + (i * COUNTER_SIZE) / 4
    const now = read(words, at, at + 2)
    if (same(now, rule.counters)) return rule
    changed = true
    return { ...rule, counters: now }
  })
  return changed ? { ...chain, counters: policy, rules } : chain
}

function read(words: Uint32Array, packets: number, bytes: number): Counters {
  const number = (at: number): number => words[at]! + words[at + 1]! * 2 ** 32
  return { packets: number(packets), bytes: number(bytes) }
}

function same(a: Counters, b: Counters | undefined): boolean {
  return a.packets === (b?.packets ?? 0) && a.bytes === (b?.bytes ?? 0)
}
