/** Which policies may have a say about an end: those that select the pods it may mean, under any option. */
import type { ClusterNetworkPolicy, NetworkPolicy } from '../../apiserver/types/index.ts'
import { readAddress } from '../../policy/evaluate/address.ts'
import type { PodFacts } from '../../policy/evaluate/facts.ts'
import type { Direction, Endpoint, Evaluator } from '../../policy/evaluate/index.ts'
import type { PolicyView } from '../view.ts'

type Index = Evaluator['index']

/** With the rules of one direction only: the other end is about the others. */
export function policiesAbout(
  view: PolicyView,
  index: Index,
): (endpoint: Endpoint, direction: Direction) => PolicyView {
  return (endpoint, direction) => {
    const pods = podsMeant(index, endpoint)
    const about = (policy: NetworkPolicy | ClusterNetworkPolicy): boolean =>
      pods.some((pod) => selects(index, policy, pod))
    const other = direction === 'egress' ? 'ingress' : 'egress'
    return {
      networkPolicies: () =>
        view
          .networkPolicies()
          .filter(about)
          .map((policy) => ({ ...policy, spec: { ...policy.spec, [other]: [] } })),
      clusterNetworkPolicies: () =>
        view
          .clusterNetworkPolicies()
          .filter(about)
          .map((policy) => ({ ...policy, spec: { ...policy.spec, [other]: [] } })),
    }
  }
}

/** A node is no pod; an address may be a pod's, or may have been. */
function podsMeant(index: Index, endpoint: Endpoint): readonly PodFacts[] {
  switch (endpoint.kind) {
    case 'pod': {
      const pod = index.pod(endpoint.namespace, endpoint.name)
      return pod === undefined ? [] : [pod]
    }
    case 'node':
      return []
    case 'address': {
      const address = readAddress(endpoint.address)
      return address === undefined ? [] : index.podsAt(address)
    }
    default:
      return endpoint satisfies never
  }
}

function selects(
  index: Index,
  { kind, metadata }: NetworkPolicy | ClusterNetworkPolicy,
  pod: PodFacts,
): boolean {
  const policy =
    kind === 'NetworkPolicy'
      ? index.networkPolicy(metadata.namespace ?? 'default', metadata.name)
      : index.clusterPolicy(metadata.name)
  return policy !== undefined && index.contains(policy.subject, pod)
}
