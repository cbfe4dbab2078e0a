/** Policies over the labels, ports and addresses of `world.ts`. */
import fc from 'fast-check'
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicyEgressPeer,
  ClusterNetworkPolicyPodPeer,
  ClusterNetworkPolicyProtocol,
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../src/apiserver/types/index.ts'
import { clusterPolicy, networkPolicy } from '../../support/policy/objects.ts'

const VALUES = { app: ['web', 'db', 'dns', 'none'], tier: ['front', 'back'] }
type Key = keyof typeof VALUES
const anyKey = fc.constantFrom<Key>('app', 'tier')

const anyRequirement = anyKey.chain((key) =>
  fc.oneof(
    fc.constantFrom('Exists' as const, 'DoesNotExist' as const).map((operator) => ({ key, operator })),
    fc.record({
      key: fc.constant(key),
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.subarray(VALUES[key], { minLength: 1 }),
    }),
  ),
)

export const anySelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  fc.constant({}),
  anyKey.chain((key) => fc.constantFrom(...VALUES[key]).map((value) => ({ matchLabels: { [key]: value } }))),
  fc.array(anyRequirement, { minLength: 1, maxLength: 2 }).map((matchExpressions) => ({ matchExpressions })),
)

const anyNamespaceSelector: fc.Arbitrary<LabelSelector> = fc.oneof(
  anySelector,
  fc.constantFrom('x', 'y').map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
)

export const CIDRS = [
  '0.0.0.0/0',
  '10.0.0.0/24',
  '10.0.0.0/29',
  '10.0.0.5/32',
  '172.16.0.0/31',
  '::/0',
  'fd00::/125',
  '2001:db8::2/128',
]

const anyIpBlock = fc
  .record({ cidr: fc.constantFrom('0.0.0.0/0', '10.0.0.0/24', '::/0'), except: fc.subarray(CIDRS) })
  .map(({ cidr, except }) => ({
    cidr,
    except: except.filter((hole) => hole.includes(':') === cidr.includes(':') && !hole.endsWith('/0')),
  }))

const anyPeer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  anySelector.map((podSelector) => ({ podSelector })),
  anyNamespaceSelector.map((namespaceSelector) => ({ namespaceSelector })),
  fc.record({ podSelector: anySelector, namespaceSelector: anyNamespaceSelector }),
  anyIpBlock.map((ipBlock) => ({ ipBlock })),
  fc.constantFrom(...CIDRS).map((cidr) => ({ ipBlock: { cidr } })),
)

const anyProtocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const)
const anyPort = fc.constantFrom(1, 53, 79, 80, 81, 8080, 65535)
const anyName = fc.constantFrom('http', 'dns', 'alt', 'none')

const anyNetworkPolicyPort: fc.Arbitrary<NetworkPolicyPort> = fc.oneof(
  fc.record({ protocol: anyProtocol, port: fc.oneof(anyPort, anyName) }, { requiredKeys: [] }),
  fc.tuple(anyProtocol, anyPort, anyPort).map(([protocol, one, other]) => ({
    protocol,
    port: Math.min(one, other),
    endPort: Math.max(one, other),
  })),
)

const anyRule = fc.record(
  { peers: fc.array(anyPeer, { maxLength: 2 }), ports: fc.array(anyNetworkPolicyPort, { maxLength: 2 }) },
  { requiredKeys: [] },
)

export function anyNetworkPolicy(namespaces: readonly string[]): fc.Arbitrary<NetworkPolicy> {
  return fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom('p', 'q'),
      podSelector: anySelector,
      policyTypes: fc.subarray(['Ingress' as const, 'Egress' as const]),
      ingress: fc.option(fc.array(anyRule, { maxLength: 2 }), { nil: undefined }),
      egress: fc.option(fc.array(anyRule, { maxLength: 2 }), { nil: undefined }),
    })
    .map(({ namespace, name, podSelector, policyTypes, ingress, egress }) =>
      networkPolicy(`${namespace}/${name}`, {
        podSelector,
        policyTypes,
        ...(ingress && { ingress: ingress.map(({ peers, ports }) => defined({ from: peers, ports })) }),
        ...(egress && { egress: egress.map(({ peers, ports }) => defined({ to: peers, ports })) }),
      }),
    )
}

const anyPodPeer: fc.Arbitrary<ClusterNetworkPolicyPodPeer> = fc.oneof(
  anyNamespaceSelector.map((namespaces) => ({ namespaces })),
  fc.record({ namespaceSelector: anyNamespaceSelector, podSelector: anySelector }).map((pods) => ({ pods })),
)

const anyEgressPeer: fc.Arbitrary<ClusterNetworkPolicyEgressPeer> = fc.oneof(
  anyPodPeer,
  fc.subarray(CIDRS, { minLength: 1, maxLength: 2 }).map((networks) => ({ networks })),
  anySelector.map((nodes) => ({ nodes })),
)

const anyClusterProtocol: fc.Arbitrary<ClusterNetworkPolicyProtocol> = fc.oneof(
  fc
    .tuple(fc.constantFrom('tcp', 'udp', 'sctp'), anyPort)
    .map(([protocol, number]) => ({ [protocol]: { destinationPort: { number } } })),
  fc
    .tuple(fc.constantFrom('tcp', 'udp'), fc.constantFrom([1, 80], [80, 8080], [53, 65535]))
    .map(([protocol, [start, end]]) => ({
      [protocol]: { destinationPort: { range: { start: start!, end: end! } } },
    })),
  anyName.map((destinationNamedPort) => ({ destinationNamedPort })),
)

const anyAction = fc.constantFrom('Accept' as const, 'Deny' as const, 'Pass' as const)
const anyProtocols = fc.option(fc.array(anyClusterProtocol, { minLength: 1, maxLength: 2 }), {
  nil: undefined,
})

export const anyClusterPolicy: fc.Arbitrary<ClusterNetworkPolicy> = fc
  .record({
    name: fc.constantFrom('r', 's', 't'),
    tier: fc.constantFrom('Admin' as const, 'Baseline' as const),
    priority: fc.constantFrom(0, 1, 2),
    subject: anyPodPeer,
    ingress: fc.array(
      fc.record({
        action: anyAction,
        from: fc.array(anyPodPeer, { minLength: 1, maxLength: 2 }),
        protocols: anyProtocols,
      }),
      { maxLength: 2 },
    ),
    egress: fc.array(
      fc.record({
        action: anyAction,
        to: fc.array(anyEgressPeer, { minLength: 1, maxLength: 2 }),
        protocols: anyProtocols,
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ name, ingress, egress, ...spec }) =>
    clusterPolicy(name, { ...spec, ingress: ingress.map(defined), egress: egress.map(defined) }),
  )

/** Without the fields that are undefined. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
