/**
 * Everything a policy compiler takes in, in one place: how objects become facts and plans, and where and when the rules
 * are asked. A fault of a dataplane is a function from inputs to inputs: it wraps one or more of these and leaves the
 * rest alone, so the compilers know nothing of faults. A fault with a memory (labels that are never read again, say)
 * keeps it in its closure: inputs are wrapped once a node.
 *
 * ```ts
 * const endPortExclusive: PolicyFault = (inputs) => ({
 *   ...inputs,
 *   networkPolicy: (policy) => inputs.networkPolicy(policy).map(withPorts(oneLess)),
 * })
 * ```
 */
import type {
  ClusterNetworkPolicy,
  KubeObject,
  Labels,
  NetworkPolicy,
  Node,
  Pod,
} from '../../apiserver/index.ts'
import type { ConntrackState } from '../../kernel/ruleset.ts'
import { namespaceLabels, nodeFacts, podFacts, type NodeFacts, type PodFacts } from '../members/pod-facts.ts'
import { planClusterNetworkPolicy } from './cluster-network-policy.ts'
import { planNetworkPolicy } from './network-policy.ts'
import type { PolicyPlan } from './plan.ts'

export interface PolicyInputs {
  /** Undefined: no policy is about the pod, and no selector matches it. Called whenever the pod changes. */
  readonly pod: (pod: Pod) => PodFacts | undefined
  readonly namespace: (namespace: KubeObject) => Labels
  readonly node: (node: Node) => NodeFacts
  /** None: the policy has no effect. Called whenever the policy changes. */
  readonly networkPolicy: (policy: NetworkPolicy) => readonly PolicyPlan[]
  readonly clusterNetworkPolicy: (policy: ClusterNetworkPolicy) => readonly PolicyPlan[]
  readonly placement: Placement
}

/** Where rules stand, and what passes by them. */
export interface Placement {
  /** `FORWARD`: what a Service became (after DNAT). `PREROUTING`: what the client wrote. */
  readonly hook: 'FORWARD' | 'PREROUTING'
  /** States of conntrack that pass without a question. */
  readonly accepted: readonly ConntrackState[]
  /** `policed`: NetworkPolicies are asked about traffic between a pod and its own node, too. */
  readonly ownNode: 'exempt' | 'policed'
  /** Neighbour discovery passes. */
  readonly neighbourDiscovery: boolean
  /** A pod cannot send with an address that is not its own. */
  readonly reversePath: boolean
  /** A pod that goes is taken out of sets. */
  readonly forgetsPods: boolean
  /** A pod's isolation is in force before its interface is. */
  readonly beforeFirstPacket: boolean
  /** Families in which anything is enforced. */
  readonly families: readonly ('ipv4' | 'ipv6')[]
}

export type PolicyFault = (inputs: PolicyInputs) => PolicyInputs

/** As the APIs say. */
export const POLICY_INPUTS: PolicyInputs = {
  pod: podFacts,
  namespace: namespaceLabels,
  node: nodeFacts,
  networkPolicy: planNetworkPolicy,
  clusterNetworkPolicy: planClusterNetworkPolicy,
  placement: {
    hook: 'FORWARD',
    accepted: ['RELATED', 'ESTABLISHED'],
    ownNode: 'exempt',
    neighbourDiscovery: true,
    reversePath: true,
    forgetsPods: true,
    beforeFirstPacket: true,
    families: ['ipv4', 'ipv6'],
  },
}
