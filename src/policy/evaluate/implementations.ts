/**
 * How some implementations and analysers read the APIs where these leave room, as options: what each is known to do,
 * from its code. What is not said here is as upstream means it, or not known.
 */
import type { PolicyOptions } from './options.ts'

/**
 * Options by the name of an implementation, for `new Evaluator(state, IMPLEMENTATIONS['netpol-analyzer'])`. Each has only
 * what differs from `DEFAULT_POLICY_OPTIONS`.
 */
export const IMPLEMENTATIONS = {
  /** np-guard/netpol-analyzer: addresses are external, host-network and finished pods are ordinary ones, doubts are errors. */
  'netpol-analyzer': {
    ipBlockMatchesPods: false,
    ownNode: 'policed',
    hostNetworkPods: 'pod',
    finishedPods: 'included',
    equalPriority: 'error',
    namedPortOutside: 'error',
  },
  /** network-policy-api/policy-assistant and cyclonus: every pod is an ordinary one, the diagonal is policed. */
  'policy-assistant': {
    selfByAddress: 'policed',
    ownNode: 'policed',
    hostNetworkPods: 'pod',
    finishedPods: 'included',
  },
  /** kubernetes-sigs/kube-network-policies. */
  'kube-network-policies': {
    finishedPods: 'included',
    baselineAfterNetworkPolicy: 'any-direction',
    emptyRules: 'allow',
  },
} as const satisfies Readonly<Record<string, Partial<PolicyOptions>>>
