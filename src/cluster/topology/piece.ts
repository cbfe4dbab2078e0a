/**
 * A cluster's network as kernel objects, in pieces: the fabric, a node, a pod, an outside host, a routed address. A
 * piece says which namespace it brings, which veth pairs join it to namespaces that are already there, and which
 * objects it adds to whom. The same pieces go into the engine and print as a lab script.
 *
 *     pod ── eth0 ⇄ vethN ── node-1 ── eth0 ⇄ node-1 ── fabric ── outside ⇄ eth0 ── outside
 *                            (routes, /32 and /128: no bridge)  (underlay router)
 */
import type { InterfaceAddress, Link, Neighbour, Route } from '../../kernel/net.ts'
import type { Family, Protocol } from '../../kernel/ruleset.ts'
import { familyOf, hostPrefix } from './plan.ts'

export interface Piece {
  /** e.g. `pod/default/web-0`; a piece is found and taken away by it. */
  readonly key: string
  readonly comment: string
  /** The namespace that comes and goes with this piece. */
  readonly netns?: string
  /** The node it belongs to, for a script of one node. */
  readonly node?: string
  readonly wires: readonly Wire[]
  readonly objects: readonly NetnsObjects[]
}

/** A veth pair. */
export interface Wire {
  readonly a: WireEnd
  readonly b: WireEnd
}

export interface WireEnd {
  readonly netns: string
  readonly link: Link
}

export interface NetnsObjects {
  readonly netns: string
  readonly sysctls?: Readonly<Record<string, string>>
  readonly addresses?: readonly InterfaceAddress[]
  readonly routes?: readonly Route[]
  readonly neighbours?: readonly Neighbour[]
  readonly sockets?: readonly Socket[]
}

/** Something listens, on every address of the namespace. */
export interface Socket {
  readonly protocol: Protocol
  readonly port: number
}

export function veth(name: string, address: string): Link {
  return { name, kind: 'veth', address, mtu: 1500, up: true }
}

/** A host address: no network comes with it. */
export function hostAddress(link: string, address: string): InterfaceAddress {
  const family = familyOf(address)
  return { link, family, address, prefixLength: hostPrefix(family) }
}

export function hostRoute(destination: string, dev: string): Route {
  const family = familyOf(destination)
  return { family, type: 'unicast', destination, prefixLength: hostPrefix(family), dev }
}

/** A route through a gateway that no address of ours shares a network with, hence onlink. */
export function routeVia(cidr: string, via: string, dev: string): Route {
  const { destination, prefixLength } = splitCidr(cidr)
  return { family: familyOf(via), type: 'unicast', destination, prefixLength, via, dev, onlink: true }
}

export function blackhole(cidr: string): Route {
  const { destination, prefixLength } = splitCidr(cidr)
  return { family: familyOf(destination), type: 'blackhole', destination, prefixLength }
}

export function neighbour(address: string, dev: string, lladdr: string): Neighbour {
  return { family: familyOf(address), address, dev, lladdr }
}

export function defaultCidr(family: Family): string {
  return family === 'ipv4' ? '0.0.0.0/0' : '::/0'
}

function splitCidr(cidr: string): { destination: string; prefixLength: number } {
  const slash = cidr.indexOf('/')
  return { destination: cidr.slice(0, slash), prefixLength: Number(cidr.slice(slash + 1)) }
}
