/**
 * Whether what policies say fulfils what somebody expects of packets. Policies do not know who listens: what is rejected
 * was allowed. And what nothing carries there (a Service without endpoints) does not arrive although it is allowed.
 */
import type { Expected } from '../expectations/read.ts'
import type { ReferenceAnswer } from './answer.ts'

export function fulfils(expected: Expected, { verdict, paths }: ReferenceAnswer): boolean {
  const futile = paths.some(({ obstacle, unanswered }) => (obstacle ?? unanswered) !== undefined)
  if (futile && verdict === 'allowed') return expected !== 'delivered' && expected !== 'denied'
  return verdict === (expected === 'dropped' || expected === 'denied' ? 'denied' : 'allowed')
}
