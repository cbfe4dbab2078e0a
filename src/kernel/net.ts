/**
 * The model of a network namespace's own objects: what `ip link`, `ip addr`, `ip route`, `ip neigh` and `sysctl` say.
 * Addresses are canonical text; MAC addresses are `aa:bb:cc:dd:ee:ff`.
 */
import type { Family } from './ruleset.ts'

export interface Link {
  readonly name: string
  readonly kind: 'veth' | 'dummy' | 'loopback'
  readonly address: string
  readonly mtu: number
  readonly up: boolean
}

export interface InterfaceAddress {
  readonly link: string
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
  readonly broadcast?: string
  /** The other end of a point-to-point address; the prefix length is then the peer's. */
  readonly peer?: string
  readonly scope?: 'global' | 'link' | 'host'
  /** In a listing: not the first address of its subnet. The kernel decides it. */
  readonly secondary?: boolean
  /** Told only: nothing here looks for duplicate addresses. */
  readonly nodad?: boolean
  /** It makes no route to its prefix. */
  readonly noprefixroute?: boolean
}

export interface Route {
  readonly family: Family
  /** Routes of type anycast and multicast are made by the kernel alone. */
  readonly type:
    'unicast' | 'local' | 'broadcast' | 'anycast' | 'multicast' | 'blackhole' | 'unreachable' | 'prohibit'
  readonly destination: string
  readonly prefixLength: number
  readonly via?: string
  readonly dev?: string
  readonly onlink?: boolean
  readonly metric?: number
  readonly src?: string
  /** Who made it, when a listing says so: `kernel`, `static`, … */
  readonly proto?: string
  readonly scope?: 'global' | 'link' | 'host' | 'nowhere'
  /** The main table unless said. */
  readonly table?: 'main' | 'local'
  /** In a listing: the device has no carrier. */
  readonly linkdown?: boolean
}

/** What `ip route del` says of a route: the first that has all of it is meant. */
export type RouteKey = Omit<Route, 'type' | 'onlink' | 'linkdown'> & { readonly type?: Route['type'] }

/** Who makes routes (`/etc/iproute2/rt_protos`); others are numbers up to 255. */
export const PROTOCOLS = {
  redirect: 1,
  kernel: 2,
  boot: 3,
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  keepalived: 18,
  babel: 42,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
} as const

/** A static neighbour entry. */
export interface Neighbour {
  readonly family: Family
  readonly address: string
  readonly dev: string
  readonly lladdr: string
}

/** A line of `ip neigh`: an entry that was learnt has no address while it is asked for. */
export interface ListedNeighbour extends Omit<Neighbour, 'lladdr'> {
  readonly lladdr?: string
  readonly state: 'PERMANENT' | 'REACHABLE' | 'INCOMPLETE' | 'FAILED'
}

/** A line of `ip link`: what the kernel knows of a link beside what was set. */
export interface ListedLink extends Link {
  readonly ifindex: number
  readonly hasCarrier: boolean
  /** `state` as `ip link` prints it (RFC 2863). */
  readonly state: 'UP' | 'DOWN' | 'LOWERLAYERDOWN' | 'UNKNOWN'
  /** It was up at least once: it has got its queueing discipline. */
  readonly wasUp: boolean
  readonly peer?: {
    readonly ifindex: number
    readonly up: boolean
    /** In this namespace, its name; in another, the name of that, if it has one. */
    readonly name?: string
    readonly netns?: string
    readonly isHere: boolean
  }
}
