/**
 * The graph of a table's chains: no loops, how deep jumps nest, and from which hooks each chain is reached
 * (net/ipv4/netfilter/ip_tables.c: mark_source_chains). A chain's height is an upper bound of the jumps below it, and
 * every jump goes from a greater height to a smaller one: that is what makes checking a few changed chains cheap. As
 * in the kernel, chains that no hook reaches are not looked at.
 */
export interface Node {
  readonly name: string
  readonly jumps: readonly string[]
  /** Those of `jumps` that the node which this one replaces does not have. */
  readonly newJumps: readonly string[]
  /** Hook of a built-in chain. */
  readonly hook: number | undefined
  /** Upper bound of nested jumps from here, UNREACHED when no hook leads here. */
  height: number
  /** Hooks that may lead here. */
  reach: number
}

/** The nodes of a table by name. */
export interface Graph {
  get(name: string): Node | undefined
  values(): Iterable<Node>
}

export const UNREACHED = -1

export interface Loop {
  readonly from: string
  readonly to: string
}

/** Sets height and reach of every node anew; a loop when there is one. */
export function settleAll(nodes: Graph): Loop | undefined {
  for (const node of nodes.values()) {
    node.height = UNREACHED
    node.reach = 0
  }
  const open = new Set<Node>()
  for (const base of nodes.values()) {
    if (base.hook === undefined) continue
    const stack: { node: Node; next: number }[] = []
    const enter = (node: Node): void => {
      open.add(node)
      node.height = 0
      stack.push({ node, next: 0 })
    }
    if (base.height === UNREACHED) enter(base)
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const name = top.node.jumps[top.next++]
      if (name === undefined) {
        for (const jump of top.node.jumps)
          top.node.height = Math.max(top.node.height, nodes.get(jump)!.height + 1)
        open.delete(top.node)
        stack.pop()
        continue
      }
      const target = nodes.get(name)!
      if (open.has(target)) return { from: top.node.name, to: name }
      if (target.height === UNREACHED) enter(target)
    }
  }
  for (const base of nodes.values())
    if (base.hook !== undefined) spread(nodes, base, 1 << base.hook, undefined)
  return undefined
}

/** Adds hooks to a node and to all below it; tells which nodes that changed. */
function spread(nodes: Graph, from: Node, hooks: number, grown: Set<Node> | undefined): void {
  const work: [Node, number][] = [[from, hooks]]
  for (let item = work.pop(); item; item = work.pop()) {
    const [node, mask] = item
    if ((mask & ~node.reach) === 0) continue
    node.reach |= mask
    grown?.add(node)
    for (const name of node.jumps) work.push([nodes.get(name)!, node.reach])
  }
}

/**
 * Fits changed nodes into a settled graph. `nodes` is the new view, in which unchanged nodes keep their values and
 * changed ones have those of the node they replace (height UNREACHED when new): jumps that a node had before are in
 * order already, so only new ones are looked at. Returns the nodes whose reach grew,
 * or undefined when the whole graph has to be settled again.
 */
export function settleChanged(nodes: Graph, changed: readonly Node[]): Set<Node> | undefined {
  const pending = new Set(changed)
  const raise = (node: Node, depth: number): boolean => {
    if (!pending.delete(node)) return true
    if (depth > 1000) return false
    if (node.height === UNREACHED && node.newJumps.length !== node.jumps.length) return false
    let height = 0
    for (const name of node.newJumps) {
      const target = nodes.get(name)!
      if (pending.has(target) && !raise(target, depth + 1)) return false
      if (target.height === UNREACHED) return false
      height = Math.max(height, target.height + 1)
    }
    if (node.height !== UNREACHED && height > node.height) return false
    if (node.height === UNREACHED) node.height = height
    return true
  }
  for (const node of changed) if (!raise(node, 0)) return undefined
  const grown = new Set<Node>()
  for (const node of changed) {
    if (node.hook !== undefined) spread(nodes, node, 1 << node.hook, grown)
    for (const name of node.newJumps) spread(nodes, nodes.get(name)!, node.reach, grown)
  }
  return grown
}
