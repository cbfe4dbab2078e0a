/** Drawn histories notice mistakes that only a history shows, and soon. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FaultName } from '../../../src/policy/faults/index.ts'
import {
  arbitraryCluster,
  arbitraryHistory,
  NARROW_VOCABULARY,
  runHistory,
} from '../../../src/testing/index.ts'

const SEED = 1

const OF_HISTORIES: readonly FaultName[] = [
  'deletedPodKeepsIp',
  'podRelabelMissed',
  'namespaceRelabelMissed',
  'terminatingPodForgotten',
]

it.each(OF_HISTORIES)('%s within 30 runs', async (fault) => {
  const property = fc.asyncProperty(
    arbitraryCluster({ vocabulary: NARROW_VOCABULARY, maxServices: 0, minPolicies: 1 }),
    arbitraryHistory({ packets: 100 }),
    (plan, history) => runHistory(plan, history, { policy: { faults: [fault] } }),
  )
  const { failed, errorInstance, numRuns } = await fc.check(property, {
    seed: SEED,
    numRuns: 30,
    endOnFailure: true,
  })
  expect(failed, `${fault} in ${numRuns} runs`).toBe(true)
  expect(String(errorInstance)).toMatch(/let through|blocked/)
})
