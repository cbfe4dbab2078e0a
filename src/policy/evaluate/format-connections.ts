/** Connection sets as netpol-analyzer writes them: `TCP 80,443,UDP 53`, `All Connections`, `No Connections`. */
import { connectionsKey, intervalText, noConnections, type ConnectionSet } from './connections.ts'
import { ALL_CONNECTIONS, ALL_PORTED_CONNECTIONS } from './connections.ts'

export interface ConnectionsFormat {
  /**
   * `shown` (default): protocols without ports (ICMP) end the text as `Other`, and only the set of everything is
   * `All Connections`. `hidden`: they are not looked at, as netpol-analyzer, which does not know of them.
   */
  readonly other?: 'shown' | 'hidden'
}

/** Protocols in the order of their names. */
export function formatConnections(set: ConnectionSet, { other = 'shown' }: ConnectionsFormat = {}): string {
  const seen = other === 'shown' ? set : { ...set, other: false }
  const everything = other === 'shown' ? ALL_CONNECTIONS : ALL_PORTED_CONNECTIONS
  if (noConnections(seen)) return 'No Connections'
  if (connectionsKey(seen) === connectionsKey(everything)) return 'All Connections'
  const parts = (['sctp', 'tcp', 'udp'] as const).flatMap((protocol) =>
    seen[protocol].length === 0 ? [] : [`${protocol.toUpperCase()} ${seen[protocol].map(intervalText)}`],
  )
  return [...parts, ...(seen.other ? ['Other'] : [])].join(',')
}
