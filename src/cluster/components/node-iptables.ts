/**
 * A node's kernel as its kube-proxy sees it: iptables, sysctls, conntrack. Rulesets are kept as models and shared
 * chain by chain, so that a sync that touches one service loads one service's chains. Nothing is loaded twice: a
 * ruleset goes into the engine when a batch is done, or before the next packet.
 */
import { applyIptables, applyRestore, sameRule } from '../../kernel/iptables/index.ts'
import type { RestoreBatch } from '../../kernel/restore.ts'
import type { Family, Rule, Ruleset, TableName } from '../../kernel/ruleset.ts'
import type { Iptables } from '../../proxy/node.ts'

export class NodeIptables implements Iptables {
  readonly family: Family
  readonly hasRandomFully = true
  readonly #load: (ruleset: Ruleset) => void
  #ruleset: Ruleset
  #loaded: Ruleset

  /** `load` puts a whole ruleset into the node's kernel; it may throw, and then the one before stands. */
  constructor(family: Family, load: (ruleset: Ruleset) => void) {
    this.family = family
    this.#load = load
    this.#ruleset = { family, tables: new Map() }
    this.#loaded = this.#ruleset
  }

  get ruleset(): Ruleset {
    return this.#ruleset
  }

  /** Loads what only `ensure…` has changed since the last batch. */
  flush(): void {
    if (this.#loaded === this.#ruleset) return
    try {
      this.#load(this.#ruleset)
    } catch (error) {
      this.#ruleset = this.#loaded
      throw error
    }
    this.#loaded = this.#ruleset
  }

  ensureChain(table: TableName, chain: string): boolean {
    if (this.chainExists(table, chain)) return false
    this.#ruleset = applyIptables(this.#ruleset, table, [{ kind: 'new-chain', chain }])
    return true
  }

  ensureRule(table: TableName, chain: string, rule: Rule): boolean {
    const rules = this.#ruleset.tables.get(table)?.chains.get(chain)?.rules ?? []
    if (rules.some((present) => sameRule(present, rule))) return false
    this.#ruleset = applyIptables(this.#ruleset, table, [{ kind: 'insert', chain, number: 1, rule }])
    return true
  }

  chainExists(table: TableName, chain: string): boolean {
    return this.#ruleset.tables.get(table)?.chains.has(chain) === true
  }

  chainCount(table: TableName): number {
    return this.#ruleset.tables.get(table)?.chains.size ?? 0
  }

  chainNames(table: TableName): Iterable<string> {
    return this.#ruleset.tables.get(table)?.chains.keys() ?? []
  }

  restore(batch: RestoreBatch): void {
    this.#ruleset = applyRestore(this.#ruleset, batch)
    this.flush()
  }
}
