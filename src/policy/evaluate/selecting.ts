/**
 * Which policies select a pod, tier by tier. Both walks through the tiers ask here: they share who is asked, and not how
 * the answers are put together.
 */
import type { PodFacts } from './facts.ts'
import type { Context } from './party.ts'
import type { ClusterPolicy, NamespacedPolicy, Policy } from './policy.ts'
import type { PolicyIndex } from './policy-index.ts'
import type { Direction } from './question.ts'

/** Every policy that selects the pod, in the order in which they are asked. */
export function policiesOf(pod: PodFacts, index: PolicyIndex): Policy[] {
  return [
    ...clusterPoliciesOf('Admin', pod, index),
    ...networkPoliciesOf(pod, index),
    ...clusterPoliciesOf('Baseline', pod, index),
  ]
}

/** By priority, and by name where that is equal. */
export function clusterPoliciesOf(
  tier: ClusterPolicy['tier'],
  pod: PodFacts,
  index: PolicyIndex,
): ClusterPolicy[] {
  return index.clusterPoliciesOf(tier).filter((policy) => index.contains(policy.subject, pod))
}

/** How NetworkPolicies hold a pod in one direction. */
export interface Isolation {
  /** The policies that isolate it, by name. Without one, the tier has no say, unless `otherwise` is there. */
  readonly policies: readonly NamespacedPolicy[]
  /**
   * A policy for the other direction only, on account of which this one is open and the Baseline tier is not asked:
   * option `baselineAfterNetworkPolicy: 'any-direction'`.
   */
  readonly otherwise: NamespacedPolicy | undefined
}

export function isolationOf(direction: Direction, pod: PodFacts, context: Context): Isolation {
  const selecting = networkPoliciesOf(pod, context.index)
  const policies = selecting.filter((policy) => policy[direction] !== undefined)
  const anyDirection = context.options.baselineAfterNetworkPolicy === 'any-direction'
  return { policies, otherwise: policies.length === 0 && anyDirection ? selecting[0] : undefined }
}

/** By name. Policies select pods of their own namespace only. */
function networkPoliciesOf(pod: PodFacts, index: PolicyIndex): NamespacedPolicy[] {
  return [...index.networkPoliciesOf(pod.namespace)]
    .filter((policy) => index.contains(policy.subject, pod))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
