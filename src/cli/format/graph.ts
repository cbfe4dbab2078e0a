/** A picture of connections: who is in it, and what leads from whom to whom. */

export interface GraphEdge {
  /** Labels of peers: `namespace/name[Kind]`, `a-b[External]`. */
  readonly src: string
  readonly dst: string
  readonly label: string
  /** Of a difference; plain when absent. */
  readonly change?: 'added' | 'removed' | 'changed' | 'unchanged'
}

/** What is inside the cluster has a namespace; what is outside has none. */
export function namespaceOf(peer: string): string | undefined {
  return isExternal(peer) || !peer.includes('/') ? undefined : peer.slice(0, peer.indexOf('/'))
}

export function isExternal(peer: string): boolean {
  return peer.endsWith('[External]')
}

/** Outside first, then by namespace and name. */
export function peersOf(edges: readonly GraphEdge[]): string[] {
  const rank = (peer: string): string => `${isExternal(peer) ? 0 : 1} ${peer}`
  return [...new Set(edges.flatMap(({ src, dst }) => [src, dst]))].sort((a, b) =>
    rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0,
  )
}

export const CHANGE_COLOURS = {
  added: '#008000',
  removed: '#b00020',
  changed: '#a05a00',
  unchanged: '#808080',
} as const
