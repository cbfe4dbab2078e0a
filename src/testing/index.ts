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
