/**
 * ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) in the words of a plan. Unlike NetworkPolicy it isolates
 * nobody: a pod that no rule matches goes on to the next policy. A rule with a peer or protocol of a kind that is not
 * known here, or without any peer, closes: an Accept lets nobody through, a Deny or Pass denies everybody, as the API
 * demands.
 */
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyAction,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyProtocol,
} from '../../apiserver/index.ts'
import type { Direction, PlanPeer, PlanPort, PlanRule, PodSelector, PolicyPlan } from './plan.ts'

interface ApiRule {
  readonly name?: string
  readonly action: ClusterNetworkPolicyAction
  readonly peers: readonly ClusterNetworkPolicyEgressPeer[]
  readonly protocols?: readonly ClusterNetworkPolicyProtocol[]
}

export function planClusterNetworkPolicy({ metadata, spec }: ClusterNetworkPolicy): PolicyPlan[] {
  const { name, resourceVersion } = metadata
  const { tier, priority } = spec
  const subject = podsOf(spec.subject)
  if (subject === undefined) return []
  const plan = (direction: Direction, rules: readonly ApiRule[]): PolicyPlan[] =>
    rules.length === 0
      ? []
      : [
          {
            kind: 'ClusterNetworkPolicy',
            name,
            resourceVersion,
            tier,
            priority,
            direction,
            subject,
            rules: rules.map(planRule),
          },
        ]
  const { ingress = [], egress = [] } = spec
  return [
    ...plan(
      'egress',
      egress.map(({ to, ...rest }) => ({ ...rest, peers: to })),
    ),
    ...plan(
      'ingress',
      ingress.map(({ from, ...rest }) => ({ ...rest, peers: from })),
    ),
  ]
}

function planRule({ name, action, peers, protocols = [] }: ApiRule, index: number): PlanRule {
  const rule = { index, ...(name === undefined ? {} : { name }) }
  const others = allKnown(peers.map(planPeer))
  const ports = allKnown(protocols.map(planPort))
  if (others === undefined || others.length === 0 || ports === undefined)
    return action === 'Accept'
      ? { ...rule, action, peers: [], ports: undefined }
      : { ...rule, action: 'Deny', peers: undefined, ports: undefined }
  return { ...rule, action, peers: others.flat(), ports: ports.length === 0 ? undefined : ports }
}

function allKnown<T>(parts: readonly (T | undefined)[]): readonly T[] | undefined {
  return parts.includes(undefined) ? undefined : (parts as readonly T[])
}

/** Undefined: a peer of an unknown kind. */
function planPeer(peer: ClusterNetworkPolicyEgressPeer): PlanPeer[] | undefined {
  const selector = podsOf(peer)
  if (selector !== undefined) return [{ kind: 'pods', selector }]
  if (peer.nodes !== undefined) return [{ kind: 'nodes', selector: peer.nodes }]
  if (peer.networks === undefined || peer.networks.length === 0) return undefined
  return peer.networks.map((cidr) => ({ kind: 'network', cidr, except: [] }))
}

function podsOf({ namespaces, pods }: ClusterNetworkPolicyPodPeer): PodSelector | undefined {
  if (namespaces !== undefined) return { namespaces: { labels: namespaces }, pods: {} }
  if (pods === undefined) return undefined
  return { namespaces: { labels: pods.namespaceSelector }, pods: pods.podSelector }
}

/** Without a destination port: all ports of the protocol. Undefined: a protocol of an unknown kind. */
function planPort({
  tcp,
  udp,
  sctp,
  destinationNamedPort,
}: ClusterNetworkPolicyProtocol): PlanPort | undefined {
  if (destinationNamedPort !== undefined) return { kind: 'named', name: destinationNamedPort }
  const ports = tcp ?? udp ?? sctp
  if (ports === undefined) return undefined
  const protocol = tcp !== undefined ? 'TCP' : udp !== undefined ? 'UDP' : 'SCTP'
  if (ports.destinationPort === undefined) return { kind: 'protocol', protocol }
  const { number, range } = ports.destinationPort
  if (number !== undefined) return { kind: 'range', protocol, from: number, to: number }
  return range === undefined ? undefined : { kind: 'range', protocol, from: range.start, to: range.end }
}
