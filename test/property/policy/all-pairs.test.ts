/** All pairs by classes against each pair on its own, at first and after every change of an object. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  connectionsKey,
  hasConnection,
  type EndsOptions,
  type Evaluator,
} from '../../../src/policy/evaluate/index.ts'
import { afterChanges, anyChange, change } from '../../arbitraries/policy/change.ts'
import { anyOptions, POINTS } from '../../arbitraries/policy/question.ts'
import { anyWorld } from '../../arbitraries/policy/world.ts'
import { endpoint, evaluatorOf } from '../../support/policy/ask.ts'

const SEED = 20260102

const anyEnds = fc.record({
  family: fc.constantFrom('ipv4' as const, 'ipv6' as const),
  throughService: fc.boolean(),
})

describe('all pairs by classes', () => {
  it('are what each pair is', () => {
    fc.assert(
      fc.property(anyWorld, anyOptions, anyEnds, (world, options, ends) => {
        expectPairs(evaluatorOf(world, options), ends)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('stay so through any changes, and then are what they would be from scratch', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.array(anyChange, { minLength: 1, maxLength: 12 }),
        anyOptions,
        anyEnds,
        fc.boolean(),
        (world, changes, options, ends, ask) => {
          const evaluator = evaluatorOf([], options)
          const steps = [...world.map((object) => ({ object, gone: false })), ...changes]
          evaluator.allPairs(ends).count(POINTS.slice(0, 8))
          for (const step of steps) {
            change(evaluator, step)
            if (ask) expectCounts(evaluator, ends)
          }
          expectPairs(evaluator, ends)
          const scratch = evaluatorOf(afterChanges(steps), options)
          expect(groups(evaluator, ends)).toEqual(groups(scratch, ends))
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })
})

function expectPairs(evaluator: Evaluator, ends: EndsOptions): void {
  const pairs = evaluator.allPairs(ends)
  const pods = pairs.classes().flatMap((one) => one.pods)
  expect(new Set(pods).size).toBe(pods.length)
  const expected = new Map<string, string>()
  for (const from of pods)
    for (const to of pods) {
      const one = connectionsKey(evaluator.connections(endpoint(from), endpoint(to), ends))
      if (connectionsKey(pairs.connections(from, to)!) !== one) expect.fail(`${from} to ${to}`)
      if (from !== to) expected.set(`${from} ${to}`, one)
    }
  const visited = new Map<string, string>()
  pairs.forEach((sources, destinations, connections) => {
    for (const from of sources.pods)
      for (const to of destinations.pods) {
        if (from === to) continue
        if (visited.has(`${from} ${to}`)) expect.fail(`${from} to ${to} twice`)
        visited.set(`${from} ${to}`, connectionsKey(connections))
      }
  })
  expect(Object.fromEntries(visited)).toEqual(Object.fromEntries(expected))
  expectCounts(evaluator, ends)
}

function expectCounts(evaluator: Evaluator, ends: EndsOptions): void {
  const pairs = evaluator.allPairs(ends)
  const pods = pairs.classes().flatMap((one) => one.pods)
  const counts = POINTS.map(() => 0)
  for (const from of pods)
    for (const to of pods) {
      const set = evaluator.connections(endpoint(from), endpoint(to), ends)
      POINTS.forEach(({ protocol, port }, at) => {
        if (hasConnection(set, protocol, port)) counts[at]!++
      })
    }
  expect(pairs.count(POINTS)).toEqual(counts)
}

/** Which pods are in one class. */
function groups(evaluator: Evaluator, ends: EndsOptions): string[] {
  return evaluator
    .allPairs(ends)
    .classes()
    .map(({ pods }) => pods.toSorted().join(' '))
    .sort()
}
