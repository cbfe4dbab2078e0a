/** The evaluator against a slow judge that somebody wrote from the API's text alone. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DEFAULT_POLICY_OPTIONS } from '../../../src/policy/evaluate/index.ts'
import { anyOptions, endpointsOf, POINTS } from '../../arbitraries/policy/question.ts'
import { anyWorld } from '../../arbitraries/policy/world.ts'
import { judge } from '../../reference/policy.ts'
import { evaluatorOf } from '../../support/policy/ask.ts'

const SEED = 20260102

it('a verdict is the judge’s, whoever is asked about, under any options', () => {
  let [allowed, denied] = [0, 0]
  fc.assert(
    fc.property(
      anyWorld,
      anyOptions,
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 20, maxLength: 20 }),
      fc.constantFrom('ipv4' as const, 'ipv6' as const, undefined),
      fc.boolean(),
      (world, given, draws, family, throughService) => {
        const options = { ...DEFAULT_POLICY_OPTIONS, ...given }
        const evaluator = evaluatorOf(world, options)
        // Policies are about pods: they are asked about more often.
        const all = endpointsOf(world)
        const pods = all.filter(({ kind }) => kind === 'pod')
        const ends = [...all, ...Array.from({ length: 4 }, () => pods).flat()]
        for (const [source, destination, point] of draws) {
          const question = {
            from: ends[source % ends.length]!,
            to: ends[destination % ends.length]!,
            ...POINTS[point % POINTS.length]!,
            throughService,
            ...(family && { family }),
          }
          const verdict = evaluator.verdict(question)
          if (verdict.allowed) allowed++
          else denied++
          expect([verdict.allowed, verdict.reason]).toEqual([judge(world, question, options), verdict.reason])
        }
      },
    ),
    { seed: SEED, numRuns: 2000 },
  )
  // A comparison of nothing but open doors would say little.
  expect(denied).toBeGreaterThan(allowed / 10)
})
