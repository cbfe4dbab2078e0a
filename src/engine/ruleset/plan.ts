/**
 * The change of one table: first everything that can fail, checks and memory, then a commit that cannot. New blocks
 * are written where no rule leads to them yet.
 */
import { TABLE_CHAINS, TABLE_DEPTH, TABLE_DIRECTORY, TABLE_NUMBER, TABLE_SIZE } from '../../abi/rule.ts'
import { Problem } from '../../kernel/problem.ts'
import { builtInChains } from '../../kernel/iptables/tables.ts'
import type { Chain, Family, Table, TableName } from '../../kernel/ruleset.ts'
import { ChainNode, newMark, NO_NODES, type ChainVersion } from './chain-node.ts'
import { checkChain, checkRules } from './check-chain.ts'
import { encodeChain, reusedRules, type ChainContext } from './encode-chain.ts'
import { chainFacts } from './facts.ts'
import { settleAll, settleChanged, type ChangedNode } from './graph.ts'
import { builtinHook, TABLE_NUMBERS } from './hooks.ts'
import type { RulesetHost } from './host.ts'
import { builtInChain, loopProblem, misplaced, missingChain, placeProblem } from './jumps.ts'
import type { NetnsObjects } from './objects.ts'
import { placedAt, type RuleMark } from './place.ts'
import { resolverOf } from './resolver.ts'
import { countUses, LoadedTable } from './table.ts'
import type { Words } from './words.ts'

export interface PlanInput {
  readonly host: RulesetHost
  readonly objects: NetnsObjects
  readonly netns: number
  readonly family: Family
  readonly table: Table
  readonly loaded: LoadedTable | undefined
  /** Where a chain's block is made. */
  readonly buffer: Words
}

interface Change extends ChangedNode {
  readonly chain: Chain
  added: readonly ChainNode[]
  /** Chains that it jumped to and does not any more. */
  lost: readonly ChainNode[]
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
  readonly #context: ChainContext
  readonly #changes: Change[] = []
  readonly #made: ChainNode[] = []
  readonly #removed: ChainNode[] = []
  readonly #takenIds: number[] = []
  /** Jumps of the chain at work, each once, and their ids by rule. */
  readonly #jumps: ChainNode[] = []
  readonly #jumpIds: number[] = []
  #nextId: number
  #directory: { readonly ptr: number; readonly capacity: number } | undefined
  #record = 0
  #linked = false

