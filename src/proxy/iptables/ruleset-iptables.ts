/**
 * The iptables tools on a ruleset held in memory. Made for many small batches on a large ruleset: a batch costs what it
 * writes, not what there is (`applyRestore` copies each table it touches). A chain that a batch writes is a new object,
 * all others stay the same; rules stay the same objects wherever the batch brings the same objects again.
 */
import { sameRule } from '../../kernel/iptables/equal.ts'
import { emptyTable } from '../../kernel/iptables/tables.ts'
import { Problem } from '../../kernel/problem.ts'
import type { ChainCommand, RestoreBatch, RestoreTable } from '../../kernel/restore.ts'
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
  readonly written: ReadonlyMap<string, Chain>
  readonly deleted: ReadonlySet<string>
}

/** A chain while its rules come in. */
interface DraftChain extends Chain {
  rules: Rule[]
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
    chains.set(chain, userChain(chain, NO_RULES))
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
    const before = drafts.map((draft) => this.#apply(draft))
    try {
      this.flush()
    } catch (error) {
      for (const [i, draft] of drafts.entries()) this.#undo(draft, before[i]!)
      throw error
    }
  }

  /** Returns the chains that were replaced or deleted. */
  #apply({ name, written, deleted }: Draft): Chains {
    const chains = this.#chains(name)
    const before: Chains = new Map()
    for (const chain of deleted) {
      const old = chains.get(chain)
      if (old !== undefined) before.set(chain, old)
      chains.delete(chain)
    }
    for (const [key, chain] of written) {
      const old = chains.get(key)
      if (old !== undefined) before.set(key, old)
      chains.set(key, chain)
    }
    this.#changed(name, deleted, written.keys())
    return before
  }

  #undo({ name, written, deleted }: Draft, before: Chains): void {
    const chains = this.#chains(name)
    for (const key of written.keys()) if (!before.has(key)) chains.delete(key)
    for (const [key, chain] of before) chains.set(key, chain)
    this.#changed(name, deleted, written.keys())
  }

  #draft({ name, chains: declared, commands }: RestoreTable): Draft {
    const chains = this.#chains(name)
    const written = new Map<string, DraftChain>()
    const deleted = new Set<string>()
    for (const chain of declared) written.set(chain.name, userChain(chain.name, NO_RULES))
    const exists = (chain: string): boolean =>
      written.has(chain) || (chains.has(chain) && !deleted.has(chain))
    // The last target that was found: of many rules in a row, all that jump at all jump to the same chain.
    let known: string | undefined
    for (let i = 0; i < commands.length;) {
      const command = commands[i]!
      if (command.kind === 'append') {
        const chain = written.get(command.chain)
        if (chain === undefined) throw noChain(command.chain)
        const end = runOf(commands, i)
        for (let k = i; k < end; k++) {
          const { target } = (commands[k] as Append).rule
          if (target?.kind !== 'jump' || target.chain === known) continue
          if (!exists(target.chain))
            throw new Problem(`Couldn't load target \`${target.chain}'`, { field: target.chain })
          known = target.chain
        }
        appendRun(chain, commands, i, end)
        i = end
      } else if (command.kind === 'delete-chain' && command.chain !== undefined) {
        if (written.get(command.chain)?.rules.length !== 0)
          throw new Problem('Directory not empty.', { field: command.chain })
        written.delete(command.chain)
        deleted.add(command.chain)
        known = undefined
        i++
      } else throw new Problem(`a batch of a proxier has no command ${command.kind}`)
    }
    return { name, written, deleted }
  }

  #chains(name: TableName): Chains {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = emptyTable(name)))
    return table.chains as Chains
  }

  #changed(name: TableName, ...changed: readonly Iterable<string>[]): void {
    const chains = this.#chains(name)
    // Before anything was loaded there is nothing to tell a difference to.
    let delta = this.#touched.get(name)
    if (delta === undefined && this.#loaded !== undefined)
      this.#touched.set(name, (delta = { since: this.#tables.get(name)!, chains: new Set() }))
    for (const names of changed) for (const chain of names) delta?.chains.add(chain)
    this.#tables.set(name, { name, chains, ...(delta && { delta }) })
    this.#ruleset = { family: this.family, tables: this.#tables }
  }
}

type Append = ChainCommand & { readonly kind: 'append' }

const NO_RULES: Rule[] = []

/** Where the appends to one chain that begin at `from` end. */
function runOf(commands: readonly ChainCommand[], from: number): number {
  const { chain } = commands[from] as Append
  let end = from + 1
  for (; end < commands.length; end++) {
    const command = commands[end]!
    if (command.kind !== 'append' || command.chain !== chain) break
  }
  return end
}

/** A chain's first rules go into an array of just that size: most chains get no more, and there are many. */
function appendRun(chain: DraftChain, commands: readonly ChainCommand[], from: number, to: number): void {
  const start = chain.rules.length
  if (start === 0) chain.rules = new Array<Rule>(to - from)
  for (let i = from; i < to; i++) {
    const { rule } = commands[i] as Append
    if (start === 0) chain.rules[i - from] = rule
    else chain.rules.push(rule)
  }
}

function userChain(name: string, rules: Rule[]): DraftChain {
  return { name, policy: null, counters: ZERO_COUNTERS, rules }
}

function noChain(chain: string): Problem {
  return new Problem('No chain/target/match by that name.', { field: chain })
}
