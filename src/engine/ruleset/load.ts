/**
 * Loads rulesets into the engine: a transaction over all tables of a ruleset. What changed is found by the identity of
 * Table, Chain and Rule objects; everything is checked and all new blocks are written before the first word of the running
 * tables is touched, and a Problem on the way leaves them as they were.
 */
import { CT_ENABLED_IPV4, CT_ENABLED_IPV6, NETNS_CT_ENABLED } from '../../abi/netns.ts'
import { NETNS_TABLES, NETNS_TABLES_FAMILY } from '../../abi/netns.ts'
import { JUMP_SIZE } from '../../abi/rule.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Counters, Family, Rule, Ruleset, TableName } from '../../kernel/ruleset.ts'
import { liveRuleset } from './counters.ts'
import { TABLE_NUMBERS } from './hooks.ts'
import type { RulesetHost } from './host.ts'
import { NetnsObjects } from './objects.ts'
import { LoadedTable } from './table.ts'
import { planTable, type TablePlan } from './plan.ts'
import { Words } from './words.ts'

interface FamilyState {
  ruleset: Ruleset | undefined
  readonly tables: Map<TableName, LoadedTable>
}

class NetnsRules {
  readonly families: Readonly<Record<Family, FamilyState>> = {
    ipv4: { ruleset: undefined, tables: new Map() },
    ipv6: { ruleset: undefined, tables: new Map() },
  }
  readonly objects: NetnsObjects

  constructor(host: RulesetHost) {
    this.objects = new NetnsObjects(host)
  }
}

export class RulesetLoader {
  readonly #host: RulesetHost
  readonly #netns = new Map<number, NetnsRules>()
  readonly #buffer = new Words()
  #jumpStack = { ptr: 0, depth: 0 }

  constructor(host: RulesetHost) {
    this.#host = host
  }

  /** Makes `ruleset` the rules of its family in the namespace at `netns`. Cost: what changed, not what is there. */
  load(netns: number, ruleset: Ruleset): void {
    const rules = this.#rules(netns)
    const state = rules.families[ruleset.family]
    if (state.ruleset === ruleset) return
    const plans: TablePlan[] = []
    try {
      for (const table of ruleset.tables.values()) {
        const plan = planTable({
          host: this.#host,
          objects: rules.objects,
          netns,
          family: ruleset.family,
          table,
          loaded: state.tables.get(table.name),
          buffer: this.#buffer,
        })
        if (plan) plans.push(plan)
      }
      this.#ensureJumpStack(Math.max(0, ...plans.map((plan) => plan.depth)))
    } catch (error) {
      for (const plan of plans) plan.abandon()
      rules.objects.sweep()
      throw error
    }
    for (const plan of plans) state.tables.set(plan.name, plan.commit())
    for (const [name, loaded] of state.tables) {
      if (ruleset.tables.has(name)) continue
      loaded.destroy(this.#host, rules.objects, netns)
      state.tables.delete(name)
    }
    state.ruleset = ruleset
    rules.objects.sweep()
    this.#publish(netns, ruleset.family, state)
  }

  /** The ruleset of a family with its counters as they are now; without tables when none was loaded. */
  live(netns: number, family: Family): Ruleset {
    const state = this.#netns.get(netns)?.families[family]
    if (!state?.ruleset) return { family, tables: new Map() }
    return liveRuleset(state.ruleset, state.tables, this.#host.words())
  }

  /** Chain and rule of an id and an index, as `walk_unknown_chain` gives them. */
  chainName(netns: number, family: Family, table: TableName, id: number): string | undefined {
    return this.#netns.get(netns)?.families[family].tables.get(table)?.nameOf(id)
  }

  /** The rule of a chain's id and an index, as it was loaded. */
  rule(netns: number, family: Family, table: TableName, id: number, index: number): Rule | undefined {
    const chain = this.chainName(netns, family, table, id)
    if (chain === undefined) return undefined
    return this.#netns.get(netns)?.families[family].ruleset?.tables.get(table)?.chains.get(chain)?.rules[
      index
    ]
  }

  nfacctAdd(netns: number, name: string): void {
    this.#rules(netns).objects.nfacctAdd(name)
  }

  nfacctList(netns: number): Map<string, Counters> {
    return this.#rules(netns).objects.nfacctList()
  }

  /** Address of a loaded table, 0 when there is none. */
  tableAddress(netns: number, family: Family, table: TableName): number {
    return this.#netns.get(netns)?.families[family].tables.get(table)?.ptr ?? 0
  }

  /** Frees everything of a namespace that is going away. */
  forget(netns: number): void {
    const rules = this.#netns.get(netns)
    if (!rules) return
    for (const { tables } of Object.values(rules.families))
      for (const loaded of tables.values()) loaded.destroy(this.#host, rules.objects, netns)
    rules.objects.destroy()
    this.#netns.delete(netns)
  }

  #rules(netns: number): NetnsRules {
    let rules = this.#netns.get(netns)
    if (!rules) this.#netns.set(netns, (rules = new NetnsRules(this.#host)))
    return rules
  }

  #ensureJumpStack(depth: number): void {
    if (depth <= this.#jumpStack.depth && this.#jumpStack.ptr !== 0) return
    const room = Math.max(64, depth)
    const ptr = this.#host.alloc(room * JUMP_SIZE)
    if (ptr === 0) throw new Problem('the engine is out of memory')
    if (this.#jumpStack.ptr !== 0) this.#host.free(this.#jumpStack.ptr, this.#jumpStack.depth * JUMP_SIZE)
    this.#jumpStack = { ptr, depth: room }
    this.#host.setJumpStack(ptr)
  }

  /** Writes the namespace's table pointers and whether a rule of the family needs connection tracking. */
  #publish(netns: number, family: Family, state: FamilyState): void {
    const words = this.#host.words()
    const base = (netns + NETNS_TABLES + (family === 'ipv4' ? 0 : NETNS_TABLES_FAMILY)) / 4
    for (const [name, number] of Object.entries(TABLE_NUMBERS))
      words[base + number] = state.tables.get(name as TableName)?.ptr ?? 0
    const bit = family === 'ipv4' ? CT_ENABLED_IPV4 : CT_ENABLED_IPV6
    const tracked = [...state.tables.values()].some((table) => table.conntrackChains > 0)
    const at = (netns + NETNS_CT_ENABLED) / 4
    words[at] = tracked ? words[at]! | bit : words[at]! & ~bit
  }
}
