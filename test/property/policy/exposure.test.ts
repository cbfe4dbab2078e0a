/** What is said about pods to come, against pods that came. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partiesOf } from '../../../src/policy/evaluate/party.ts'
import { connectionsInDirection } from '../../../src/policy/evaluate/set-verdict.ts'
import { selects } from '../../../src/policy/evaluate/select.ts'
import {
  connectionsKey,
  intersectConnections,
  type ConnectionSet,
  type Direction,
  type Endpoint,
  type Evaluator,
  type Exposed,
} from '../../../src/policy/evaluate/index.ts'
import type { Labels } from '../../../src/apiserver/types/index.ts'
import { anyOptions, endpointsOf } from '../../arbitraries/policy/question.ts'
import { anyLabels, anyWorld, NAMESPACES } from '../../arbitraries/policy/world.ts'
import { evaluatorOf } from '../../support/policy/ask.ts'
import { namespace, pod } from '../../support/policy/objects.ts'

const SEED = 20260103

/** Outside of all CIDRs but those that hold everything, so that it matters what is known of it. */
const ADDRESS = '203.0.113.9'

const anyComing = fc.record({
  namespace: fc.constantFrom(...NAMESPACES, 'new'),
  namespaceLabels: anyLabels,
  labels: anyLabels,
})

describe('exposure', () => {
  it('holds of any pod that comes, and each cell has a pod that can come', () => {
    fc.assert(
      fc.property(
        anyWorld,
        anyOptions,
        fc.nat(),
        fc.constantFrom('egress' as const, 'ingress' as const),
        fc.array(anyComing, { minLength: 3, maxLength: 3 }),
        (world, options, index, direction, coming) => {
          const evaluator = evaluatorOf(world, options)
          const pods = endpointsOf(world).filter(({ kind }) => kind === 'pod')
          const subject = pods[index % pods.length]!
          const exposure = evaluator.exposure(subject, direction, { address: ADDRESS })
          const { cells, groups, entireCluster } = exposure
          const names = new Set([...evaluator.index.namespaces()].map(({ name }) => name))

          for (const { example, connections } of cells) {
            expect(names.has(example.namespace)).toBe(example.namespaceLabels === undefined)
            const got = arrive(evaluator, subject, direction, example)
            expect(connectionsKey(got)).toBe(connectionsKey(connections))
          }
          for (const one of coming) {
            const namespaceLabels = names.has(one.namespace) ? undefined : one.namespaceLabels
            const got = arrive(evaluator, subject, direction, { ...one, namespaceLabels })
            expect(cells.map(({ connections }) => connectionsKey(connections))).toContain(connectionsKey(got))
            expectWithin(got, entireCluster)
            const home = namespaceLabels
              ? { ...namespaceLabels, 'kubernetes.io/metadata.name': one.namespace }
              : evaluator.index.namespace(one.namespace).labels
            for (const group of groups) {
              const inNamespace =
                'name' in group.namespaces
                  ? group.namespaces.name === one.namespace
                  : selects(group.namespaces.selector, home)
              if (inNamespace && selects(group.pods, one.labels)) expectWithin(got, group)
            }
          }
        },
      ),
      { seed: SEED, numRuns: 400 },
    )
  })
})

/** The subject's side of what a pod that comes may, which then goes again. */
function arrive(
  evaluator: Evaluator,
  subject: Endpoint,
  direction: Direction,
  coming: { namespace: string; namespaceLabels: Labels | undefined; labels: Labels },
): ConnectionSet {
  if (coming.namespaceLabels !== undefined)
    evaluator.upsert(namespace(coming.namespace, coming.namespaceLabels))
  evaluator.upsert(pod(`${coming.namespace}/coming`, { labels: coming.labels, ips: [ADDRESS] }))
  const context = { index: evaluator.index, options: evaluator.options }
  const end = { kind: 'pod', namespace: coming.namespace, name: 'coming' } as const
  const [own, other] = partiesOf(subject, end, 'ipv4', context)
  const [from, to] = direction === 'egress' ? [own, other] : [other, own]
  const connections = connectionsInDirection(direction, { from, to, throughService: false }, context)
  evaluator.remove('Pod', coming.namespace, 'coming')
  if (coming.namespaceLabels !== undefined) evaluator.remove('Namespace', undefined, coming.namespace)
  return connections
}

function expectWithin(set: ConnectionSet, { every, some }: Exposed): void {
  expect(connectionsKey(intersectConnections(set, every))).toBe(connectionsKey(every))
  expect(connectionsKey(intersectConnections(set, some))).toBe(connectionsKey(set))
}
