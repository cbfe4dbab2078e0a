/** A table in the engine: its record, the directory of its chains, and what the loader remembers of each chain. */
import { FIRST_USER_CHAIN, TABLE_SIZE } from '../../abi/rule.ts'
import type { Table, TableName } from '../../kernel/ruleset.ts'
import type { ChainNode } from './chain-node.ts'
import type { ChainFacts } from './facts.ts'
import type { RulesetHost } from './host.ts'
import type { NetnsObjects } from './objects.ts'

export class LoadedTable {
  readonly name: TableName
  readonly chains = new Map<string, ChainNode>()
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
  readonly stateful = new Set<ChainNode>()

  constructor(name: TableName) {
    this.name = name
  }

  nameOf(id: number): string | undefined {
    for (const node of this.chains.values()) if (node.id === id) return node.name
    return undefined
  }

  /** Gives back all memory and all uses of named objects. */
  destroy(host: RulesetHost, objects: NetnsObjects, netns: number): void {
    for (const { live } of this.chains.values()) {
      countUses(host, objects, netns, live!.facts, -1)
      host.free(live!.ptr, live!.size)
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
  for (const name of facts.fills) host.setFill(netns, name, change)
}
