/** The set answer against the point verdict, in every corner of small random worlds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAddress } from '../../../src/policy/evaluate/address.ts'
import { hasConnection, type Evaluator } from '../../../src/policy/evaluate/index.ts'
import { anyOptions, endpointsOf, POINTS } from '../../arbitraries/policy/question.ts'
import { ADDRESSES, anyWorld } from '../../arbitraries/policy/world.ts'
import { evaluatorOf } from '../../support/policy/ask.ts'

const SEED = 20260101

describe('the set answer', () => {
  it('has a connection exactly if the point verdict allows it', () => {
    fc.assert(
      fc.property(
        anyWorld,
        anyOptions,
        fc.nat(),
        fc.nat(),
        fc.constantFrom('ipv4' as const, 'ipv6' as const, undefined),
        fc.boolean(),
        (world, options, source, destination, family, throughService) => {
          const evaluator = evaluatorOf(world, options)
          const ends = endpointsOf(world)
          const [from, to] = [ends[source % ends.length]!, ends[destination % ends.length]!]
          const asked = { throughService, ...(family && { family }) }
          const set = evaluator.connections(from, to, asked)
          const wrong = POINTS.flatMap((point) => {
            const { allowed, reason } = evaluator.verdict({ from, to, ...asked, ...point })
            return hasConnection(set, point.protocol, point.port) === allowed ? [] : [reason]
          })
          expect(wrong).toEqual([])
        },
      ),
      { seed: SEED, numRuns: 700 },
    )
  })

  it('covers the world outside of the cluster: every range, and nothing that is the cluster’s', () => {
    fc.assert(
      fc.property(
        anyWorld,
        anyOptions,
        fc.nat(),
        fc.constantFrom('egress' as const, 'ingress' as const),
        fc.constantFrom('ipv4' as const, 'ipv6' as const),
        (world, options, index, direction, family) => {
          const evaluator = evaluatorOf(world, options)
          const pods = endpointsOf(world).filter(({ kind }) => kind === 'pod')
          const pod = pods[index % pods.length]!
          const ranges = evaluator.external(pod, direction, family)
          const spanned = evaluator.external(pod, direction, family, { clusterAddresses: 'spanned' })
          const whole = family === 'ipv4' ? 0xffff_ffffn : (1n << 128n) - 1n
          expect(spanned.map(({ from }) => value(from))).toEqual([
            0n,
            ...spanned.slice(0, -1).map(({ to }) => value(to) + 1n),
          ])
          expect(value(spanned.at(-1)!.to)).toBe(whole)
          for (const address of new Set([...ADDRESSES, ...ranges.flatMap(({ from, to }) => [from, to])])) {
            if (readAddress(address)!.family !== family) continue
            const range = rangeOf(ranges, address)
            expect(range === undefined).toBe(isTaken(evaluator, address))
            if (range === undefined) continue
            expect(rangeOf(spanned, address)!.connections).toEqual(range.connections)
            const other = { kind: 'address' as const, address }
            const [from, to] = direction === 'egress' ? [pod, other] : [other, pod]
            const wrong = POINTS.filter(
              ({ protocol, port }) =>
                hasConnection(range.connections, protocol, port) !==
                evaluator.verdict({ from, to, family, protocol, ...(port && { port }) }).allowed,
            )
            expect(wrong).toEqual([])
          }
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })
})

function value(address: string): bigint {
  return readAddress(address)!.value
}

function rangeOf<T extends { from: string; to: string }>(
  ranges: readonly T[],
  address: string,
): T | undefined {
  return ranges.find(({ from, to }) => value(from) <= value(address) && value(address) <= value(to))
}

/** By a node, or a pod that the evaluator counts as one. */
function isTaken({ index, options }: Evaluator, text: string): boolean {
  const address = readAddress(text)!
  return (
    index.nodesAt(address).length > 0 ||
    index
      .podsAt(address)
      .some(
        ({ hostNetwork, finished }) =>
          (!hostNetwork || options.hostNetworkPods === 'pod') &&
          (!finished || options.finishedPods === 'included'),
      )
  )
}
