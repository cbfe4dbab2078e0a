/**
 * Where implementations of NetworkPolicy differ. Each difference is an option, and its default is what upstream's API
 * text, conformance suites or the majority of them mean.
 */
export interface PolicyOptions {
  /** `ipBlock` and `networks` match pods by their addresses. Default true (upstream e2e depends on it; netpol-analyzer: never). */
  readonly ipBlockMatchesPods: boolean
  /** A pod to its own address: the packet never leaves it. Default `allowed`. */
  readonly selfByAddress: 'allowed' | 'policed'
  /** A pod to itself through a Service. Default `policed`: ClusterNetworkPolicy says so, CNIs differ for NetworkPolicy. */
  readonly selfThroughService: 'allowed' | 'policed'
  /** NetworkPolicy and traffic between a pod and its own node, both ways. Default `allowed` (kubelet's probes). */
  readonly ownNode: 'allowed' | 'policed'
  /** ClusterNetworkPolicy egress and the pod's own node (peers `nodes`, `networks`). Default `policed`. */
  readonly ownNodeByClusterPolicy: 'allowed' | 'policed'
  /** Pods of the host's network: nodes to every policy (default), or ordinary pods. */
  readonly hostNetworkPods: 'node' | 'pod'
  /** Pods that have finished keep `status.podIP`. Default `excluded`. */
  readonly finishedPods: 'excluded' | 'included'
  /**
   * The Baseline tier is skipped where a NetworkPolicy selects the pod for that direction (default), or for any
   * direction (kube-network-policies).
   */
  readonly baselineAfterNetworkPolicy: 'same-direction' | 'any-direction'
  /** ClusterNetworkPolicies of one tier and priority: by name (default, reported as ambiguous if it matters), or an error. */
  readonly equalPriority: 'by-name' | 'error'
  /** A listed direction with an empty list of rules. Default `deny`. */
  readonly emptyRules: 'deny' | 'allow'
  /** NetworkPolicy rules without `ports` allow other protocols too, ICMP among them. Default true. */
  readonly portlessRulesAllowOtherProtocols: boolean
  /** Egress to a named port of an address that is no pod: matches nothing (default), or an error. */
  readonly namedPortOutside: 'no-match' | 'error'
}

/** What holds for options that are not given: upstream's meaning, as said at each of `PolicyOptions`. */
export const DEFAULT_POLICY_OPTIONS: PolicyOptions = {
  ipBlockMatchesPods: true,
  selfByAddress: 'allowed',
  selfThroughService: 'policed',
  ownNode: 'allowed',
  ownNodeByClusterPolicy: 'policed',
  hostNetworkPods: 'node',
  finishedPods: 'excluded',
  baselineAfterNetworkPolicy: 'same-direction',
  equalPriority: 'by-name',
  emptyRules: 'deny',
  portlessRulesAllowOtherProtocols: true,
  namedPortOutside: 'no-match',
}

/** All values of each option, the default first. */
export const OPTION_VALUES: { readonly [Option in keyof PolicyOptions]: readonly PolicyOptions[Option][] } = {
  ipBlockMatchesPods: [true, false],
  selfByAddress: ['allowed', 'policed'],
  selfThroughService: ['policed', 'allowed'],
  ownNode: ['allowed', 'policed'],
  ownNodeByClusterPolicy: ['policed', 'allowed'],
  hostNetworkPods: ['node', 'pod'],
  finishedPods: ['excluded', 'included'],
  baselineAfterNetworkPolicy: ['same-direction', 'any-direction'],
  equalPriority: ['by-name', 'error'],
  emptyRules: ['deny', 'allow'],
  portlessRulesAllowOtherProtocols: [true, false],
  namedPortOutside: ['no-match', 'error'],
}
