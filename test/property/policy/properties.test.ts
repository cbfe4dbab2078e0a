/** The shipped properties hold for our own dataplane, and notice every mistake in the catalogue. */
import { describe, expect, it } from 'vitest'
import { FAULT_NAMES, type FaultName } from '../../../src/policy/faults/index.ts'
import type { PolicyFault } from '../../../src/policy/plan/inputs.ts'
import type { PlanRule } from '../../../src/policy/plan/plan.ts'
import { packetsMeetWhatPoliciesSay } from '../../../src/testing/properties/enforcement.ts'
import { formatFailure, POLICY_PROPERTIES } from '../../../src/testing/properties/index.ts'

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

/** A mistake that the edge cases of each property notice, so that none of them is there for show. */
const NOTICED: Readonly<Record<string, FaultName | PolicyFault>> = {
  packetsMeetWhatPoliciesSay: 'emptyFromIsNone',
  policiesSeeTheBackend: 'policyBeforeDnat',
  neighboursAreFound: 'neighbourDiscoveryPoliced',
  aRuleMoreNeverCuts: 'exceptIsDeny',
  exceptNeverWidens: function exceptIsEverything(inputs) {
    const widened = (rule: PlanRule): PlanRule =>
      rule.peers?.some((peer) => peer.kind === 'network' && peer.except.length > 0) === true
        ? { ...rule, peers: undefined }
        : rule
    return {
      ...inputs,
      networkPolicy: (policy) =>
        inputs.networkPolicy(policy).map((plan) => ({ ...plan, rules: plan.rules.map(widened) })),
    }
  },
  orderIsNoMatter: function nameMatters(inputs) {
    return {
      ...inputs,
      networkPolicy: (policy) => (policy.metadata.name === 'web' ? [] : inputs.networkPolicy(policy)),
    }
  },
  relabellingIsRecreating: 'podRelabelMissed',
  changesAreFollowed: 'deletedPodKeepsIp',
  nothingDeniedIsDelivered: 'startupRace',
  sourcesAreTheirOwn: 'spoofedSourceTrusted',
  liveConnectionsFollowTheOption: 'repliesPoliced',
}

describe('edge cases of a property notice a mistake', () => {
  it.each(POLICY_PROPERTIES.map((each) => [each.name, each] as const))('%s', async (name, each) => {
    const fault = NOTICED[name]
    if (fault === undefined) throw new Error(`${name} has no mistake to notice`)
    expect(
      await each.check({ seed: SEED, runs: 0, edgesOnly: true, quick: true, faults: [fault] }),
    ).toBeDefined()
  })
})

const property = packetsMeetWhatPoliciesSay

describe('a property that does not hold', () => {
  it('is told small: manifests first, one difference, its packet’s way; an edge case, too', async () => {
    const failure = await property.check({ seed: SEED, runs: 0, faults: ['endPortExclusive'] })
    expect(failure).toBeDefined()
    const text = formatFailure(failure!)
    expect(text.split('\n').length).toBeLessThan(110)
    expect(text.match(/^kind: NetworkPolicy$/gm)).toHaveLength(1)
    expect(text.match(/^kind: Pod$/gm)!.length).toBeLessThan(3)
    expect(text.match(/^ {4}request /gm)).toHaveLength(1)
    expect(text.indexOf('kind: NetworkPolicy')).toBeLessThan(text.indexOf('blocked:'))
  })

  it('is found again by its path', async () => {
    const options = { seed: 5, runs: 40, quick: true, faults: ['policySelectsInAllNamespaces'] as const }
    const first = await property.check(options)
    expect(await property.check({ ...options, path: first!.path! })).toEqual(first)
  })

  it('is not one that was asked wrongly', async () => {
    const none = { seed: SEED, runs: 1 }
    const wrong = (options: object) => property.check({ ...none, ...options })
    await expect(wrong({ faults: ['endPort'] })).rejects.toThrow('faults[0]: there is no fault "endPort"')
    await expect(wrong({ seed: undefined })).rejects.toThrow('seed: expected an integer, not undefined')
    await expect(wrong({ runs: -1 })).rejects.toThrow('runs: expected how many, not -1')
  })
})
