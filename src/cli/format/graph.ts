/** A picture of connections: who is in it, and what leads from whom to whom. */
import { ENTIRE_CLUSTER } from '../../cluster/policy/exposure.ts'

export interface GraphEdge {
  /** Labels of peers: `namespace/name[Kind]`, `a-b[External]`. */
  readonly src: string
  readonly dst: string
  readonly label: string
  /** Of a difference; plain when absent. */
  readonly change?: 'added' | 'removed' | 'changed' | 'unchanged'
  /** One of its ends does not exist yet. */
  readonly toCome?: boolean
}

/** What is inside the cluster has a namespace; what is outside has none. Of pods to come it may be a selector. */
export function namespaceOf(peer: string): string | undefined {
  if (isExternal(peer) || !peer.includes('/')) return undefined
  return peer.startsWith('[') ? peer.slice(0, peer.indexOf(']/') + 1) : peer.slice(0, peer.indexOf('/'))
}

/** `[all pods]`, `[pod with {…}]` in some namespace, and the entire cluster. */
export function isToCome(peer: string): boolean {
  return peer === ENTIRE_CLUSTER || /(?:^|\/)\[/.test(peer)
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
