/** What fulfils an expectation: of what a packet met, and of what policies say. */
import type { ReferenceAnswer } from '../policy/answer.ts'
import type { Expected } from './read.ts'

export function packetFulfils(expected: Expected, verdict: string): boolean {
  if (expected === 'allowed') return verdict === 'delivered' || verdict === 'rejected'
  if (expected === 'denied') return verdict === 'dropped'
  return verdict === expected
}

/**
 * Policies do not know who listens: what is rejected was allowed. And what has nowhere to go (a Service without
 * endpoints) does not arrive although it is allowed.
 */
export function policiesFulfil(expected: Expected, { verdict, paths }: ReferenceAnswer): boolean {
  const futile = paths.some(({ obstacle, unanswered }) => (obstacle ?? unanswered) !== undefined)
  if (futile && verdict === 'allowed') return expected !== 'delivered' && expected !== 'denied'
  return verdict === (expected === 'dropped' || expected === 'denied' ? 'denied' : 'allowed')
}
