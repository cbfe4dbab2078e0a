/**
 * The iptables tools on a ruleset held in memory. Made for many small batches on a large ruleset: a batch costs what it
 * writes, not what there is (`applyRestore` copies each table it touches). A chain that a batch writes is a new object,
 * all others stay the same; rules stay the same objects wherever the batch brings the same objects again.
 */
import { sameRule } from '../../kernel/iptables/equal.ts'
import { emptyTable } from '../../kernel/iptables/tables.ts'
import { Problem } from '../../kernel/problem.ts'
import type { RestoreBatch, RestoreTable } from '../../kernel/restore.ts'
import { ZERO_COUNTERS } from '../../kernel/ruleset.ts'
import type { Chain, Family, Rule, Ruleset, Table, TableName } from '../../kernel/ruleset.ts'
import type { Iptables } from '../node.ts'

export interface RulesetIptablesOptions {
  readonly hasRandomFully?: boolean
  /**
   * Puts the whole ruleset into a kernel that finds by itself what has changed (by the identity of tables, chains and
   * rules). May throw, and then what was there before stands, here too.
   */
  readonly load?: (ruleset: Ruleset) => void
}

type Chains = Map<string, Chain>

/** Chains of a table to be written, and to be deleted. */
interface Draft {
  readonly name: TableName
  readonly written: Chains
  readonly deleted: Set<string>
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
   * What the tables hold now. It, and a table in it, is another object after a change, but its maps are live: they change
   * with the next call, the chains in them do not.
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
    chains.set(chain, userChain(chain, []))
    this.#changed(table, [chain])
    return true
  }

  ensureRule(table: TableName, chain: string, rule: Rule): boolean {
    const before = this.#chains(table).get(chain)
    if (before === undefined) throw noChain(chain)
    if (before.rules.some((each) => sameRule(each, rule))) return false
    this.#chains(table).set(chain, { ...before, rules: [rule, ...before.rules] })
    this.#changed(table, [chain])
    return true
  }

  /** `-D`: takes the first equal rule out. False when there is none. */
  deleteRule(table: TableName, chain: string, rule: Rule): boolean {
    const before = this.#tables.get(table)?.chains.get(chain)
    const at = before?.rules.findIndex((each) => sameRule(each, rule)) ?? -1
    if (before === undefined || at < 0) return false
    this.#chains(table).set(chain, { ...before, rules: before.rules.toSpliced(at, 1) })
    this.#changed(table, [chain])
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
      for (const draft of undo) this.#apply(draft)
      throw error
    }
  }

  /** Returns what would bring back the state before. */
  #apply({ name, written, deleted }: Draft): Draft {
    const chains = this.#chains(name)
    const before: Draft = { name, written: new Map(), deleted: new Set() }
    for (const chain of [...deleted, ...written.keys()]) {
      const old = chains.get(chain)
      if (old === undefined) before.deleted.add(chain)
      else before.written.set(chain, old)
    }
    for (const chain of deleted) chains.delete(chain)
    for (const chain of written.values()) chains.set(chain.name, chain)
    this.#changed(name, [...deleted, ...written.keys()])
    return before
  }

  #draft({ name, chains: declared, commands }: RestoreTable): Draft {
    const chains = this.#chains(name)
    const written = new Map<string, Chain & { readonly rules: Rule[] }>()
    const deleted = new Set<string>()
    for (const chain of declared) written.set(chain.name, userChain(chain.name, []))
    const exists = (chain: string): boolean =>
      written.has(chain) || (chains.has(chain) && !deleted.has(chain))
    for (const command of commands)
      if (command.kind === 'append') {
        const chain = written.get(command.chain)
        if (chain === undefined) throw noChain(command.chain)
        const { target } = command.rule
        if (target?.kind === 'jump' && !exists(target.chain))
          throw new Problem(`Couldn't load target \`${target.chain}'`, { field: target.chain })
        chain.rules.push(command.rule)
      } else if (command.kind === 'delete-chain' && command.chain !== undefined) {
        if (written.get(command.chain)?.rules.length !== 0)
          throw new Problem('Directory not empty.', { field: command.chain })
        written.delete(command.chain)
        deleted.add(command.chain)
      } else throw new Problem(`a batch of a proxier has no command ${command.kind}`)
    return { name, written, deleted }
  }

  #chains(name: TableName): Chains {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = emptyTable(name)))
    return table.chains as Chains
  }

  #changed(name: TableName, changed: Iterable<string>): void {
    const chains = this.#chains(name)
    let delta = this.#touched.get(name)
    if (delta === undefined)
      this.#touched.set(name, (delta = { since: this.#tables.get(name)!, chains: new Set() }))
    for (const chain of changed) delta.chains.add(chain)
    this.#tables.set(name, { name, chains, delta })
    this.#ruleset = { family: this.family, tables: this.#tables }
  }
}

function userChain(name: string, rules: Rule[]): Chain & { readonly rules: Rule[] } {
  return { name, policy: null, counters: ZERO_COUNTERS, rules }
}

function noChain(chain: string): Problem {
  return new Problem('No chain/target/match by that name.', { field: chain })
}
