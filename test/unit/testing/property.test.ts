/** What a property makes of its cases, whatever it is about. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryCluster } from '../../../src/testing/arbitraries/index.ts'
import { DIRECTIONS } from '../../../src/testing/edge-cases/index.ts'
import {
  policyProperty,
  type PropertyDefinition,
  type PropertyOptions,
} from '../../../src/testing/properties/property.ts'

const plan = DIRECTIONS.plan
const edgesOnly = { seed: 1, runs: 0, edgesOnly: true }

const property = (holds: PropertyDefinition<{ plan: typeof plan }>['holds']) =>
  policyProperty({
    name: 'it',
    description: 'Holds.',
    arbitrary: fc.record({ plan: arbitraryCluster() }),
    edges: [{ plan }],
    holds,
  })

describe('a property', () => {
  it('holds when none of its cases throws', async () => {
    expect(await property(async () => {}).check(edgesOnly)).toBeUndefined()
  })

  it('does not hold silently when an edge case shows nothing', async () => {
    const silent = property(async ({ plan: given }) => fc.pre(given !== plan))
    await expect(silent.check(edgesOnly)).rejects.toThrow('it: an edge case shows nothing')
    // With a mistake there may be nothing to see, which is not noticing it.
    expect(await silent.check({ ...edgesOnly, faults: ['exceptIgnored'] })).toBeUndefined()
  })

  it('draws nothing in the place of an edge case that shows nothing', async () => {
    const silentOnEdges = property(async ({ plan: given }) => {
      fc.pre(given !== plan)
      throw new Error('drawn')
    })
    const faulty: PropertyOptions = { ...edgesOnly, faults: ['exceptIgnored'] }
    expect(await silentOnEdges.check(faulty)).toBeUndefined()
    expect(await silentOnEdges.check({ ...faulty, edgesOnly: false })).toBeUndefined()
    expect(await silentOnEdges.check({ ...faulty, runs: 1, edgesOnly: false })).toMatchObject({
      message: 'drawn',
    })
  })

  it('says so when none of its cases shows anything', async () => {
    const refuses = property(async () => fc.pre(false))
    // `rejects.toThrow` would take null, too.
    await expect(refuses.check({ seed: 1, runs: 1 })).rejects.toEqual(
      new Error('it: too many cases show nothing'),
    )
  })

  it('tries one edge case again by its path', async () => {
    const asked: unknown[] = []
    const listens = property(async (drawn) => void asked.push(drawn.plan))
    expect(await listens.check({ ...edgesOnly, path: '0' })).toBeUndefined()
    expect(asked).toEqual([plan])
    await expect(listens.check({ ...edgesOnly, path: '1' })).rejects.toThrow(
      'path: no edge case has the path 1',
    )
  })

  it('makes an edge case as small as it can be', async () => {
    const { networkPolicies, pods } = plan
    expect([networkPolicies.length, pods.length]).toEqual([3, 7])
    const needsBoth = property(async ({ plan: { networkPolicies: policies, pods: people } }) => {
      const rules = policies.flatMap(({ spec }) => spec.ingress ?? [])
      if (rules.length > 0 && people.some(({ metadata }) => metadata.name === 'tool')) throw new Error('both')
    })
    const failure = await needsBoth.check(edgesOnly)
    expect(failure).toMatchObject({ path: '0', message: 'both' })
    const kinds = failure!.counterexample.match(/^kind: .*$/gm)
    expect(kinds).toEqual(['kind: Namespace', 'kind: Namespace', 'kind: NetworkPolicy', 'kind: Pod'])
    expect(failure!.counterexample.match(/- from:/g)).toHaveLength(1)
  })

  it('is made no smaller when the first answer does', async () => {
    const never = property(async () => {
      throw new Error('never')
    })
    const failure = await never.check({ ...edgesOnly, quick: true })
    expect(failure!.counterexample.match(/^kind: Pod$/gm)).toHaveLength(7)
  })
})
