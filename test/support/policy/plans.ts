/** The parts of a drawn plan's NetworkPolicies, whichever direction they are of. */
import type {
  IPBlock,
  LabelSelector,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../../../src/apiserver/index.ts'
import type { ClusterPlan } from '../../../src/testing/arbitraries/index.ts'

export interface AnyRule {
  readonly peers?: readonly NetworkPolicyPeer[] | undefined
  readonly ports?: readonly NetworkPolicyPort[] | undefined
}

export function specs({ networkPolicies }: ClusterPlan): NetworkPolicySpec[] {
  return networkPolicies.map(({ spec }) => spec)
}

export function rules(plan: ClusterPlan): AnyRule[] {
  return specs(plan).flatMap(({ ingress = [], egress = [] }) => [
    ...ingress.map(({ from, ports }) => ({ peers: from, ports })),
    ...egress.map(({ to, ports }) => ({ peers: to, ports })),
  ])
}

/** Those that are there. */
export function portLists(plan: ClusterPlan): (readonly NetworkPolicyPort[])[] {
  return rules(plan).flatMap(({ ports }) => (ports === undefined ? [] : [ports]))
}

export function portEntries(plan: ClusterPlan): NetworkPolicyPort[] {
  return portLists(plan).flat()
}

export function peerLists(plan: ClusterPlan): (readonly NetworkPolicyPeer[])[] {
  return rules(plan).flatMap(({ peers }) => (peers === undefined ? [] : [peers]))
}

export function blocks(plan: ClusterPlan): IPBlock[] {
  return peerLists(plan)
    .flat()
    .flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock]))
}

/** Of subjects and peers. */
export function selectors(plan: ClusterPlan): LabelSelector[] {
  const ofPeers = peerLists(plan)
    .flat()
    .flatMap(({ podSelector, namespaceSelector }) => [podSelector, namespaceSelector])
  return [...specs(plan).map(({ podSelector }) => podSelector), ...ofPeers].filter(
    (each) => each !== undefined,
  )
}
