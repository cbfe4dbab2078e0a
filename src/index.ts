/** Podwire: a cluster's network in one process. See `docs/getting-started.md`; kernel objects alone are `podwire/lab`. */
export { Cluster, type ClusterOptions, type RenderRequest, type Settled } from './cluster/cluster.ts'
export type { ConnectRequest } from './cluster/connect.ts'
export type { Connectivity, ConnectivityRow } from './cluster/connectivity.ts'
export type { Backend, Endpoints, Flow, Hop, ProxyMode, Reply, Verdict } from './cluster/flow.ts'
export type { Warning } from './cluster/manifests/kinds.ts'
export type { ManifestInput } from './cluster/manifests/sources.ts'
export type { MatrixRequest } from './cluster/matrix.ts'
export type { FlowProtocol, PortSpec } from './cluster/reference.ts'
export type { Judgement, ReferenceAnswer, ReferencePath, ReferenceVerdict } from './cluster/policy/answer.ts'
export {
  Evaluator,
  formatConnections,
  formatOpenConnections,
  hasConnection,
  IMPLEMENTATIONS as POLICY_IMPLEMENTATIONS,
  PolicyError,
} from './policy/evaluate/index.ts'
export type {
  ConnectionSet,
  ExposedCell,
  Exposure,
  ExternalRange,
  OpenConnections,
  PolicyOptions,
} from './policy/evaluate/index.ts'
export { Problem, type Place } from './kernel/problem.ts'