  constructor(input: PlanInput) {
    this.#input = input
    this.name = input.table.name
    this.#target = input.loaded ?? new LoadedTable(input.table.name)
    this.#nextId = this.#target.nextId
    const at: RuleMark = { chain: undefined, rule: -1 }
    const resolve = resolverOf(input, () => this.#jumpIds[at.rule]!)
    this.#context = { family: input.family, resolve, out: input.buffer, at }
  }

  /** Entries the jump stack must hold for this table. */
  get depth(): number {
    let depth = 0
    for (const name of builtInChains(this.name))
      depth = Math.max(depth, this.#target.chains.get(name)?.height ?? 0)
    return depth
  }

  prepare(): void {
    this.#compare()
    try {
      for (const [i, change] of this.#changes.entries()) this.#build(change, i)
    } catch (error) {
      throw placedAt(error, this.name, this.#context.at)
    }
    this.#link()
    this.#settleGraph()
    if (this.#target.ptr === 0) this.#record = this.#alloc(TABLE_SIZE)
    if (this.#nextId > this.#target.capacity) {
      const capacity = Math.max(16, 2 ** Math.ceil(Math.log2(this.#nextId)))
      this.#directory = { ptr: this.#alloc(capacity * 4), capacity }
    }
  }

  /** Undoes what was allocated and computed; the running table is as it was. */
  abandon(): void {
    const { host } = this.#input
    const target = this.#target
    for (const { node } of this.#changes) if (node.next) host.free(node.next.ptr, node.next.size)
    if (this.#directory) host.free(this.#directory.ptr, this.#directory.capacity * 4)
    if (this.#record !== 0) host.free(this.#record, TABLE_SIZE)
    for (const node of this.#removed) node.gone = false
    if (this.#linked) this.#unlink()
    for (const { node } of this.#changes) node.next = undefined
    for (const { name } of this.#made) target.chains.delete(name)
    target.freeIds.push(...this.#takenIds)
    if (this.#linked) settleAll(target.chains.values())
  }

  /** Puts the new chains in place of the old ones. Cannot fail. */
  commit(): LoadedTable {
    const { host, table } = this.#input
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
    const directory = target.directory / 4
    for (const node of this.#removed) {
      this.#release(node, node.live!)
      words[directory + node.id] = 0
      if (node.hook === undefined) target.freeIds.push(node.id)
      target.chains.delete(node.name)
    }
    for (const { node } of this.#changes) {
      const { live, next } = node
      words[directory + node.id] = next!.ptr
      if (live) this.#release(node, live)
      node.live = next
      node.next = undefined
      this.#adopt(node, next!)
    }
    words[(target.ptr + TABLE_DEPTH) / 4] = depth
    target.nextId = this.#nextId
    target.model = table
    for (const { live } of target.stateful) host.resetChain(live!.ptr)
    return target
  }

  #adopt(node: ChainNode, { facts }: ChainVersion): void {
    const { host, objects, netns } = this.#input
    countUses(host, objects, netns, facts, 1)
    if (facts.conntrack) this.#target.conntrackChains++
    if (facts.stateful) this.#target.stateful.add(node)
  }

  #release(node: ChainNode, { facts, ptr, size }: ChainVersion): void {
    const { host, objects, netns } = this.#input
    countUses(host, objects, netns, facts, -1)
    if (facts.conntrack) this.#target.conntrackChains--
    if (facts.stateful) this.#target.stateful.delete(node)
    host.free(ptr, size)
  }

  /** Finds the chains that are not those loaded, makes nodes for the new ones, and notes those that are gone. */
  #compare(): void {
    const { table } = this.#input
    const { chains: loaded, model } = this.#target
    const { delta } = table
    if (delta !== undefined && delta.since === model) {
      for (const name of delta.chains) {
        const chain = table.chains.get(name)
        if (chain !== undefined) this.#place(name, chain, loaded.get(name))
        else if (loaded.has(name)) this.#removed.push(loaded.get(name)!)
      }
    } else if (model === undefined)
      // Looking up a chain costs more than most of what is done with it, so not in a map known to hold none of them.
      for (const [name, chain] of table.chains) this.#place(name, chain, undefined)
    else {
      for (const [name, chain] of table.chains) this.#place(name, chain, loaded.get(name))
      for (const node of loaded.values()) if (!table.chains.has(node.name)) this.#removed.push(node)
    }
    for (const node of this.#removed) node.gone = true
  }

  #place(name: string, chain: Chain, node: ChainNode | undefined): void {
    if (node?.live?.chain === chain) return
    const hook = node === undefined ? builtinHook(this.name, name) : node.hook
    checkChain(this.name, name, chain, hook)
    this.#changes.push({ node: node ?? this.#make(name, hook), chain, added: NO_NODES, lost: NO_NODES })
  }

  #make(name: string, hook: number | undefined): ChainNode {
    const node = new ChainNode(name, hook ?? this.#newId(), hook)
    this.#made.push(node)
    this.#target.chains.set(name, node)
    return node
  }

  #newId(): number {
    const free = this.#target.freeIds.pop()
    if (free === undefined) return this.#nextId++
    this.#takenIds.push(free)
    return free
  }

  /** Checks a chain's rules and makes its block. */
  #build(change: Change, index: number): void {
    const { node, chain } = change
    const { family, host, netns } = this.#input
    const { at, out } = this.#context
    at.chain = chain
    at.rule = -1
    const old = node.live
    const reuse = reusedRules(chain, old?.chain)
    checkRules(this.name, family, chain, reuse, at)
    at.rule = -1
    const jumps = this.#jumpsOf(chain, index + 1)
    encodeChain(this.#context, chain, node.id, host.words(), old, reuse)
    at.rule = -1
    const size = out.length * 4
    const ptr = this.#alloc(size)
    const facts = chainFacts(chain)
    node.next = { chain, facts, jumps, ptr, size }
    change.added = old ? difference(jumps, old.jumps) : jumps
    change.lost = old ? difference(old.jumps, jumps) : NO_NODES
    out.copyTo(host.words(), ptr / 4)
    for (const set of facts.fills)
      if (!host.setRoom(netns, set))
        throw new Problem('the engine is out of memory for what packets add', { field: set })
  }

  #alloc(bytes: number): number {
    const ptr = this.#input.host.alloc(bytes)
    if (ptr === 0) throw new Problem(`the engine is out of memory for table ${this.name}`)
    return ptr
  }

  /**
   * The chains that a chain's rules jump to, each once: they exist and are no built-in ones. Leaves the ids of them by
   * rule, so that nothing has to look them up again. Chains often come in the order in which they are jumped to: those
   * from `guess` on in the changes are tried before the map, in which each look-up of a large table misses the cache.
   */
  #jumpsOf(chain: Chain, guess: number): readonly ChainNode[] {
    const { chains } = this.#target
    const { rules } = chain
    const seen = newMark()
    const found = this.#jumps
    found.length = 0
    for (let i = 0; i < rules.length; i++) {
      const { target } = rules[i]!
      if (target === null || (target.kind !== 'jump' && target.kind !== 'goto')) continue
      let node = this.#changes[guess]?.node
      if (node?.name === target.chain) guess++
      else node = chains.get(target.chain)
      if (node !== undefined) this.#jumpIds[i] = node.id
      if (node?.mark === seen) continue
      if (node === undefined || node.gone) throw missingChain(this.name, chain, target.chain)
      if (node.hook !== undefined) throw builtInChain(this.name, chain, target.chain)
      node.mark = seen
      found.push(node)
    }
    if (found.length === 0) return NO_NODES
    // Most chains of a large table jump to one other, and many of them to the same.
    return found.length === 1 ? (found[0]!.alone ??= [found[0]!]) : found.slice()
  }

  /** Joins the changed chains into the graph; a chain that goes must not be jumped to any more. */
  #link(): void {
    this.#linked = true
    for (const { node, added, lost } of this.#changes) {
      node.jumps = node.next!.jumps
      for (const jump of added) jump.references++
      for (const jump of lost) jump.references--
    }
    for (const node of this.#removed) for (const jump of node.jumps) jump.references--
    for (const node of this.#removed)
      if (node.references > 0)
        for (const from of this.#nodes())
          if (from.jumps.includes(node)) throw missingChain(this.name, from.version.chain, node.name)
  }

  #unlink(): void {
    for (const { node, added, lost } of this.#changes) {
      node.jumps = node.live?.jumps ?? NO_NODES
      for (const jump of added) jump.references--
      for (const jump of lost) jump.references++
    }
    for (const node of this.#removed) for (const jump of node.jumps) jump.references++
  }

  /** The chains that stay. */
  #nodes(): ChainNode[] {
    const nodes = [...this.#target.chains.values()]
    return this.#removed.length === 0 ? nodes : nodes.filter(({ gone }) => !gone)
  }

  #settleGraph(): void {
    const grown = this.#target.model ? settleChanged(this.#changes) : undefined
    if (grown) {
      for (const { node } of this.#changes) grown.add(node)
      if (![...grown].some(misplaced)) return
    }
    const nodes = this.#nodes()
    const loop = settleAll(nodes)
    if (loop) throw loopProblem(this.name, loop)
    const wrong = nodes.find(misplaced)
    if (wrong) throw placeProblem(this.name, wrong)
  }
}

/** Elements of `a` that are not in `b`; a run that both begin with is skipped without a look-up. */
function difference(a: readonly ChainNode[], b: readonly ChainNode[]): readonly ChainNode[] {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  if (same === a.length) return NO_NODES
  const there = newMark()
  for (let i = same; i < b.length; i++) b[i]!.mark = there
  return a.slice(same).filter((node) => node.mark !== there)
}
