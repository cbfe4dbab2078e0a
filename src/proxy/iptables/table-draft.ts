/**
 * What a batch makes of one table, before it is done: chains to be written with their rules, and chains to be deleted.
 * Chains of a large table are many, and most have two rules; a look-up among them costs more than the rest, so what is
 * wanted is first looked for where a proxier's batch has it: chains come in the order in which they were declared, and
 * right behind those that jump to them.
 */
import { Problem } from '../../kernel/problem.ts'
import type { ChainCommand, RestoreChain } from '../../kernel/restore.ts'
import { ZERO_COUNTERS } from '../../kernel/ruleset.ts'
import type { Chain, Rule, TableName } from '../../kernel/ruleset.ts'

export type Chains = Map<string, Chain>

export interface Draft {
  readonly name: TableName
  readonly written: Chains
  readonly deleted: ReadonlySet<string>
}

/** A chain while its rules come in. */
interface DraftChain extends Chain {
  rules: Rule[]
}

type Append = ChainCommand & { readonly kind: 'append' }

const NO_RULES: Rule[] = []

export class TableDraft implements Draft {
  readonly name: TableName
  readonly written = new Map<string, DraftChain>()
  readonly deleted = new Set<string>()
  readonly #before: ReadonlyMap<string, Chain>
  readonly #run: Rule[] = []
  /** As declared. */
  readonly #order: DraftChain[] = []
  /** Where in the order the last chain is that got rules. */
  #last = -1

  /** `before` is what the table holds. */
  constructor(name: TableName, before: ReadonlyMap<string, Chain>, declared: readonly RestoreChain[]) {
    this.name = name
    this.#before = before
    for (const chain of declared) {
      const fresh = emptyChain(chain.name)
      this.written.set(chain.name, fresh)
      this.#order.push(fresh)
    }
    // A chain declared twice stands for its last declaration only.
    if (this.written.size < this.#order.length) this.#order.length = 0
  }

  /** Takes the appends from `from` on that are to one chain. Returns where they end. */
  append(commands: readonly ChainCommand[], from: number): number {
    const { chain: name } = commands[from] as Append
    const chain = this.#find(name)
    if (chain === undefined) throw noChain(name)
    let end = from + 1
    for (; end < commands.length; end++) {
      const command = commands[end]!
      if (command.kind !== 'append' || command.chain !== name) break
    }
    this.#checkTargets(commands, from, end)
    const run = this.#run
    run.length = 0
    for (let i = from; i < end; i++) run.push((commands[i] as Append).rule)
    // Most chains get no more rules than these: a copy has just the room for them.
    if (chain.rules.length === 0) chain.rules = run.slice()
    else for (const rule of run) chain.rules.push(rule)
    return end
  }

  delete(chain: string): void {
    if (this.written.get(chain)?.rules.length !== 0)
      throw new Problem('Directory not empty.', { field: chain })
    this.written.delete(chain)
    this.deleted.add(chain)
  }

  #find(name: string): DraftChain | undefined {
    const next = this.#guess(name, this.#last + 1)
    if (next === undefined) return this.written.get(name)
    this.#last++
    return next
  }

  #guess(name: string, at: number): DraftChain | undefined {
    const chain = this.#order[at]
    return chain?.name === name && this.deleted.size === 0 ? chain : undefined
  }

  #checkTargets(commands: readonly ChainCommand[], from: number, end: number): void {
    let guess = this.#last + 1
    for (let i = from; i < end; i++) {
      const { target } = (commands[i] as Append).rule
      if (target?.kind !== 'jump') continue
      if (this.#guess(target.chain, guess) !== undefined) guess++
      else if (!this.#exists(target.chain))
        throw new Problem(`Couldn't load target \`${target.chain}'`, { field: target.chain })
    }
  }

  #exists(chain: string): boolean {
    return this.written.has(chain) || (this.#before.has(chain) && !this.deleted.has(chain))
  }
}

export function emptyChain(name: string): DraftChain {
  return { name, policy: null, counters: ZERO_COUNTERS, rules: NO_RULES }
}

export function noChain(chain: string): Problem {
  return new Problem('No chain/target/match by that name.', { field: chain })
}
