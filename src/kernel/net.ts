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
}

export interface Route {
  readonly family: Family
  readonly type: 'unicast' | 'local' | 'broadcast' | 'blackhole' | 'unreachable' | 'prohibit'
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
}

/** A static neighbour entry. */
export interface Neighbour {
  readonly family: Family
  readonly address: string
  readonly dev: string
  readonly lladdr: string
}
