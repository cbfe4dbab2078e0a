/** For tests of manifests: matchers for vitest and jest. */
export {
  matchers,
  toConnect,
  toDrop,
  toReject,
  type ConnectionMatcher,
  type ConnectionMatchers,
  type MatcherResult,
} from './matchers.ts'
