/** The shipped properties hold for our own dataplane, and notice every mistake in the catalogue. */
import { describe, expect, it } from 'vitest'
import { FAULT_NAMES } from '../../../src/policy/faults/index.ts'
import { POLICY_PROPERTIES } from '../../../src/testing/properties/index.ts'

const SEED = 20240101

/** Clusters drawn for each, besides the edge cases: what a minute allows. `npm run campaign` draws many more. */
const RUNS: Readonly<Record<string, number>> = {
  packetsMeetWhatPoliciesSay: 30,
  policiesSeeTheBackend: 10,
  changesAreFollowed: 20,
}
const OTHERS = 8

describe('a policy dataplane', () => {
  it.each(POLICY_PROPERTIES.map((property) => [property.name, property] as const))(
    '%s',
    async (name, property) => {
      await property.assert({ seed: SEED, runs: RUNS[name] ?? OTHERS })
    },
  )
})

describe('with a mistake in the dataplane, packets break some property', () => {
  it.each(FAULT_NAMES)('%s', async (fault) => {
    const options = { seed: SEED, runs: 0, edgesOnly: true, quick: true, faults: [fault] }
    for (const property of POLICY_PROPERTIES) {
      const failure = await property.check(options)
      if (failure === undefined) continue
      // Rules that differ from those compiled from scratch are no packet's fate.
      expect(failure.message).not.toContain('compile from scratch')
      return
    }
    expect.unreachable(`no property notices ${fault}`)
  })
})
