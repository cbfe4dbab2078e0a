/**
 * ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) as rules. Source: the API's text
 * (apis/v1alpha2/clusternetworkpolicy_types.go).
 */
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyPorts,
  ClusterNetworkPolicyProtocol,
  NamespacedPod,
} from '../../apiserver/types/index.ts'
import { readCidr, type AddressBlock } from './address.ts'
import type { PortProtocol } from './facts.ts'
import {
  FIRST_PORT,
  LAST_PORT,
  type ClusterPolicy,
  type PodSet,
  type PolicyPeer,
  type PolicyRule,
  type PortMatch,
} from './policy.ts'
import { PolicyError } from './policy-error.ts'
import type { Direction } from './question.ts'
import { ANY_LABELS, readSelector } from './select.ts'

export function readClusterNetworkPolicy({ metadata: { name }, spec }: ClusterNetworkPolicy): ClusterPolicy {
  const rules = (direction: Direction, list: readonly SpecRule[] | undefined): PolicyRule[] | undefined =>
    list?.flatMap((rule, index) => readRule(rule, refOf(name, direction, index, rule.name)))
  const subject = readPodSet(spec.subject)
  if (subject === undefined)
    throw new PolicyError(
      'neither namespaces nor pods are given',
      `ClusterNetworkPolicy ${name}`,
      'spec.subject',
    )
  return {
    kind: 'ClusterNetworkPolicy',
    name,
    tier: spec.tier,
    priority: spec.priority,
    subject,
    ingress: rules(
      'ingress',
      spec.ingress?.map(({ from, ...rule }) => ({ ...rule, peers: from })),
    ),
    egress: rules(
      'egress',
      spec.egress?.map(({ to, ...rule }) => ({ ...rule, peers: to })),
    ),
  }
}

interface SpecRule {
  readonly name?: string
  readonly action: PolicyRule['action']
  readonly peers: readonly ClusterNetworkPolicyEgressPeer[]
  readonly protocols?: readonly ClusterNetworkPolicyProtocol[]
}

function refOf(
  policy: string,
  direction: Direction,
  index: number,
  name: string | undefined,
): PolicyRule['ref'] {
  return {
    kind: 'ClusterNetworkPolicy',
    policy,
    direction,
    index,
    ...(name === undefined ? {} : { name }),
  }
}

/**
 * A rule with a peer or protocol that cannot be understood fails closed: Accept then matches nothing (no rule is left),
 * Deny and Pass deny everything. The API's text says so of peers whose fields are all unset or empty. Protocols that are
 * absent or empty mean every protocol.
 */
function readRule({ action, peers, protocols = [] }: SpecRule, ref: PolicyRule['ref']): PolicyRule[] {
  const readPeers = peers.map((peer, index) => readPeer(peer, ref, index))
  const readPorts = protocols.map(readProtocol)
  if (!understood(readPeers) || !understood(readPorts) || peers.length === 0)
    return action === 'Accept' ? [] : [{ ref, action: 'Deny', peers: undefined, ports: undefined }]
  return [{ ref, action, peers: readPeers, ports: readPorts.length === 0 ? undefined : readPorts }]
}

function understood<T>(parts: readonly (T | undefined)[]): parts is readonly T[] {
  return !parts.includes(undefined)
}

/** Undefined when it cannot be understood: of a kind that is not known, or with an empty list of networks. */
function readPeer(
  peer: ClusterNetworkPolicyEgressPeer,
  { policy, direction, index: rule }: PolicyRule['ref'],
  index: number,
): PolicyPeer | undefined {
  const object = `ClusterNetworkPolicy ${policy}`
  const field = `spec.${direction}[${rule}].${direction === 'egress' ? 'to' : 'from'}[${index}]`
  if (peer.networks !== undefined) {
    if (peer.networks.length === 0) return undefined
    const blocks = peer.networks.map((text, position): AddressBlock => {
      const range = readCidr(text)
      if (range === undefined)
        throw new PolicyError(`not a CIDR: ${JSON.stringify(text)}`, object, `${field}.networks[${position}]`)
      return { range, except: [] }
    })
    return { kind: 'networks', blocks }
  }
  if (peer.nodes !== undefined) return { kind: 'nodes', nodes: readSelector(peer.nodes) }
  if (peer.domainNames !== undefined)
    throw new PolicyError(
      'domain names cannot be evaluated: no name is resolved here',
      object,
      `${field}.domainNames`,
    )
  const set = readPodSet(peer)
  return set === undefined ? undefined : { kind: 'pods', set }
}

function readPodSet({ namespaces, pods }: ClusterNetworkPolicyPodPeer): PodSet | undefined {
  if (namespaces !== undefined)
    return { namespaces: { selector: readSelector(namespaces) }, pods: ANY_LABELS }
  if (pods === undefined) return undefined
  // As it is written, not stored, the selector of namespaces may be absent: an empty one.
  const { namespaceSelector, podSelector }: Partial<NamespacedPod> = pods
  return {
    namespaces: { selector: readSelector(namespaceSelector ?? {}) },
    pods: readSelector(podSelector ?? {}),
  }
}

/** `tcp: {}` means all ports of TCP, as the API's overview says, although its schema refuses it. */
function readProtocol({
  tcp,
  udp,
  sctp,
  destinationNamedPort,
}: ClusterNetworkPolicyProtocol): PortMatch | undefined {
  if (tcp !== undefined) return readPorts('tcp', tcp)
  if (udp !== undefined) return readPorts('udp', udp)
  if (sctp !== undefined) return readPorts('sctp', sctp)
  if (destinationNamedPort !== undefined)
    return { kind: 'named', name: destinationNamedPort, protocol: undefined }
  return undefined
}

function readPorts(
  protocol: PortProtocol,
  { destinationPort }: ClusterNetworkPolicyPorts,
): PortMatch | undefined {
  if (destinationPort === undefined) return { kind: 'range', protocol, from: FIRST_PORT, to: LAST_PORT }
  const { number, range } = destinationPort
  if (number !== undefined) return { kind: 'range', protocol, from: number, to: number }
  return range === undefined ? undefined : { kind: 'range', protocol, from: range.start, to: range.end }
}
