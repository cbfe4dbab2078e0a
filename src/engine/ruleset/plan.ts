/**
 * The change of one table: first everything that can fail (checks, staging, allocation), then a commit that cannot.
 */
import { TABLE_CHAINS, TABLE_DEPTH, TABLE_DIRECTORY, TABLE_NUMBER, TABLE_SIZE } from '../../abi/rule.ts'
import { Problem } from '../../kernel/problem.ts'
import { builtInChains } from '../../kernel/iptables/tables.ts'
import type { Chain, Family, Table, TableName } from '../../kernel/ruleset.ts'
import { ruleFault } from './check.ts'
import { chainFacts, ruleHooks } from './facts.ts'
import { settleAll, settleChanged, UNREACHED, type Graph } from './graph.ts'
import { ALL_HOOKS, builtinHook, hookList, TABLE_NUMBERS } from './hooks.ts'
import type { RulesetHost } from './host.ts'
import type { NetnsObjects } from './objects.ts'
import { atRule, ruleProblem } from './place.ts'
import type { Resolver } from './resolver.ts'
import { reusedRules, stageChain, type Staged } from './stage.ts'
import { countUses, LoadedTable, type LoadedChain } from './table.ts'
import type { Words } from './words.ts'

export interface PlanInput {
  readonly host: RulesetHost
  readonly objects: NetnsObjects
  readonly netns: number
  readonly family: Family
  readonly table: Table
  readonly loaded: LoadedTable | undefined
  readonly staging: Words
}

interface Change {
  readonly node: LoadedChain
  readonly old: LoadedChain | undefined
  readonly reuse: Int32Array
  staged: Staged | undefined
}

/** `undefined` when the table is the one that is loaded. Throws a Problem for a table the kernel would refuse. */
export function planTable(input: PlanInput): TablePlan | undefined {
  if (input.loaded?.model === input.table) return undefined
  const plan = new TablePlan(input)
  try {
    plan.prepare()
  } catch (error) {
    plan.abandon()
    throw error
  }
  return plan
}

export class TablePlan {
  readonly name: TableName
  readonly #input: PlanInput
  readonly #target: LoadedTable
  readonly #changes = new Map<string, Change>()
  readonly #removed: LoadedChain[] = []
  readonly #references = new Map<string, number>()
  #nextId: number
  readonly #takenIds: number[] = []
  #directory: { readonly ptr: number; readonly capacity: number } | undefined
  #record = 0
  #graphTouched = false

  constructor(input: PlanInput) {
    this.#input = input
    this.name = input.table.name
    this.#target = input.loaded ?? new LoadedTable(input.table.name)
    this.#nextId = this.#target.nextId
  }

