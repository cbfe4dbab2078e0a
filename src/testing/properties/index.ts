/** The properties that every policy dataplane must have; each catches faults that the others may miss. */
import { aRuleMoreNeverCuts, exceptNeverWidens, orderIsNoMatter, relabellingIsRecreating } from './algebra.ts'
import { changesAreFollowed } from './changes.ts'
import { neighboursAreFound, packetsMeetWhatPoliciesSay, policiesSeeTheBackend } from './enforcement.ts'
import type { PolicyProperty } from './property.ts'
import { liveConnectionsFollowTheOption, nothingDeniedIsDelivered, sourcesAreTheirOwn } from './time.ts'

export const POLICY_PROPERTIES: readonly PolicyProperty[] = [
  packetsMeetWhatPoliciesSay,
  policiesSeeTheBackend,
  neighboursAreFound,
  aRuleMoreNeverCuts,
  exceptNeverWidens,
  orderIsNoMatter,
  relabellingIsRecreating,
  changesAreFollowed,
  nothingDeniedIsDelivered,
  sourcesAreTheirOwn,
  liveConnectionsFollowTheOption,
]

export { formatFailure, type PolicyProperty, type PropertyFailure, type PropertyOptions } from './property.ts'
