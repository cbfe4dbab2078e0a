/**
 * The iptables tools on a ruleset held in memory. Made for many small batches on a large ruleset: a batch costs what it
 * writes, not what there is (`applyRestore` copies each table it touches). A chain that a batch writes is a new object,
 * all others stay the same; rules stay the same objects wherever the batch brings the same objects again.
 */
import { sameRule } from '../../kernel/iptables/equal.ts'
import { emptyTable } from '../../kernel/iptables/tables.ts'
import { Problem } from '../../kernel/problem.ts'
import type { RestoreBatch, RestoreTable } from '../../kernel/restore.ts'
import type { Family, Rule, Ruleset, Table, TableName } from '../../kernel/ruleset.ts'
import type { Iptables } from '../node.ts'
import { emptyChain, noChain, TableDraft } from './table-draft.ts'
import type { Chains, Draft } from './table-draft.ts'

export interface RulesetIptablesOptions {
  readonly hasRandomFully?: boolean
  /**
   * Puts the whole ruleset into a kernel that finds by itself what has changed (by the identity of tables, chains and
   * rules). May throw, and then what was there before stands, here too.
   */
  readonly load?: (ruleset: Ruleset) => void
}

export class RulesetIptables implements Iptables {
  readonly family: Family
  readonly hasRandomFully: boolean
  readonly #load: ((ruleset: Ruleset) => void) | undefined
  readonly #tables = new Map<TableName, Table>()
  #ruleset: Ruleset
  #loaded: Ruleset | undefined
  /** By table: how it was when last loaded, and the chains that have changed since. */
  readonly #touched = new Map<TableName, { readonly since: Table; readonly chains: Set<string> }>()

  /** Starts with the tables of `ruleset`, which is not changed. */
  constructor(ruleset: Ruleset, { hasRandomFully = true, load }: RulesetIptablesOptions = {}) {
    this.family = ruleset.family
    this.hasRandomFully = hasRandomFully
    this.#load = load
    for (const { name, chains } of ruleset.tables.values())
      this.#tables.set(name, { name, chains: new Map(chains) })
    this.#ruleset = { family: this.family, tables: this.#tables }
  }

  /**
   * What the tables hold now. It, and a table in it, is another object after a change, but its maps may be live: they may
   * change with the next call, the chains in them do not.
   */
  get ruleset(): Ruleset {
    return this.#ruleset
  }

  /** Loads what only `ensure…` has changed since the last batch. */
  flush(): void {
    if (this.#loaded === this.#ruleset) return
    this.#load?.(this.#ruleset)
    this.#loaded = this.#ruleset
    this.#touched.clear()
  }

  ensureChain(table: TableName, chain: string): boolean {
    const chains = this.#chains(table)
    if (chains.has(chain)) return false
    chains.set(chain, emptyChain(chain))
    this.#changed(table, chains, [[chain]])
    return true
  }

  ensureRule(table: TableName, chain: string, rule: Rule): boolean {
    const before = this.#chains(table).get(chain)
    if (before === undefined) throw noChain(chain)
    if (before.rules.some((each) => sameRule(each, rule))) return false
    const chains = this.#chains(table).set(chain, { ...before, rules: [rule, ...before.rules] })
    this.#changed(table, chains, [[chain]])
    return true
  }

  /** `-D`: takes the first equal rule out. False when there is none. */
  deleteRule(table: TableName, chain: string, rule: Rule): boolean {
    const before = this.#tables.get(table)?.chains.get(chain)
    const at = before?.rules.findIndex((each) => sameRule(each, rule)) ?? -1
    if (before === undefined || at < 0) return false
    const chains = this.#chains(table).set(chain, { ...before, rules: before.rules.toSpliced(at, 1) })
    this.#changed(table, chains, [[chain]])
    return true
  }

  chainExists(table: TableName, chain: string): boolean {
    return this.#tables.get(table)?.chains.has(chain) ?? false
  }

  chainCount(table: TableName): number {
    return this.#chains(table).size
  }

  chainNames(table: TableName): Iterable<string> {
    return this.#chains(table).keys()
  }

  /** All tables or none: a rule in, or a jump to, a chain that is not there is a `Problem`. */
  restore(batch: RestoreBatch): void {
    const drafts = batch.tables.map((table) => this.#draft(table))
    const undo = drafts.map((draft) => this.#apply(draft))
    try {
      this.flush()
    } catch (error) {
      for (const back of undo) back()
      throw error
    }
  }

  /** Returns how to take it back. */
  #apply({ name, written, deleted }: Draft): () => void {
    const chains = this.#chains(name)
    // A first batch brings most of what there will be: then the few others join it.
    if (written.size > chains.size) {
      const joined: Chains = written
      for (const [key, chain] of chains) if (!joined.has(key) && !deleted.has(key)) joined.set(key, chain)
      this.#changed(name, joined, [deleted, written.keys()])
      return () => this.#changed(name, chains, [deleted, written.keys()])
    }
    const before: Chains = new Map()
    for (const keys of [deleted, written.keys()])
      for (const key of keys) {
        const old = chains.get(key)
        if (old !== undefined) before.set(key, old)
      }
    for (const key of deleted) chains.delete(key)
    for (const [key, chain] of written) chains.set(key, chain)
    this.#changed(name, chains, [deleted, written.keys()])
    return () => {
      for (const key of written.keys()) if (!before.has(key)) chains.delete(key)
      for (const [key, chain] of before) chains.set(key, chain)
      this.#changed(name, chains, [deleted, written.keys()])
    }
  }

  #draft({ name, chains: declared, commands }: RestoreTable): Draft {
    const draft = new TableDraft(name, this.#chains(name), declared)
    for (let i = 0; i < commands.length;) {
      const command = commands[i]!
      if (command.kind === 'append') i = draft.append(commands, i)
      else if (command.kind === 'delete-chain' && command.chain !== undefined) {
        draft.delete(command.chain)
        i++
      } else throw new Problem(`a batch of a proxier has no command ${command.kind}`)
    }
    return draft
  }

  #chains(name: TableName): Chains {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = emptyTable(name)))
    return table.chains as Chains
  }

  #changed(name: TableName, chains: Chains, changed: readonly Iterable<string>[]): void {
    // Before anything was loaded there is nothing to tell a difference to.
    let delta = this.#touched.get(name)
    if (delta === undefined && this.#loaded !== undefined)
      this.#touched.set(name, (delta = { since: this.#tables.get(name)!, chains: new Set() }))
    if (delta) for (const names of changed) for (const chain of names) delta.chains.add(chain)
    this.#tables.set(name, { name, chains, ...(delta && { delta }) })
    this.#ruleset = { family: this.family, tables: this.#tables }
  }
}
