/** For tests of manifests: matchers for vitest and jest, arbitraries for fast-check. */
export * from './arbitraries/index.ts'
export {
  connectsTo,
  matchers,
  requestOf,
  toConnect,
  toDrop,
  toMatchMatrix,
  toReject,
  type ConnectionArguments,
  type ConnectionMatcher,
  type ConnectionMatchers,
  type MatcherResult,
  type PortArgument,
} from './matchers.ts'
export type { ExpectedMatrix, MatrixLetter, MatrixMatchOptions } from './matrix-text.ts'
export {
  checkEnforcement,
  describeDifference,
  formatReport,
  type Difference,
  type DifferenceKind,
  type EnforcementOptions,
  type EnforcementReport,
} from './enforcement/check.ts'
export { questionsOf, type PacketQuestion, type QuestionSelection } from './enforcement/questions.ts'
export { finishPod, startCluster } from './start-cluster.ts'
export { EDGE_CASES, SERVICE_CASE, type EdgeCase } from './edge-cases/index.ts'
export type { PolicyCommand } from './model/change.ts'
export {
  arbitraryHistory,
  policyCommands,
  runHistory,
  type CommandOptions,
  type HistoryOptions,
} from './model/commands.ts'
export { modelOf, type PolicyModel, type PolicySystem } from './model/model.ts'
export {
  formatFailure,
  POLICY_PROPERTIES,
  type PolicyProperty,
  type PropertyFailure,
  type PropertyOptions,
} from './properties/index.ts'
export { FAULT_NAMES, FAULTS, type Fault, type FaultName } from '../policy/faults/index.ts'
export type { PolicyFault, PolicyInputs } from '../policy/plan/inputs.ts'
export { stepClock } from './step-cluster.ts'
export {
  formatExpectation,
  formatMutationScore,
  mutationScore,
  type MissingExpectation,
  type Mutant,
  type MutationOptions,
  type MutationScore,
  type Suite,
  type TriedFault,
} from './mutation/index.ts'
export { checkServices, formatServiceDifference, type ServiceDifference } from './enforcement/services.ts'
