/**
 * Small worlds of policies: few names, labels, addresses and ports, so that everything meets everything. Objects as the
 * apiserver would store them.
 */
import fc from 'fast-check'
import type { Labels } from '../../../src/apiserver/types/index.ts'
import type { PolicyObject } from '../../../src/policy/evaluate/index.ts'
import { namespace, node, pod } from '../../support/policy/objects.ts'
import { anyClusterPolicy, anyNetworkPolicy } from './policy.ts'

export const NAMESPACES = ['x', 'y', 'z']
export const PODS = ['a', 'b', 'c', 'd']
export const NODES = ['n1', 'n2']

/** Addresses that nobody has, and some that somebody may have; next to the ends of the CIDRs in play. */
export const ADDRESSES = [
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.7',
  '10.0.0.8',
  '10.0.1.0',
  '9.255.255.255',
  '172.16.0.2',
  '0.0.0.0',
  '255.255.255.255',
  '2001:db8::1',
  'fd00::1',
  'fd00::9',
  '::',
]

export const anyLabels: fc.Arbitrary<Labels> = fc
  .record(
    { app: fc.constantFrom('web', 'db', 'dns'), tier: fc.constantFrom('front', 'back') },
    { requiredKeys: [] },
  )
  .map((labels) => ({ ...labels }))

const anyNamespace = fc
  .record({ name: fc.constantFrom(...NAMESPACES), labels: anyLabels })
  .map(({ name, labels }) => namespace(name, labels))

const anyNode = fc
  .record({ index: fc.nat(NODES.length - 1), labels: anyLabels })
  .map(({ index, labels }) =>
    node(NODES[index]!, [`172.16.0.${index + 1}`, `2001:db8::${index + 1}`], labels),
  )

const anyPorts = fc.subarray(['http=80', 'http=8080', 'dns=53/UDP', 'dns=53', 'alt=81/SCTP'])

export const anyPod = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom(...PODS),
    labels: anyLabels,
    ports: anyPorts,
    node: fc.constantFrom(...NODES, 'n3', undefined),
    families: fc.constantFrom('4', '6', '46', '64', ''),
    state: fc.constantFrom(
      'Running',
      'Running',
      'Running',
      'Running',
      'Pending',
      'Succeeded',
      'host',
      'reused',
    ),
  })
  .map(({ namespace, name, labels, ports, node, families, state }) => {
    const host = NAMESPACES.indexOf(namespace) * PODS.length + PODS.indexOf(name) + 1
    const onNode = state === 'host' && node !== undefined
    // A finished pod may show the address that another has by now.
    const number = onNode ? NODES.indexOf(node) + 1 : state === 'reused' ? (host % 12) + 1 : host
    const ips = {
      '4': `${onNode ? '172.16.0' : '10.0.0'}.${number}`,
      '6': `${onNode ? '2001:db8' : 'fd00'}::${number}`,
    }
    return pod(`${namespace}/${name}`, {
      labels,
      ports,
      ips: [...families].map((family) => ips[family as '4' | '6']),
      hostNetwork: state === 'host',
      phase:
        state === 'Pending'
          ? 'Pending'
          : state === 'Succeeded' || state === 'reused'
            ? 'Succeeded'
            : 'Running',
      ...(node === undefined ? {} : { node }),
    })
  })

/** One object, of which there may be another version already. */
export const anyObject: fc.Arbitrary<PolicyObject> = fc.oneof(
  { arbitrary: anyPod, weight: 4 },
  { arbitrary: anyNetworkPolicy(NAMESPACES), weight: 3 },
  { arbitrary: anyClusterPolicy, weight: 2 },
  { arbitrary: anyNamespace, weight: 1 },
  { arbitrary: anyNode, weight: 1 },
)

/** A later object takes the place of an earlier one of the same name. */
export const anyWorld: fc.Arbitrary<PolicyObject[]> = fc
  .tuple(
    fc.array(anyNamespace, { maxLength: 3 }),
    fc.array(anyNode, { maxLength: 2 }),
    fc.array(anyPod, { minLength: 1, maxLength: 8 }),
    fc.array(anyNetworkPolicy(NAMESPACES), { maxLength: 4 }),
    fc.array(anyClusterPolicy, { maxLength: 3 }),
  )
  .map((parts) => parts.flat())
