/**
 * Who can be asked about in a live cluster: its running pods, its nodes, and addresses outside that policies and load
 * balancers tell apart (the ends of their CIDRs and the neighbours of these).
 */
import ipaddr from 'ipaddr.js'
import type { Family } from '../../kernel/ruleset.ts'
import { mentionedCidrs } from '../../cluster/policy/mentions.ts'
import { OUTSIDE, podNetns } from '../../cluster/topology/pieces.ts'
import {
  ADDRESS_PLAN,
  addressAt,
  clusterRangeOf,
  fabricAddress,
  familyOf,
  isWithin,
} from '../../cluster/topology/plan.ts'
import {
  isRunning,
  nodeAddresses,
  podAddresses,
  serviceAddresses,
  type ClusterView,
} from '../../cluster/view.ts'
import type { Endpoint } from '../../policy/evaluate/index.ts'

/** One end of a question, and how a packet comes from it or gets to it. */
export interface End {
  readonly endpoint: Endpoint
  /** What people call it, and what `podwire trace` takes. */
  readonly label: string
  readonly netns: string
  readonly addresses: readonly string[]
}

export function endsOf(view: ClusterView): End[] {
  const pods = view.pods().filter(isRunning)
  return [
    ...pods.map(({ metadata: { namespace = '', name }, spec, status }): End => ({
      endpoint: { kind: 'pod', namespace, name },
      label: `${namespace}/${name}`,
      netns: spec.hostNetwork === true ? (spec.nodeName ?? '') : podNetns(namespace, name),
      addresses: podAddresses(status),
    })),
    ...view.nodes().map((node): End => ({
      endpoint: { kind: 'node', name: node.metadata.name },
      label: `node/${node.metadata.name}`,
      netns: node.metadata.name,
      addresses: nodeAddresses(node),
    })),
    ...outsideAddresses(view).map(outsideEnd),
  ]
}

function outsideEnd(address: string): End {
  return { endpoint: { kind: 'address', address }, label: address, netns: OUTSIDE, addresses: [address] }
}

/** The outside host's own addresses first, then those around the ends of CIDRs. */
function outsideAddresses(view: ClusterView): string[] {
  const taken = new Set([
    ...view.nodes().flatMap(nodeAddresses),
    ...view.services().flatMap(serviceAddresses),
    ...Object.keys(ADDRESS_PLAN).map((family) => fabricAddress(family as Family)),
    ...Object.values(ADDRESS_PLAN).map(({ outsideGateway }) => outsideGateway),
  ])
  const balancers = view.services().flatMap(({ spec }) => spec.loadBalancerSourceRanges ?? [])
  const edges = [...new Set([...mentionedCidrs(view), ...balancers])].flatMap(edgesOf)
  const all = [...Object.values(ADDRESS_PLAN).map(({ outsideHost }) => outsideHost), ...edges]
  return [...new Set(all)].filter((address) => !taken.has(address) && isUsable(address))
}

/** First, last, and the addresses next to them. */
function edgesOf(cidr: string): string[] {
  const [address, length] = ipaddr.parseCIDR(cidr)
  const bits = address.kind() === 'ipv4' ? 32 : 128
  const text = `${address.toString()}/${length}`
  const first = (
    bits === 32 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text)
  ).toString()
  const size = 1n << BigInt(bits - length)
  return [0n, size - 1n, -1n, size].map((offset) => addressAt(first, BigInt.asUintN(bits, offset)))
}

/** Documentation, private and public unicast: what a host outside may have and routers forward. */
const NOBODYS = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3']

function isUsable(address: string): boolean {
  if (clusterRangeOf(address) !== undefined) return false
  if (familyOf(address) === 'ipv4') return !NOBODYS.some((cidr) => isWithin(address, cidr))
  // Global unicast and unique local; the rest is loopback, link-local, multicast or has no meaning yet.
  return isWithin(address, '2000::/3') || isWithin(address, 'fc00::/7')
}
