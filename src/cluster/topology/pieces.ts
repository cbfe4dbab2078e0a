/**
 * The pieces of a cluster's network. Every neighbour is known from the start (static entries), every host address is
 * a /32 or /128 with a route to it, so nothing here depends on ARP, on a bridge or on who speaks first; that is what
 * routed CNIs (kindnet, Calico without encapsulation) build.
 */
import type { Family } from '../../kernel/ruleset.ts'
import {
  ADDRESS_PLAN,
  addressBytes,
  canonicalAddress,
  fabricAddress,
  familyOf,
  gatewayOf,
  hostPrefix,
} from './plan.ts'
import {
  blackhole,
  defaultCidr,
  hostAddress,
  hostRoute,
  neighbour,
  routeVia,
  veth,
  type Piece,
  type Socket,
} from './piece.ts'

export const FABRIC = 'fabric'
export const OUTSIDE = 'outside'
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

/** As Calico has it: the node's end of every pod's veth has the same address. */
const POD_GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee'
const OUTSIDE_MAC = '02:42:c6:33:64:0a'
const OUTSIDE_GATEWAY_MAC = '02:42:c6:33:64:01'

/** What every namespace has: no duplicate address detection, no addresses that nobody gave. */
const QUIET_IPV6 = {
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  'net.ipv6.conf.default.addr_gen_mode': '1',
}
const ROUTER = { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' }

/** The underlay: a router that has every node on a wire of its own and knows each node's block of pod addresses. */
export function fabricPiece(): Piece {
  return {
    key: FABRIC,
    comment: 'the fabric: the router between the nodes and the outside',
    netns: FABRIC,
    wires: [],
    objects: [
      {
        netns: FABRIC,
        sysctls: { ...QUIET_IPV6, ...ROUTER },
        // No underlay has a route to cluster addresses beyond those of the nodes' blocks.
        routes: FAMILIES.flatMap((family) => [
          blackhole(ADDRESS_PLAN[family].serviceCidr),
          blackhole(ADDRESS_PLAN[family].clusterCidr),
          blackhole(ADDRESS_PLAN[family].loadBalancerCidr),
        ]),
      },
    ],
  }
}

/** The host outside of the cluster: where clients from outside are, and the end of the fabric's default route. */
export function outsidePiece(): Piece {
  return {
    key: OUTSIDE,
    comment: 'a host outside of the cluster',
    netns: OUTSIDE,
    wires: [
      {
        a: { netns: FABRIC, link: veth(OUTSIDE, OUTSIDE_GATEWAY_MAC) },
        b: { netns: OUTSIDE, link: veth('eth0', OUTSIDE_MAC) },
      },
    ],
    objects: [
      { netns: OUTSIDE, sysctls: QUIET_IPV6 },
      ...FAMILIES.flatMap((family) => {
        const { outsideGateway, outsideHost } = ADDRESS_PLAN[family]
        return [
          {
            netns: FABRIC,
            addresses: [hostAddress(OUTSIDE, outsideGateway)],
            routes: [hostRoute(outsideHost, OUTSIDE), routeVia(defaultCidr(family), outsideHost, OUTSIDE)],
            neighbours: [neighbour(outsideHost, OUTSIDE, OUTSIDE_MAC)],
          },
          {
            netns: OUTSIDE,
            addresses: [hostAddress('eth0', outsideHost)],
            routes: [routeVia(defaultCidr(family), outsideGateway, 'eth0')],
            neighbours: [neighbour(outsideGateway, 'eth0', OUTSIDE_GATEWAY_MAC)],
          },
        ]
      }),
    ],
  }
}

/** One more address of the outside host, for `--from` and `--to` an address that is nobody's in the cluster. */
export function outsideAddressPiece(address: string): Piece {
  return {
    key: `outside/${address}`,
    comment: `the outside host answers as ${address}`,
    wires: [],
    objects: [{ netns: OUTSIDE, addresses: [hostAddress('eth0', address)] }],
  }
}

export interface NodeNetwork {
  readonly name: string
  readonly addresses: readonly string[]
  readonly podCidrs: readonly string[]
  readonly sockets: readonly Socket[]
}

export function nodePiece({ name, addresses, podCidrs, sockets }: NodeNetwork): Piece {
  const link = linkName(name)
  const [first = '0.0.0.0'] = addresses
  const nodeMac = macOf('02:42', first)
  const fabricMac = macOf('fe:42', first)
  return {
    key: `node/${name}`,
    comment: `${name} (${addresses.join(', ')})`,
    netns: name,
    node: name,
    wires: [
      { a: { netns: FABRIC, link: veth(link, fabricMac) }, b: { netns: name, link: veth('eth0', nodeMac) } },
    ],
    objects: [
      {
        netns: name,
        sysctls: { ...QUIET_IPV6, ...ROUTER },
        routes: podCidrs.map((cidr) => blackhole(cidr)),
        sockets,
      },
      ...addresses.flatMap((address) => {
        const family = familyOf(address)
        const gateway = fabricAddress(family)
        const blocks = podCidrs.filter((cidr) => familyOf(cidr) === family)
        return [
          {
            netns: FABRIC,
            addresses: [hostAddress(link, gateway)],
            routes: [hostRoute(address, link), ...blocks.map((cidr) => routeVia(cidr, address, link))],
            neighbours: [neighbour(address, link, nodeMac)],
          },
          {
            netns: name,
            addresses: [hostAddress('eth0', address)],
            routes: [routeVia(defaultCidr(family), gateway, 'eth0')],
            neighbours: [neighbour(gateway, 'eth0', fabricMac)],
          },
        ]
      }),
    ],
  }
}

export interface PodNetwork {
  readonly namespace: string
  readonly name: string
  readonly node: string
  readonly nodePodCidrs: readonly string[]
  /** At most one of a family. */
  readonly addresses: readonly string[]
  readonly sockets: readonly Socket[]
}

export function podPiece({ namespace, name, node, nodePodCidrs, addresses, sockets }: PodNetwork): Piece {
  const netns = podNetns(namespace, name)
  const [first = '0.0.0.0'] = addresses
  const link = podLink(first, nodePodCidrs)
  const mac = macOf('0a:58', first)
  return {
    key: `pod/${namespace}/${name}`,
    comment: `pod ${namespace}/${name} on ${node} (${addresses.join(', ')})`,
    netns,
    node,
    wires: [{ a: { netns: node, link: veth(link, POD_GATEWAY_MAC) }, b: { netns, link: veth('eth0', mac) } }],
    objects: [
      { netns, sysctls: QUIET_IPV6, sockets },
      ...addresses.flatMap((address) => {
        const family = familyOf(address)
        const block = nodePodCidrs.find((cidr) => familyOf(cidr) === family)
        if (block === undefined) return []
        const gateway = gatewayOf(block)
        return [
          {
            netns: node,
            addresses: [hostAddress(link, gateway)],
            routes: [hostRoute(address, link)],
            neighbours: [neighbour(address, link, mac)],
          },
          {
            netns,
            addresses: [hostAddress('eth0', address)],
            routes: [routeVia(defaultCidr(family), gateway, 'eth0')],
            neighbours: [neighbour(gateway, 'eth0', POD_GATEWAY_MAC)],
          },
        ]
      }),
    ],
  }
}

/** An address outside the nodes' own (external IP, load balancer) that the underlay sends to one node. */
export function externalAddressPiece(address: string, node: string, nodeAddresses: readonly string[]): Piece {
  const family = familyOf(address)
  const via = nodeAddresses.find((candidate) => familyOf(candidate) === family)
  return {
    key: `external/${address}`,
    comment: `${address} is announced by ${node}`,
    node,
    wires: [],
    objects:
      via === undefined
        ? []
        : [{ netns: FABRIC, routes: [routeVia(`${address}/${hostPrefix(family)}`, via, linkName(node))] }],
  }
}

/** Names of files, which those of namespaces are, have at most 255 bytes. */
const MAX_NETNS = 255

/**
 * The namespace of a pod. `_` is in no Kubernetes name, so two pods never share one; and it may be a file name: one that
 * is too long is cut and told apart by a hash.
 */
export function podNetns(namespace: string, name: string): string {
  const netns = `${namespace}_${name}`
  if (netns.length <= MAX_NETNS) return netns
  const hash = hashOf(netns)
  return `${netns.slice(0, MAX_NETNS - 1 - hash.length)}_${hash}`
}

/** `veth7` is the node's end of the wire to the pod whose address is the 7th of the node's block. */
function podLink(address: string, blocks: readonly string[]): string {
  const block = blocks.find((cidr) => familyOf(cidr) === familyOf(address))
  const base = addressBytes(block === undefined ? address : block.slice(0, block.indexOf('/')))
  const offset = addressBytes(address).reduce((sum, byte, index) => sum * 256 + byte - (base[index] ?? 0), 0)
  return `veth${offset.toString(36)}`.slice(0, 15)
}

/** Interface names have at most 15 characters; a longer node name is cut and told apart by a hash. */
function linkName(node: string): string {
  if (node.length <= 15) return node
  return `${node.slice(0, 8)}-${hashOf(node).slice(-6)}`
}

/** FNV-1a in seven digits. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash.toString(36).padStart(7, '0')
}

function macOf(prefix: string, address: string): string {
  const tail = addressBytes(canonicalAddress(address)).slice(-4)
  return [prefix, ...tail.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
