/**
 * A set of connections: which ports of which protocols. The set answer of the evaluator, exact over all ports. `other`
 * stands for every protocol without ports (ICMP among them); policies cannot tell these apart.
 *
 * Sets are values: every function makes a new one or gives back one of its arguments, and two sets are equal when
 * their lists are. Cost: linear in the number of intervals.
 */
import type { PolicyProtocol } from './question.ts'

/** A set of connections by the destination's port: what policies let through between two ends. */
export interface ConnectionSet {
  /** Sorted, disjoint, not adjacent; 1 to 65535, inclusive. */
  readonly tcp: readonly PortInterval[]
  readonly udp: readonly PortInterval[]
  readonly sctp: readonly PortInterval[]
  /** Every protocol without ports, or none of them. */
  readonly other: boolean
}

/** Ports that follow each other, both ends included. */
export interface PortInterval {
  readonly from: number
  readonly to: number
}

const ALL_PORTS: readonly PortInterval[] = Object.freeze([Object.freeze({ from: 1, to: 65535 })])

/** Every port of every protocol, and the protocols without ports. */
export const ALL_CONNECTIONS: ConnectionSet = Object.freeze({
  tcp: ALL_PORTS,
  udp: ALL_PORTS,
  sctp: ALL_PORTS,
  other: true,
})

/** The empty set. */
export const NO_CONNECTIONS: ConnectionSet = Object.freeze({ tcp: [], udp: [], sctp: [], other: false })

/** Every port of every protocol that has ports, and nothing else. */
export const ALL_PORTED_CONNECTIONS: ConnectionSet = Object.freeze({ ...ALL_CONNECTIONS, other: false })

/** Ports `from` to `to` (default: the one) of one protocol, both included; nothing when `from` is above `to`. */
export function connectionsOf(
  protocol: 'tcp' | 'udp' | 'sctp',
  from: number,
  to: number = from,
): ConnectionSet {
  return from > to ? NO_CONNECTIONS : { ...NO_CONNECTIONS, [protocol]: [{ from, to }] }
}

/** What is in either. */
export function unionConnections(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  return {
    tcp: combine(a.tcp, b.tcp, (inA, inB) => inA || inB),
    udp: combine(a.udp, b.udp, (inA, inB) => inA || inB),
    sctp: combine(a.sctp, b.sctp, (inA, inB) => inA || inB),
    other: a.other || b.other,
  }
}

/** What is in both. */
export function intersectConnections(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  return {
    tcp: combine(a.tcp, b.tcp, (inA, inB) => inA && inB),
    udp: combine(a.udp, b.udp, (inA, inB) => inA && inB),
    sctp: combine(a.sctp, b.sctp, (inA, inB) => inA && inB),
    other: a.other && b.other,
  }
}

/** What is in `a` and not in `b`. */
export function subtractConnections(a: ConnectionSet, b: ConnectionSet): ConnectionSet {
  return {
    tcp: combine(a.tcp, b.tcp, (inA, inB) => inA && !inB),
    udp: combine(a.udp, b.udp, (inA, inB) => inA && !inB),
    sctp: combine(a.sctp, b.sctp, (inA, inB) => inA && !inB),
    other: a.other && !b.other,
  }
}

/** Whether both hold the same connections. */
export function equalConnections(a: ConnectionSet, b: ConnectionSet): boolean {
  return a === b || (a.other === b.other && connectionsKey(a) === connectionsKey(b))
}

/** Whether nothing is in the set. */
export function noConnections({ tcp, udp, sctp, other }: ConnectionSet): boolean {
  return !other && tcp.length === 0 && udp.length === 0 && sctp.length === 0
}

/** Whether a connection is in the set. `port` is looked at for protocols that have ports; without it they have none. */
export function hasConnection(set: ConnectionSet, protocol: PolicyProtocol, port = 0): boolean {
  if (protocol === 'icmp' || protocol === 'other') return set.other
  return set[protocol].some(({ from, to }) => from <= port && port <= to)
}

/** A text that equal sets share, and no others. */
export function connectionsKey({ tcp, udp, sctp, other }: ConnectionSet): string {
  return `${tcp.map(intervalText)}|${udp.map(intervalText)}|${sctp.map(intervalText)}|${other ? 1 : 0}`
}

export function intervalText({ from, to }: PortInterval): string {
  return from === to ? `${from}` : `${from}-${to}`
}

/** Walks the places where either list begins or ends, and keeps the stretches of which `keep` is true. */
function combine(
  a: readonly PortInterval[],
  b: readonly PortInterval[],
  keep: (inA: boolean, inB: boolean) => boolean,
): readonly PortInterval[] {
  const result: { from: number; to: number }[] = []
  let [i, j, port] = [0, 0, 1]
  while (port <= 65535) {
    while (i < a.length && a[i]!.to < port) i++
    while (j < b.length && b[j]!.to < port) j++
    const [inA, endA] = stretch(a[i], port)
    const [inB, endB] = stretch(b[j], port)
    const end = Math.min(endA, endB)
    if (keep(inA, inB)) {
      const last = result.at(-1)
      if (last !== undefined && last.to === port - 1) last.to = end
      else result.push({ from: port, to: end })
    }
    port = end + 1
  }
  return result
}

/** Whether `port` is in the interval, and the last port of which that holds. */
function stretch(interval: PortInterval | undefined, port: number): readonly [boolean, number] {
  if (interval === undefined) return [false, 65535]
  return interval.from <= port ? [true, interval.to] : [false, interval.from - 1]
}
