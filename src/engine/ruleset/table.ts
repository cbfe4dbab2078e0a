/** A table in the engine: its record, the directory of its chains, and what the loader remembers of each chain. */
import { FIRST_USER_CHAIN, TABLE_SIZE } from '../../abi/rule.ts'
import type { Chain, Table, TableName } from '../../kernel/ruleset.ts'
import type { ChainFacts } from './facts.ts'
import type { Node } from './graph.ts'
import type { RulesetHost } from './host.ts'
import type { NetnsObjects } from './objects.ts'

export interface LoadedChain extends Node {
  readonly chain: Chain
  readonly facts: ChainFacts
  readonly id: number
  ptr: number
  size: number
  /** Chains that jump here. */
  references: number
}

export class LoadedTable {
  readonly name: TableName
  readonly chains = new Map<string, LoadedChain>()
  /** The model that is loaded. */
  model: Table | undefined
  ptr = 0
  directory = 0
  /** Entries the directory has room for. */
  capacity = 0
  /** Ids handed out so far, and those given back. */
  nextId = FIRST_USER_CHAIN
  readonly freeIds: number[] = []
  /** Chains with a rule that needs connection tracking. */
  conntrackChains = 0
  /** Chains with limit or nth matches. */
  readonly stateful = new Set<LoadedChain>()

  constructor(name: TableName) {
    this.name = name
  }

  nameOf(id: number): string | undefined {
    for (const loaded of this.chains.values()) if (loaded.id === id) return loaded.name
    return undefined
  }

  /** Gives back all memory and all uses of named objects. */
  destroy(host: RulesetHost, objects: NetnsObjects, netns: number): void {
    for (const loaded of this.chains.values()) {
      countUses(host, objects, netns, loaded.facts, -1)
      host.free(loaded.ptr, loaded.size)
    }
    host.free(this.directory, this.capacity * 4)
    host.free(this.ptr, TABLE_SIZE)
  }
}

export function countUses(
  host: RulesetHost,
  objects: NetnsObjects,
  netns: number,
  facts: ChainFacts,
  change: 1 | -1,
): void {
  for (const { name } of facts.recent) objects.useRecent(name, change)
  for (const name of facts.sets) host.setUse(netns, name, change)
}
