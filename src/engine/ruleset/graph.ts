/**
 * The graph of a table's chains: no loops, how deep jumps nest, and from which hooks each chain is reached
 * (net/ipv4/netfilter/ip_tables.c: mark_source_chains). A chain's height is an upper bound of the jumps below it, and
 * every jump goes from a greater height to a smaller one: that is what makes checking a few changed chains cheap. As
 * in the kernel, chains that no hook reaches are not looked at.
 */
import { newMark, UNREACHED, type ChainNode } from './chain-node.ts'

export interface Loop {
  readonly from: ChainNode
  readonly to: ChainNode
}

/** Sets height and reach of every node anew; a loop when there is one. */
export function settleAll(nodes: Iterable<ChainNode>): Loop | undefined {
  const bases: ChainNode[] = []
  for (const node of nodes) {
    node.height = UNREACHED
    node.reach = 0
    if (node.hook !== undefined) bases.push(node)
  }
  for (const base of bases) {
    const loop = base.height === UNREACHED ? measure(base) : undefined
    if (loop !== undefined) return loop
  }
  for (const base of bases) spread(base, 1 << base.hook!, undefined)
  return undefined
}

/** Sets the heights of a node and of all below it. Depth first, with a stack of its own: chains may nest deep. */
function measure(base: ChainNode): Loop | undefined {
  const open = newMark()
  const stack: { readonly node: ChainNode; next: number }[] = []
  const enter = (node: ChainNode): void => {
    node.mark = open
    node.height = 0
    if (node.jumps.length > 0) stack.push({ node, next: 0 })
    else node.mark = 0
  }
  enter(base)
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { node } = top
    const target = node.jumps[top.next++]
    if (target === undefined) {
      for (const jump of node.jumps) node.height = Math.max(node.height, jump.height + 1)
      node.mark = 0
      stack.pop()
    } else if (target.mark === open) return { from: node, to: target }
    else if (target.height === UNREACHED) enter(target)
  }
  return undefined
}

/** Adds hooks to a node and to all below it; tells which nodes that changed. */
function spread(from: ChainNode, hooks: number, grown: Set<ChainNode> | undefined): void {
  if ((hooks & ~from.reach) === 0) return
  const work: ChainNode[] = []
  const grow = (node: ChainNode, mask: number): void => {
    node.reach |= mask
    grown?.add(node)
    if (node.jumps.length > 0) work.push(node)
  }
  grow(from, hooks)
  for (let node = work.pop(); node !== undefined; node = work.pop())
    for (const jump of node.jumps) if ((node.reach & ~jump.reach) !== 0) grow(jump, node.reach)
}

/** A node whose jumps are others than before. */
export interface ChangedNode {
  readonly node: ChainNode
  /** Those of its jumps that it did not have. */
  readonly added: readonly ChainNode[]
}

/**
 * Fits changed nodes into a settled graph, in which new nodes are UNREACHED: jumps that a node had before are in order
 * already, so only new ones are looked at. Returns the nodes whose reach grew, or undefined when the whole graph has
 * to be settled again.
 */
export function settleChanged(changed: readonly ChangedNode[]): Set<ChainNode> | undefined {
  const pending = new Map(changed.map(({ node, added }) => [node, added]))
  const raise = (node: ChainNode, depth: number): boolean => {
    const added = pending.get(node)
    if (added === undefined) return true
    pending.delete(node)
    if (depth > 1000) return false
    if (node.height === UNREACHED && added.length !== node.jumps.length) return false
    let height = 0
    for (const target of added) {
      if (!raise(target, depth + 1) || target.height === UNREACHED) return false
      height = Math.max(height, target.height + 1)
    }
    if (node.height !== UNREACHED && height > node.height) return false
    if (node.height === UNREACHED) node.height = height
    return true
  }
  for (const { node } of changed) if (!raise(node, 0)) return undefined
  const grown = new Set<ChainNode>()
  for (const { node, added } of changed) {
    if (node.hook !== undefined) spread(node, 1 << node.hook, grown)
    for (const target of added) spread(target, node.reach, grown)
  }
  return grown
}
