/** The reference evaluator of NetworkPolicy and ClusterNetworkPolicy. */
export { Evaluator, type EndsOptions, type PolicyObject } from './evaluator.ts'
export { IMPLEMENTATIONS } from './implementations.ts'
export { DEFAULT_POLICY_OPTIONS, OPTION_VALUES, type PolicyOptions } from './options.ts'
export { PolicyError } from './policy-error.ts'
export {
  ALL_CONNECTIONS,
  connectionsKey,
  connectionsOf,
  equalConnections,
  hasConnection,
  intersectConnections,
  NO_CONNECTIONS,
  noConnections,
  subtractConnections,
  unionConnections,
  type ConnectionSet,
  type PortInterval,
} from './connections.ts'
export { formatConnections, type ConnectionsFormat } from './format-connections.ts'
export type { AllPairs, PodClass } from './classes/all-pairs.ts'
export type { PortQuestion } from './classes/pair-count.ts'
export type { ExposedCell } from './exposure/cells.ts'
export type { ExposedGroup, Exposure } from './exposure/exposure.ts'
export { formatOpenConnections } from './exposure/format.ts'
export { equalOpen, type NamedPortConnections, type OpenConnections } from './exposure/open-connections.ts'
export type { ExposureOptions } from './exposure/subject.ts'
export type { ExternalOptions, ExternalRange } from './external.ts'
export type * from './question.ts'
