/**
 * Open connections in netpol-analyzer's words, names of ports among the numbers: `TCP 443,http`. A name that opens only
 * some ports has them behind it (`http[1024-65535]`), one that closes ports comes last (`All Connections except TCP
 * metrics`).
 */
import {
  ALL_CONNECTIONS,
  intervalText,
  noConnections,
  subtractConnections,
  type ConnectionSet,
} from '../connections.ts'
import { formatConnections } from '../format-connections.ts'
import type { OpenConnections } from './open-connections.ts'

const PROTOCOLS = ['sctp', 'tcp', 'udp'] as const
type Protocol = (typeof PROTOCOLS)[number]

/** The connections as one line, `named` after the numbers of their protocol. */
export function formatOpenConnections({ connections, named }: OpenConnections): string {
  const opened = named.map(({ name, connections: its }) => ({
    name,
    its,
    more: subtractConnections(its, connections),
  }))
  const closed = named.map(({ name, connections: its }) => ({
    name,
    its,
    more: subtractConnections(connections, its),
  }))
  const nameIn = ({ name, its, more }: (typeof opened)[number], protocol: Protocol): string[] => {
    if (more[protocol].length === 0) return []
    return [hasAll(its, protocol) ? name : `${name}[${its[protocol].map(intervalText)}]`]
  }
  const base = opened.every(({ more }) => noConnections(more))
    ? formatConnections(connections)
    : [
        ...PROTOCOLS.flatMap((protocol) => {
          const parts = [
            ...connections[protocol].map(intervalText),
            ...opened.flatMap((one) => nameIn(one, protocol)),
          ]
          return parts.length === 0 ? [] : [`${protocol.toUpperCase()} ${parts}`]
        }),
        ...(connections.other ? ['Other'] : []),
      ].join(',')
  const without = PROTOCOLS.flatMap((protocol) => {
    const parts = closed.flatMap(({ name, its, more }) =>
      more[protocol].length === 0
        ? []
        : [its[protocol].length === 0 ? name : `${name}[${more[protocol].map(intervalText)}]`],
    )
    return parts.length === 0 ? [] : [`${protocol.toUpperCase()} ${parts}`]
  })
  return without.length === 0 ? base : `${base} except ${without}`
}

function hasAll(set: ConnectionSet, protocol: Protocol): boolean {
  return subtractConnections(ALL_CONNECTIONS, set)[protocol].length === 0
}
