/**
 * Commands on a Ruleset: what iptables and iptables-restore leave behind (libiptc/libiptc.c). Pure: a new Ruleset
 * comes back that shares every chain no command touched; a Problem leaves everything as it was.
 */
import { placed, Problem } from '../problem.ts'
import type { ChainCommand, RestoreBatch, RestoreChain } from '../restore.ts'
import { ZERO_COUNTERS, type Chain, type Rule, type Ruleset, type Table, type TableName } from '../ruleset.ts'
import { checkChainName } from './verb.ts'
import { sameCounters, sameRule } from './equal.ts'
import { checkPlace } from './placement.ts'
import { changedReferences, inheritReferences, jumpOf, referencesOf, type OpenChain } from './references.ts'
import { builtInChains, emptyTable, isBuiltIn } from './tables.ts'

export interface ApplyOptions {
  /**
   * A dump: tables keep its order, and a target that is no chain is kept, of kind `unknown`, where a command would
   * be refused.
   */
  readonly dump?: boolean
}

/** iptables-restore. All tables or none: a Problem names the line and the token. */
export function applyRestore(ruleset: Ruleset, batch: RestoreBatch, options: ApplyOptions = {}): Ruleset {
  const tables = new Map(ruleset.tables)
  for (const { name, chains, commands } of batch.tables) {
    const draft = new Draft(tables.get(name) ?? emptyTable(name), batch.file, options)
    if (!batch.noflush) draft.empty()
    for (const chain of chains) draft.declare(chain, batch.counters)
    for (const command of commands) draft.run(command, batch.counters)
    if (options.dump) tables.set(name, draft.finish())
    else put(tables, draft.finish())
  }
  return { family: ruleset.family, tables }
}

/** iptables: one command on one table. */
export function applyIptables(
  ruleset: Ruleset,
  table: TableName,
  commands: readonly ChainCommand[],
  file?: string,
): Ruleset {
  const draft = new Draft(ruleset.tables.get(table) ?? emptyTable(table), file, {})
  for (const command of commands) draft.run(command, true)
  const tables = new Map(ruleset.tables)
  put(tables, draft.finish())
  return { family: ruleset.family, tables }
}

/** A table that is new comes first, as in /proc/net/ip_tables_names. */
function put(tables: Map<TableName, Table>, table: Table): void {
  if (tables.has(table.name)) {
    tables.set(table.name, table)
    return
  }
  const others = [...tables]
  tables.clear()
  tables.set(table.name, table)
  for (const [name, other] of others) tables.set(name, other)
}

class Draft {
  readonly #name: TableName
  readonly #file: string | undefined
  readonly #options: ApplyOptions
  readonly #before: Table
  #chains: Map<string, Chain>
  readonly #open = new Map<string, OpenChain>()
  readonly #declared = new Set<string>()
  /** How many more rules jump to each chain than before; counted when first asked, forgotten when rules change. */
  #references: Map<string, number> | undefined
  /** Chains of before that are no more. */
  readonly #gone = new Set<Chain>()
  #jumpsAdded = false

  constructor(table: Table, file: string | undefined, options: ApplyOptions) {
    this.#name = table.name
    this.#before = table
    this.#file = file
    this.#options = options
    this.#chains = new Map(table.chains)
  }

