/**
 * ClusterNetworkPolicies (policy.networking.k8s.io/v1alpha2). Biases: few priorities, so that the order within a tier
 * matters; Pass in both tiers; networks that hold pods; rules with and without protocols. Two policies of
 * one tier and priority that disagree are undefined upstream: `arbitraryCluster` gives each its own.
 */
import fc from 'fast-check'
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyEgressRule,
  ClusterNetworkPolicyIngressRule,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyPorts,
  ClusterNetworkPolicyProtocol,
} from '../../apiserver/types/index.ts'
import { arbitraryCidr } from './cidr.ts'
import type { Manifest } from './manifest.ts'
import { arbitraryNamespaceSelector, arbitrarySelector } from './selector.ts'
import { optional, present, seldom, VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** `namespaces`, or `pods` of namespaces: subjects and peers have the same form. */
export function arbitraryPodPeer(
  vocabulary: Vocabulary = VOCABULARY,
): fc.Arbitrary<ClusterNetworkPolicyPodPeer> {
  const namespaceSelector = arbitraryNamespaceSelector(vocabulary)
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: namespaceSelector.map((namespaces) => ({ namespaces })) },
    {
      weight: 3,
      arbitrary: fc.record({
        pods: fc.record({ namespaceSelector, podSelector: arbitrarySelector(vocabulary) }),
      }),
    },
  )
}

/** One number, a range, or all ports of the protocol. */
function arbitraryPorts({ ports }: Vocabulary): fc.Arbitrary<ClusterNetworkPolicyPorts> {
  const number = fc.constantFrom(...ports)
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: number.map((number) => ({ destinationPort: { number } })) },
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 2,
      arbitrary: fc.uniqueArray(number, { minLength: 2, maxLength: 2 }).map((ends) => ({
        destinationPort: { range: { start: Math.min(...ends), end: Math.max(...ends) } },
      })),
    },
  )
}

/** `named`: named ports are not allowed beside peers that are no pods. */
function arbitraryProtocols(
  vocabulary: Vocabulary,
  named: boolean,
): fc.Arbitrary<readonly ClusterNetworkPolicyProtocol[]> {
  const ports = arbitraryPorts(vocabulary)
  const item: fc.Arbitrary<ClusterNetworkPolicyProtocol> = fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: ports.map((tcp) => ({ tcp })) },
    { weight: 1, arbitrary: ports.map((udp) => ({ udp })) },
    { weight: 1, arbitrary: ports.map((sctp) => ({ sctp })) },
    ...(named
      ? [
          {
            weight: 2,
            arbitrary: fc
              .constantFrom(...vocabulary.portNames)
              .map((destinationNamedPort) => ({ destinationNamedPort })),
          },
        ]
      : []),
  )
  return fc.array(item, { minLength: 1, maxLength: 3 })
}

const action = fc.constantFrom('Accept' as const, 'Deny' as const, 'Pass' as const)
const ruleName = seldom(
  fc.nat({ max: 9 }).map((n) => `rule ${n}`),
  4,
)

function arbitraryIngress(vocabulary: Vocabulary): fc.Arbitrary<ClusterNetworkPolicyIngressRule> {
  return fc
    .record({
      name: ruleName,
      action,
      from: fc.array(arbitraryPodPeer(vocabulary), { minLength: 1, maxLength: 2 }),
      protocols: optional(arbitraryProtocols(vocabulary, true)),
    })
    .map((rule): ClusterNetworkPolicyIngressRule => present(rule))
}

function arbitraryEgress(vocabulary: Vocabulary): fc.Arbitrary<ClusterNetworkPolicyEgressRule> {
  const podPeer: fc.Arbitrary<ClusterNetworkPolicyEgressPeer> = arbitraryPodPeer(vocabulary)
  const other: fc.Arbitrary<ClusterNetworkPolicyEgressPeer> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(arbitraryCidr(vocabulary), { minLength: 1, maxLength: 2 })
        .map((networks) => ({ networks })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, 'node-1', 'node-2').map((name) => ({
        nodes: name === undefined ? {} : { matchLabels: { 'kubernetes.io/hostname': name } },
      })),
    },
  )
  const rule = (peer: fc.Arbitrary<ClusterNetworkPolicyEgressPeer>, named: boolean) =>
    fc.record({
      name: ruleName,
      action,
      to: fc.array(peer, { minLength: 1, maxLength: 2 }),
      protocols: optional(arbitraryProtocols(vocabulary, named)),
    })
  return fc
    .oneof(
      { withCrossShrink: true },
      { weight: 3, arbitrary: rule(podPeer, true) },
      { weight: 3, arbitrary: rule(fc.oneof({ withCrossShrink: true }, podPeer, other), false) },
    )
    .map((drawn): ClusterNetworkPolicyEgressRule => present(drawn))
}

export interface ClusterPolicyNaming {
  readonly name?: string
  readonly vocabulary?: Vocabulary
}

/** A ClusterNetworkPolicy that the apiserver accepts. */
export function arbitraryClusterPolicy({
  name,
  vocabulary = VOCABULARY,
}: ClusterPolicyNaming = {}): fc.Arbitrary<Manifest<ClusterNetworkPolicy>> {
  return fc
    .record({
      name: name === undefined ? fc.nat({ max: 9 }).map((n) => `cluster-policy-${n}`) : fc.constant(name),
      tier: fc.constantFrom('Admin' as const, 'Baseline' as const),
      priority: fc.constantFrom(10, 0, 1, 999, 1000),
      subject: arbitraryPodPeer(vocabulary),
      ingress: optional(fc.array(arbitraryIngress(vocabulary), { maxLength: 3 })),
      egress: optional(fc.array(arbitraryEgress(vocabulary), { maxLength: 3 })),
    })
    .map(({ name, ...spec }): Manifest<ClusterNetworkPolicy> => ({
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name },
      spec: present(spec),
    }))
}
