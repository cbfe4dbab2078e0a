/**
 * A set of connections: which ports of which protocols. The set answer of the evaluator, exact over all ports. `other`
 * stands for every protocol without ports (ICMP among them); policies cannot tell these apart.
 */
export interface ConnectionSet {
  /** Sorted, disjoint, not adjacent; 1 to 65535, inclusive. */
  readonly tcp: readonly PortInterval[]
  readonly udp: readonly PortInterval[]
  readonly sctp: readonly PortInterval[]
  readonly other: boolean
}

export interface PortInterval {
  readonly from: number
  readonly to: number
}

const ALL_PORTS: readonly PortInterval[] = Object.freeze([Object.freeze({ from: 1, to: 65535 })])

export const ALL_CONNECTIONS: ConnectionSet = Object.freeze({
  tcp: ALL_PORTS,
  udp: ALL_PORTS,
  sctp: ALL_PORTS,
  other: true,
})

export const NO_CONNECTIONS: ConnectionSet = Object.freeze({ tcp: [], udp: [], sctp: [], other: false })