  /** What iptables-restore does to a table before its first line: no rules, no user chains, policies as they are. */
  empty(): void {
    for (const chain of this.#before.chains.values())
      if (!isBuiltIn(this.#name, chain.name)) this.#gone.add(chain)
    this.#chains = new Map(
      builtInChains(this.#name).flatMap((name) => {
        const chain = this.#before.chains.get(name)
        return chain ? [[name, chain]] : []
      }),
    )
    for (const name of this.#chains.keys()) this.#edit(name).rules = []
  }

  declare({ name, policy, counters = ZERO_COUNTERS, line }: RestoreChain, takeCounters: boolean): void {
    this.#at(line, () => {
      const builtIn = isBuiltIn(this.#name, name)
      if (policy !== null && !builtIn)
        throw new Problem(`Can't set policy \`${policy}' on \`${name}': Bad built-in chain name`, {
          field: name,
        })
      if (this.#chains.has(name)) {
        if (!builtIn && this.#declared.has(name))
          throw new Problem(`error creating chain '${name}': File exists`, { field: name })
        const chain = this.#edit(name)
        // A built-in chain keeps its rules, even with -n: only its policy is set.
        if (builtIn && policy !== null) {
          chain.policy = policy
          chain.counters = takeCounters ? counters : ZERO_COUNTERS
        } else if (!builtIn) {
          chain.rules = []
          this.#references = undefined
        }
      } else this.#create(name)
      this.#declared.add(name)
    })
  }

  run(command: ChainCommand, takeCounters: boolean): void {
    this.#at(command.line, () => this.#run(command, takeCounters))
  }

  #run(command: ChainCommand, takeCounters: boolean): void {
    switch (command.kind) {
      case 'append': {
        const chain = this.#edit(command.chain)
        chain.rules.push(this.#newRule(chain, chain.rules.length, command.rule, takeCounters))
        return
      }
      case 'insert': {
        const chain = this.#edit(command.chain)
        const at = command.number - 1
        if (at > chain.rules.length)
          throw new Problem('Index of insertion too big.', { field: String(command.number) })
        chain.rules.splice(at, 0, this.#newRule(chain, at, command.rule, takeCounters))
        return
      }
      case 'replace': {
        const chain = this.#edit(command.chain)
        const at = this.#index(chain, command.number, 'Index of replacement too big.')
        chain.rules[at] = this.#newRule(chain, at, command.rule, takeCounters)
        this.#references = undefined
        return
      }
      case 'delete': {
        const chain = this.#edit(command.chain)
        chain.rules.splice(this.#find(chain, command.rule), 1)
        this.#references = undefined
        return
      }
      case 'delete-number': {
        const chain = this.#edit(command.chain)
        chain.rules.splice(this.#index(chain, command.number, 'Index of deletion too big.'), 1)
        this.#references = undefined
        return
      }
      case 'check':
        this.#find(this.#chain(command.chain), command.rule)
        return
      case 'flush':
        for (const name of this.#named(command.chain)) this.#edit(name).rules = []
        this.#references = undefined
        return
      case 'zero':
        return this.#zero(command.chain, command.number)
      case 'new-chain':
        if (this.#chains.has(command.chain))
          throw new Problem('Chain already exists.', { field: command.chain })
        this.#create(command.chain)
        return
      case 'delete-chain':
        return this.#deleteChains(command.chain)
      case 'rename-chain':
        return this.#rename(command.chain, command.to)
      case 'policy': {
        if (!isBuiltIn(this.#name, command.chain))
          throw new Problem('Bad built-in chain name.', { field: command.chain })
        const chain = this.#edit(command.chain)
        chain.policy = command.policy
        chain.counters = command.counters ?? ZERO_COUNTERS
        return
      }
      case 'declare':
        return this.declare(command.declared, takeCounters)
      default:
        return command satisfies never
    }
  }

  finish(): Table {
    if (this.#jumpsAdded) this.#checkLoops()
    for (const [name, chain] of this.#open) this.#chains.set(name, close(chain))
    const table = { name: this.#name, chains: this.#chains }
    inheritReferences(this.#before, table, () => changedReferences(this.#open.values(), this.#gone))
    return table
  }

  #at<T>(line: number | undefined, action: () => T): T {
    const place = {
      ...(this.#file !== undefined && { file: this.#file }),
      ...(line !== undefined && { line }),
    }
    return placed(place, action)
  }

  #chain(name: string): { readonly rules: readonly Rule[] } {
    const chain = this.#open.get(name) ?? this.#chains.get(name)
    if (!chain) throw new Problem('No chain/target/match by that name.', { field: name })
    return chain
  }

  #edit(name: string): OpenChain {
    const open = this.#open.get(name)
    if (open) return open
    const before = this.#chains.get(name)
    if (!before) throw new Problem('No chain/target/match by that name.', { field: name })
    const chain = { name, policy: before.policy, counters: before.counters, rules: [...before.rules], before }
    this.#open.set(name, chain)
    return chain
  }

  #create(name: string): void {
    checkChainName(name)
    const before = this.#before.chains.get(name)
    this.#chains.set(name, { name, policy: null, counters: ZERO_COUNTERS, rules: [] })
    if (before) this.#gone.delete(before)
    this.#open.set(name, { name, policy: null, counters: ZERO_COUNTERS, rules: [], before })
  }

  #named(name: string | undefined): Iterable<string> {
    return name === undefined ? [...this.#chains.keys()] : [name]
  }

  #index(chain: OpenChain, number: number, message: string): number {
    if (number > chain.rules.length) throw new Problem(message, { field: String(number) })
    return number - 1
  }

  #find({ rules }: { readonly rules: readonly Rule[] }, rule: Rule): number {
    const at = rules.findIndex((candidate) => sameRule(candidate, rule))
    if (at < 0) throw new Problem('Bad rule (does a matching rule exist in that chain?).')
    return at
  }

  /** The rule as it enters the chain: its jump resolved, the old object when an equal one stood at that place. */
  #newRule(chain: OpenChain, at: number, given: Rule, takeCounters: boolean): Rule {
    const rule = this.#resolve(chain.name, takeCounters ? given : withoutCounters(given))
    const old = chain.before?.rules[at]
    return old && sameRule(old, rule) && sameCounters(old.counters, rule.counters) ? old : rule
  }

  #resolve(chain: string, rule: Rule): Rule {
    const target = rule.target
    checkPlace(rule, this.#name, chain)
    if (target?.kind !== 'jump' && target?.kind !== 'goto') return rule
    this.#references = undefined
    if (this.#chains.has(target.chain) && !isBuiltIn(this.#name, target.chain)) {
      this.#jumpsAdded = true
      return rule
    }
    if (
      this.#options.dump &&
      target.kind === 'jump' &&
      /^[A-Z0-9]+$/.test(target.chain) &&
      !isBuiltIn(this.#name, target.chain)
    )
      return { ...rule, target: { kind: 'unknown', name: target.chain, text: '' } }
    throw new Problem(`Couldn't load target \`${target.chain}': No such file or directory`, {
      field: target.chain,
    })
  }

  #zero(name: string | undefined, number: number | undefined): void {
    for (const each of this.#named(name)) {
      const chain = this.#edit(each)
      if (number !== undefined) {
        const at = this.#index(chain, number, 'Index of counter too big.')
        chain.rules[at] = withoutCounters(chain.rules[at]!)
      } else {
        chain.counters = ZERO_COUNTERS
        chain.rules = chain.rules.map(withoutCounters)
      }
    }
  }

  #deleteChains(name: string | undefined): void {
    const names =
      name === undefined ? [...this.#chains.keys()].filter((each) => !isBuiltIn(this.#name, each)) : [name]
    for (const each of names) {
      const chain = this.#chain(each)
      if (isBuiltIn(this.#name, each)) throw new Problem("Can't delete built-in chain", { field: each })
      if (this.#referencesTo(each) > 0) throw new Problem('Too many links.', { field: each })
      if (chain.rules.length > 0) throw new Problem('Directory not empty.', { field: each })
      this.#forget(each)
    }
  }

  #forget(name: string): void {
    const before = this.#before.chains.get(name)
    if (before) this.#gone.add(before)
    this.#chains.delete(name)
    this.#open.delete(name)
  }

  #rename(from: string, to: string): void {
    if (isBuiltIn(this.#name, from)) throw new Problem('Bad built-in chain name.', { field: from })
    this.#chain(from)
    if (this.#chains.has(to)) throw new Problem('File exists.', { field: to })
    const chain = this.#edit(from)
    this.#forget(from)
    this.#create(to)
    this.#edit(to).rules = chain.rules
    for (const name of this.#chains.keys()) {
      if (!this.#chain(name).rules.some((rule) => jumpOf(rule) === from)) continue
      const user = this.#edit(name)
      user.rules = user.rules.map((rule) =>
        rule.target && 'chain' in rule.target && rule.target.chain === from
          ? { ...rule, target: { ...rule.target, chain: to } }
          : rule,
      )
    }
    this.#references = undefined
  }

  /** How many rules jump to a chain as things stand. */
  #referencesTo(name: string): number {
    this.#references ??= changedReferences(this.#open.values(), this.#gone)
    return (this.#base().get(name) ?? 0) + (this.#references.get(name) ?? 0)
  }

  #base(): Map<string, number> {
    return referencesOf(this.#before)
  }

  /**
   * The kernel refuses a table in which a walk from a built-in chain could come back to a chain
   * (ip_tables.c: mark_source_chains). A new loop is reached from a chain that was changed, so those are looked at
   * first, and the whole table only when there is one.
   */
  #checkLoops(): void {
    if (this.#loopFrom(this.#open.keys()) === undefined) return
    const loop = this.#loopFrom(builtInChains(this.#name))
    if (loop !== undefined)
      this.#at(undefined, () => {
        throw new Problem('Too many levels of symbolic links.', { field: loop })
      })
  }

  #loopFrom(names: Iterable<string>): string | undefined {
    const done = new Set<string>()
    const path = new Set<string>()
    const visit = (name: string): string | undefined => {
      if (done.has(name)) return undefined
      if (path.has(name)) return name
      path.add(name)
      for (const rule of this.#chain(name).rules) {
        const target = jumpOf(rule)
        const loop = target === undefined ? undefined : visit(target)
        if (loop !== undefined) return loop
      }
      path.delete(name)
      done.add(name)
      return undefined
    }
    for (const name of names) {
      const loop = visit(name)
      if (loop !== undefined) return loop
    }
    return undefined
  }
}

function withoutCounters(rule: Rule): Rule {
  if (!rule.counters) return rule
  const { counters: _, ...rest } = rule
  return rest
}

function close({ name, policy, counters, rules }: OpenChain): Chain {
  return { name, policy, counters, rules }
}
