/** The reference evaluator of NetworkPolicy and ClusterNetworkPolicy. */
export { Evaluator, type PolicyObject } from './evaluator.ts'
export { DEFAULT_POLICY_OPTIONS, OPTION_VALUES, type PolicyOptions } from './options.ts'
export { PolicyError } from './policy-error.ts'
export { ALL_CONNECTIONS, NO_CONNECTIONS, type ConnectionSet, type PortInterval } from './connections.ts'
export type * from './question.ts'
