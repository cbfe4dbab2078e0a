/** What fulfils an expectation: of what a packet met, and of what policies say. */
import type { ReferenceAnswer, ReferencePath } from '../policy/answer.ts'
import type { Expected } from './read.ts'

export function packetFulfils(expected: Expected, verdict: string): boolean {
  if (expected === 'allowed') return verdict === 'delivered' || verdict === 'rejected'
  if (expected === 'denied') return verdict === 'dropped'
  return verdict === expected
}

/**
 * Whatever backend is chosen. Policies do not know who listens: what they allow may be rejected. What has nowhere to go
 * (a Service without endpoints) does not arrive although it is allowed, and what gets no answer is dropped to the client.
 */
export function policiesFulfil(expected: Expected, { paths }: ReferenceAnswer): boolean {
  return paths.every((path) => possible(path).includes(expected))
}

function possible({ allowed, obstacle, unanswered }: ReferencePath): readonly Expected[] {
  if (!allowed) return ['dropped', 'denied']
  if (unanswered !== undefined) return ['dropped', 'allowed']
  return obstacle === undefined ? ['delivered', 'rejected', 'allowed'] : ['rejected', 'dropped', 'allowed']
}
