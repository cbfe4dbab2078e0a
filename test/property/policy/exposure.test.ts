/** What is said about pods to come, against pods that came. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partiesOf } from '../../../src/policy/evaluate/party.ts'
import { connectionsInDirection } from '../../../src/policy/evaluate/set-verdict.ts'
import { selects } from '../../../src/policy/evaluate/select.ts'
import {
  connectionsKey,
  connectionsOf,
  hasConnection,
  intersectConnections,
  subtractConnections,
  unionConnections,
  type ConnectionSet,
  type Direction,
  type Endpoint,
  type Evaluator,
  type OpenConnections,
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
  port: fc.option(
    fc.record({
      name: fc.constantFrom('http', 'dns', 'alt', 'unasked'),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'sctp' as const),
      port: fc.constantFrom(1, 53, 80, 9999),
    }),
    { nil: undefined },
  ),
})

const anyDirection = fc.constantFrom('egress' as const, 'ingress' as const)
const someComing = fc.array(anyComing, { minLength: 3, maxLength: 3 })

describe('exposed cells', () => {
  it('hold any pod that comes, and each has a pod that can come', () => {
    fc.assert(
      fc.property(
        anyWorld,
        anyOptions,
        fc.nat(),
        anyDirection,
        someComing,
        (world, options, index, direction, coming) => {
          const evaluator = evaluatorOf(world, options)
          const subject = subjectOf(world, index)
          const cells = evaluator.exposedCells(subject, direction, { address: ADDRESS })
          const names = new Set([...evaluator.index.namespaces()].map(({ name }) => name))
          for (const [number, { example, ...open }] of cells.entries()) {
            expect(names.has(example.namespace)).toBe(example.namespaceLabels === undefined)
            const { port } = coming[number % coming.length]!
            const got = arrive(evaluator, subject, direction, { ...example, port })
            expect(connectionsKey(got)).toBe(connectionsKey(openTo(open, port)))
          }
          for (const one of coming) {
            const namespaceLabels = names.has(one.namespace) ? undefined : one.namespaceLabels
            const got = arrive(evaluator, subject, direction, { ...one, namespaceLabels })
            expect(cells.map((open) => connectionsKey(openTo(open, one.port)))).toContain(connectionsKey(got))
          }
        },
      ),
      { seed: SEED, numRuns: 400 },
    )
  })
})

describe('exposure', () => {
  it('of NetworkPolicies: a pod that comes may what the entire cluster may, and what any of its groups may', () => {
    fc.assert(
      fc.property(anyWorld, fc.nat(), anyDirection, someComing, (world, index, direction, coming) => {
        const evaluator = evaluatorOf(world.filter(({ kind }) => kind !== 'ClusterNetworkPolicy'))
        const subject = subjectOf(world, index)
        const { entireCluster, groups } = evaluator.exposure(subject, direction, { address: ADDRESS })
        const names = new Set([...evaluator.index.namespaces()].map(({ name }) => name))
        for (const one of coming) {
          const namespaceLabels = names.has(one.namespace) ? undefined : one.namespaceLabels
          const home = namespaceLabels
            ? { ...namespaceLabels, 'kubernetes.io/metadata.name': one.namespace }
            : evaluator.index.namespace(one.namespace).labels
          const own = groups.filter(({ namespaces, pods }) => {
            const inNamespace =
              'name' in namespaces ? namespaces.name === one.namespace : selects(namespaces.selector, home)
            return inNamespace && selects(pods, one.labels)
          })
          const said = [entireCluster, ...own].map((open) => openTo(open, one.port)).reduce(unionConnections)
          const got = arrive(evaluator, subject, direction, { ...one, namespaceLabels })
          expect(connectionsKey(got)).toBe(connectionsKey(said))
        }
      }),
      { seed: SEED, numRuns: 400 },
    )
  })
})

type Coming = {
  namespace: string
  namespaceLabels: Labels | undefined
  labels: Labels
  port: { name: string; protocol: 'tcp' | 'udp' | 'sctp'; port: number } | undefined
}

function subjectOf(world: Parameters<typeof evaluatorOf>[0], index: number): Endpoint {
  const pods = endpointsOf(world).filter(({ kind }) => kind === 'pod')
  return pods[index % pods.length]!
}

/** What is open to a pod when one of its ports has a name. */
function openTo({ connections, named }: OpenConnections, port: Coming['port']): ConnectionSet {
  const its = named.find(({ name }) => name === port?.name)
  if (its === undefined || port === undefined) return connections
  const one = connectionsOf(port.protocol, port.port)
  const others = subtractConnections(connections, one)
  const open = hasConnection(its.connections, port.protocol, port.port)
  return open ? unionConnections(others, intersectConnections(its.connections, one)) : others
}

/** The subject's side of what a pod that comes may, which then goes again. */
function arrive(
  evaluator: Evaluator,
  subject: Endpoint,
  direction: Direction,
  coming: Coming,
): ConnectionSet {
  if (coming.namespaceLabels !== undefined)
    evaluator.upsert(namespace(coming.namespace, coming.namespaceLabels))
  const { port } = coming
  const ports = port === undefined ? [] : [`${port.name}=${port.port}/${port.protocol.toUpperCase()}`]
  evaluator.upsert(pod(`${coming.namespace}/coming`, { labels: coming.labels, ips: [ADDRESS], ports }))
  const context = { index: evaluator.index, options: evaluator.options }
  const end = { kind: 'pod', namespace: coming.namespace, name: 'coming' } as const
  const [own, other] = partiesOf(subject, end, 'ipv4', context)
  const [from, to] = direction === 'egress' ? [own, other] : [other, own]
  const connections = connectionsInDirection(direction, { from, to, throughService: false }, context)
  evaluator.remove('Pod', coming.namespace, 'coming')
  if (coming.namespaceLabels !== undefined) evaluator.remove('Namespace', undefined, coming.namespace)
  return connections
}