  /** Entries the jump stack must hold for this table. */
  get depth(): number {
    let depth = 0
    for (const name of builtInChains(this.name)) depth = Math.max(depth, this.#chain(name)?.height ?? 0)
    return depth
  }

  /** Finds what changed, checks it and stages its chains. */
  prepare(): void {
    this.#compare()
    this.#checkReferences()
    this.#settleGraph()
    this.#stage()
  }

  allocate(): void {
    const { host } = this.#input
    const alloc = (bytes: number): number => {
      const ptr = host.alloc(bytes)
      if (ptr === 0) throw new Problem(`the engine is out of memory for table ${this.name}`)
      return ptr
    }
    for (const change of this.#changes.values()) {
      change.node.size = change.staged!.length * 4
      change.node.ptr = alloc(change.node.size)
    }
    if (this.#target.ptr === 0) this.#record = alloc(TABLE_SIZE)
    if (this.#nextId > this.#target.capacity) {
      const capacity = Math.max(16, 2 ** Math.ceil(Math.log2(this.#nextId)))
      this.#directory = { ptr: alloc(capacity * 4), capacity }
    }
  }

  /** Undoes what was allocated and computed; the running table is as it was. */
  abandon(): void {
    const { host } = this.#input
    for (const { node } of this.#changes.values()) if (node.ptr !== 0) host.free(node.ptr, node.size)
    if (this.#directory) host.free(this.#directory.ptr, this.#directory.capacity * 4)
    if (this.#record !== 0) host.free(this.#record, TABLE_SIZE)
    this.#target.freeIds.push(...this.#takenIds)
    if (this.#graphTouched) settleAll(this.#target.chains)
  }

  /** Puts the staged chains in place of the old ones. Cannot fail. */
  commit(): LoadedTable {
    const { host, staging, table } = this.#input
    const depth = this.depth
    const target = this.#target
    const words = host.words()
    if (this.#record !== 0) {
      target.ptr = this.#record
      words[(target.ptr + TABLE_NUMBER) / 4] = TABLE_NUMBERS[this.name]
    }
    if (this.#directory) {
      const { ptr, capacity } = this.#directory
      words.copyWithin(ptr / 4, target.directory / 4, target.directory / 4 + target.capacity)
      host.free(target.directory, target.capacity * 4)
      target.directory = ptr
      target.capacity = capacity
      words[(target.ptr + TABLE_DIRECTORY) / 4] = ptr
      words[(target.ptr + TABLE_CHAINS) / 4] = capacity
    }
    for (const loaded of this.#removed) {
      this.#release(loaded)
      words[target.directory / 4 + loaded.id] = 0
      if (loaded.hook === undefined) target.freeIds.push(loaded.id)
      target.chains.delete(loaded.name)
    }
    for (const { node, old, staged } of this.#changes.values()) {
      words.set(staging.words.subarray(staged!.start, staged!.start + staged!.length), node.ptr / 4)
      words[target.directory / 4 + node.id] = node.ptr
      if (old) this.#release(old)
      this.#adopt(node)
    }
    for (const [name, change] of this.#references) {
      const loaded = target.chains.get(name)
      if (loaded) loaded.references += change
    }
    words[(target.ptr + TABLE_DEPTH) / 4] = depth
    target.nextId = this.#nextId
    target.model = table
    for (const loaded of target.stateful) host.resetChain(loaded.ptr)
    return target
  }

  #adopt(node: LoadedChain): void {
    const { host, objects, netns } = this.#input
    countUses(host, objects, netns, node.facts, 1)
    if (node.facts.conntrack) this.#target.conntrackChains++
    if (node.facts.stateful) this.#target.stateful.add(node)
    this.#target.chains.set(node.name, node)
  }

  #release(loaded: LoadedChain): void {
    const { host, objects, netns } = this.#input
    countUses(host, objects, netns, loaded.facts, -1)
    if (loaded.facts.conntrack) this.#target.conntrackChains--
    this.#target.stateful.delete(loaded)
    host.free(loaded.ptr, loaded.size)
  }

  /** The chains of the new model, in its order. */
  *#all(): Iterable<LoadedChain> {
    for (const name of this.#input.table.chains.keys()) yield this.#chain(name)!
  }

  #chain(name: string): LoadedChain | undefined {
    if (!this.#input.table.chains.has(name)) return undefined
    return this.#changes.get(name)?.node ?? this.#target.chains.get(name)
  }

  #compare(): void {
    const { table, family } = this.#input
    const { chains: loaded, model } = this.#target
    const { delta } = table
    if (delta !== undefined && delta.since === model) {
      for (const name of delta.chains) {
        const chain = table.chains.get(name)
        const old = loaded.get(name)
        if (chain !== undefined) this.#place(chain)
        else if (old !== undefined) this.#remove(old)
      }
    } else {
      for (const chain of table.chains.values()) this.#place(chain)
      for (const old of loaded.values()) if (!table.chains.has(old.name)) this.#remove(old)
    }
    for (const { node, reuse } of this.#changes.values()) checkRules(table.name, family, node.chain, reuse)
  }

  #remove(old: LoadedChain): void {
    this.#removed.push(old)
    for (const jump of old.facts.jumps) this.#count(jump, -1)
  }

  /** Notes what is to be done for a chain that is not the one that is loaded. */
  #place(chain: Chain): void {
    const { table } = this.#input
    const { name } = chain
    const old = this.#target.chains.get(name)
    if (old?.chain === chain) return
    const hook = builtinHook(table.name, name)
    checkChain(table, chain, hook)
    const facts = chainFacts(chain)
    const jumps = difference(facts.jumps, old?.facts.jumps ?? [])
    const node: LoadedChain = {
      name,
      chain,
      facts,
      jumps: facts.jumps,
      newJumps: jumps,
      id: old?.id ?? hook ?? this.#newId(),
      hook,
      height: old?.height ?? UNREACHED,
      reach: old?.reach ?? 0,
      references: old?.references ?? 0,
      ptr: 0,
      size: 0,
    }
    this.#changes.set(name, { node, old, reuse: reusedRules(chain, old?.chain), staged: undefined })
    for (const jump of jumps) this.#count(jump, 1)
    if (old) for (const jump of difference(old.facts.jumps, facts.jumps)) this.#count(jump, -1)
  }

  #newId(): number {
    const free = this.#target.freeIds.pop()
    if (free === undefined) return this.#nextId++
    this.#takenIds.push(free)
    return free
  }

  #count(chain: string, change: number): void {
    this.#references.set(chain, (this.#references.get(chain) ?? 0) + change)
  }

  /** Every chain jumped to exists and is no built-in one. */
  #checkReferences(): void {
    const { table } = this.#input
    for (const { node } of this.#changes.values()) {
      for (const jump of node.newJumps) {
        if (!table.chains.has(jump))
          throw this.#jumpProblem(node.chain, jump, `chain "${jump}" does not exist`)
        if (builtinHook(table.name, jump) !== undefined)
          throw this.#jumpProblem(
            node.chain,
            jump,
            `"${jump}" is a built-in chain, which no rule can jump to`,
          )
      }
    }
    for (const { name, references } of this.#removed) {
      if (references + (this.#references.get(name) ?? 0) === 0) continue
      for (const { facts, chain } of this.#all())
        if (facts.jumps.includes(name)) throw this.#jumpProblem(chain, name, `chain "${name}" does not exist`)
    }
  }

  #jumpProblem(chain: Chain, to: string, message: string): Problem {
    const index = chain.rules.findIndex(
      ({ target }) => (target?.kind === 'jump' || target?.kind === 'goto') && target.chain === to,
    )
    return ruleProblem({ table: this.name, chain: chain.name, index, rule: chain.rules[index]! }, message)
  }

  #settleGraph(): void {
    const graph: Graph = { get: (name) => this.#chain(name), values: () => this.#all() }
    const nodes = [...this.#changes.values()].map(({ node }) => node)
    this.#graphTouched = true
    const grown = this.#target.model ? settleChanged(graph, nodes) : undefined
    if (grown && ![...grown, ...nodes].some((node) => misplaced(node as LoadedChain))) return
    const loop = settleAll(graph)
    if (loop) {
      const chain = this.#chain(loop.from)!.chain
      throw this.#jumpProblem(chain, loop.to, `the jump to "${loop.to}" makes a loop`)
    }
    for (const node of this.#all()) if (misplaced(node)) throw this.#placeProblem(node)
  }

  #placeProblem({ chain, reach }: LoadedChain): Problem {
    const index = chain.rules.findIndex((rule) => (reach & ~ruleHooks(rule)) !== 0)
    const rule = chain.rules[index]!
    const kind = rule.target && ruleHooks({ ...rule, matches: [] }) !== ALL_HOOKS ? 'target' : 'match'
    const what = kind === 'target' ? rule.target!.kind : rule.matches.map((match) => match.kind).join(', ')
    return ruleProblem(
      { table: this.name, chain: chain.name, index, rule },
      `${kind} ${what} is only valid in ${hookList(ruleHooks(rule))}, and this rule is reached from ${hookList(reach)}`,
    )
  }

  #stage(): void {
    const { host, objects, netns, family, staging } = this.#input
    const resolve: Resolver = {
      chain: (name) => this.#chain(name)!.id,
      set: (name, dimensions) => {
        const slot = host.setSlot(netns, name)
        if (!slot) throw new Problem(`Set ${name} doesn't exist.`, { field: name })
        if (dimensions < slot.dimensions)
          throw new Problem(`set ${name} has ${slot.dimensions} dimensions, the rule gives ${dimensions}`, {
            field: name,
          })
        return slot.ptr
      },
      recent: (match) => objects.recent(match, family),
      nfacct: (name) => objects.nfacct(name),
      template: (target) => objects.template(target),
    }
    for (const change of this.#changes.values()) {
      const { node, old, reuse } = change
      change.staged = stageChain(staging, {
        table: this.name,
        family,
        chain: node.chain,
        id: node.id,
        reuse,
        old,
        memory: host.words(),
        resolve,
      })
    }
  }
}

const misplaced = ({ reach, facts }: LoadedChain): boolean => (reach & ~facts.hooks) !== 0

/** Elements of `a` that are not in `b`; a run that both begin with is skipped without a look-up. */
function difference(a: readonly string[], b: readonly string[]): readonly string[] {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  if (same === a.length) return []
  const others = new Set(b)
  return a.filter((name) => !others.has(name))
}

function checkChain({ name: table, chains }: Table, chain: Chain, hook: number | undefined): void {
  const field = `${table} ${chain.name}`
  if (chains.get(chain.name) !== chain) throw new Problem('the chain is filed under another name', { field })
  if (hook !== undefined && chain.policy === null)
    throw new Problem('a built-in chain has a policy', { field })
  if (hook === undefined && chain.policy !== null)
    throw new Problem(`table ${table} has no built-in chain "${chain.name}"`, { field })
  if (chain.name.length > 28) throw new Problem('the name of a chain has at most 28 characters', { field })
}

/** Checks the rules that the chain before did not have. */
function checkRules(table: TableName, family: Family, chain: Chain, reuse: Int32Array): void {
  for (const [index, rule] of chain.rules.entries()) {
    if (reuse[index]! >= 0) continue
    const place = { table, chain: chain.name, index, rule }
    const fault = atRule(place, () => ruleFault(rule, table, chain, family))
    if (fault !== undefined) throw ruleProblem(place, fault)
  }
}
