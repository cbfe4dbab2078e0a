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

/** Told after each change; `deleted` names chains that are gone. */
export interface TableChange {
  readonly table: TableName
  readonly written: readonly Chain[]
  readonly deleted: readonly string[]
}

export interface RulesetIptablesOptions {
  readonly hasRandomFully?: boolean
  readonly onChange?: (changes: readonly TableChange[]) => void
}

type Chains = Map<string, Chain>

export class RulesetIptables implements Iptables {
  readonly family: Family
  readonly hasRandomFully: boolean
  readonly #onChange: ((changes: readonly TableChange[]) => void) | undefined
  readonly #tables = new Map<TableName, Chains>()

  /** Starts with the tables of `ruleset`, which is not changed. */
  constructor(ruleset: Ruleset, { hasRandomFully = true, onChange }: RulesetIptablesOptions = {}) {
    this.family = ruleset.family
    this.hasRandomFully = hasRandomFully
    this.#onChange = onChange
    for (const { name, chains } of ruleset.tables.values()) this.#tables.set(name, new Map(chains))
  }

  /** What the tables hold now. A live view: the maps change with the next call, the chains in them do not. */
  get ruleset(): Ruleset {
    const tables = new Map<TableName, Table>()
    for (const [name, chains] of this.#tables) tables.set(name, { name, chains })
    return { family: this.family, tables }
  }

  ensureChain(table: TableName, chain: string): boolean {
    const chains = this.#chains(table)
    if (chains.has(chain)) return false
    const created = userChain(chain, [])
    chains.set(chain, created)
    this.#onChange?.([{ table, written: [created], deleted: [] }])
    return true
  }

  ensureRule(table: TableName, chain: string, rule: Rule): boolean {
    const before = this.#chains(table).get(chain)
    if (before === undefined) throw noChain(chain)
    if (before.rules.some((each) => sameRule(each, rule))) return false
    const after = { ...before, rules: [rule, ...before.rules] }
    this.#chains(table).set(chain, after)
    this.#onChange?.([{ table, written: [after], deleted: [] }])
    return true
  }

  chainExists(table: TableName, chain: string): boolean {
    return this.#tables.get(table)?.has(chain) ?? false
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
    for (const { name, written, deleted } of drafts) {
      const chains = this.#chains(name)
      for (const chain of deleted) chains.delete(chain)
      for (const chain of written.values()) chains.set(chain.name, chain)
    }
    this.#onChange?.(
      drafts.map(({ name, written, deleted }) => ({
        table: name,
        written: [...written.values()],
        deleted: [...deleted],
      })),
    )
  }

  #draft({ name, chains: declared, commands }: RestoreTable) {
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

  #chains(table: TableName): Chains {
    let chains = this.#tables.get(table)
    if (chains === undefined) this.#tables.set(table, (chains = new Map(emptyTable(table).chains)))
    return chains
  }
}

function userChain(name: string, rules: Rule[]): Chain & { readonly rules: Rule[] } {
  return { name, policy: null, counters: ZERO_COUNTERS, rules }
}

function noChain(chain: string): Problem {
  return new Problem('No chain/target/match by that name.', { field: chain })
}
