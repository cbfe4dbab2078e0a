/** How often drawn clusters are alive, and have what is worth trying: too seldom is never within a test's few runs. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileLabelSelector, type Labels, type Pod } from '../../../src/apiserver/index.ts'
import {
  arbitraryCluster,
  arbitraryClusterPolicy,
  arbitraryPolicy,
  type ClusterPlan,
  type Manifest,
} from '../../../src/testing/arbitraries/index.ts'
import { often, optional, seldom } from '../../../src/testing/arbitraries/vocabulary.ts'
import {
  portEntries,
  blocks,
  peerLists,
  portLists,
  rules,
  selectors,
  specs,
} from '../../support/policy/plans.ts'

const DRAWN = { seed: 7, numRuns: 1000 }

const share = <T>(items: readonly T[], has: (item: T) => unknown): number =>
  items.filter(has).length / items.length

describe('a field is there', () => {
  const shareOf = (arbitrary: fc.Arbitrary<unknown>): number =>
    share(fc.sample(arbitrary, DRAWN), (value) => value !== undefined)

  it('as often as its helper says', () => {
    const field = fc.constant('x')
    expect(shareOf(optional(field))).toBeCloseTo(1 / 2, 1)
    expect(shareOf(seldom(field, 8))).toBeCloseTo(1 / 8, 1)
    expect(shareOf(often(field, 8))).toBeCloseTo(7 / 8, 1)
  })

  it.each([
    ['NetworkPolicies', NETWORK_POLICY_FIELDS, arbitraryPolicy().map(({ spec }): object => spec)],
    [
      'ClusterNetworkPolicies',
      CLUSTER_POLICY_FIELDS,
      arbitraryClusterPolicy().map(({ spec }): object => spec),
    ],
  ])('in some %s, and missing in others', (_, fields, arbitrary) => {
    const drawn = fc.sample(arbitrary, DRAWN).map(pathsOf)
    const shares = fields.map((field) => [field, share(drawn, (paths) => paths.has(field))] as const)
    expect(shares.filter(([, there]) => there < 0.02 || there > 0.98)).toEqual([])
  })
})

const NETWORK_POLICY_FIELDS = [
  'policyTypes',
  'ingress',
  'egress',
  ...['ingress.from', 'egress.to'].flatMap((peer) => [
    peer,
    ...['podSelector', 'namespaceSelector', 'ipBlock', 'ipBlock.except'].map((field) => `${peer}.${field}`),
    ...['matchLabels', 'matchExpressions.values'].map((field) => `${peer}.podSelector.${field}`),
  ]),
  ...['ingress.ports', 'egress.ports'].flatMap((ports) => [
    ports,
    ...['protocol', 'port', 'endPort'].map((field) => `${ports}.${field}`),
  ]),
]

const CLUSTER_POLICY_FIELDS = [
  'subject.namespaces',
  'subject.pods',
  ...['ingress', 'egress'].flatMap((direction) => [
    direction,
    `${direction}.name`,
    `${direction}.protocols`,
    `${direction}.protocols.destinationNamedPort`,
    ...['tcp', 'udp', 'sctp'].flatMap((protocol) =>
      ['', '.destinationPort.number', '.destinationPort.range.start'].map(
        (field) => `${direction}.protocols.${protocol}${field}`,
      ),
    ),
  ]),
  'ingress.from.namespaces',
  'ingress.from.pods',
  ...['namespaces', 'pods', 'nodes', 'networks'].map((field) => `egress.to.${field}`),
]

/** Fields that a value has, items of lists taken together: `ingress.from.ipBlock`. */
function pathsOf(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item: unknown) => [...pathsOf(item)]))
  if (typeof value !== 'object' || value === null) return new Set()
  return new Set(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
      key,
      ...[...pathsOf(inner)].map((path) => `${key}.${path}`),
    ]),
  )
}

const isAlive =
  ({ finished }: ClusterPlan) =>
  ({ metadata: { namespace, name } }: Manifest<Pod>): boolean =>
    !finished.some((pod) => pod.namespace === namespace && pod.name === name)

/** Pods that policies can be about. */
const alive = (plan: ClusterPlan): readonly Manifest<Pod>[] =>
  plan.pods.filter(isAlive(plan)).filter(({ spec }) => spec.hostNetwork !== true)

const named = (plan: ClusterPlan): readonly (readonly string[])[] =>
  plan.pods.map(({ spec: { containers, initContainers = [] } }) =>
    [...containers, ...initContainers].flatMap(({ ports = [] }) =>
      ports.flatMap(({ name }) => (name === undefined ? [] : [name])),
    ),
  )

const numbersOf = ({ pods }: ClusterPlan, name: string): ReadonlySet<number> =>
  new Set(
    pods.flatMap(({ spec }) =>
      spec.containers.flatMap(({ ports = [] }) =>
        ports.filter((port) => port.name === name).map(({ containerPort }) => containerPort),
      ),
    ),
  )

const labelsOf = (plan: ClusterPlan): readonly Labels[] =>
  [...plan.pods, ...plan.namespaces].map(({ metadata }) => metadata.labels ?? {})

/** What, in how many of a hundred clusters at least, and how to tell. */
const RATES: readonly (readonly [string, number, (plan: ClusterPlan) => unknown])[] = [
  ['a running pod', 90, (plan) => alive(plan).length > 0],
  [
    'a policy that selects a running pod',
    60,
    (plan) =>
      plan.networkPolicies.some(({ metadata, spec }) =>
        alive(plan).some(
          (pod) =>
            pod.metadata.namespace === metadata.namespace &&
            compileLabelSelector(spec.podSelector)(pod.metadata.labels ?? {}),
        ),
      ),
  ],
  [
    'egress: [] without policyTypes',
    3,
    (plan) =>
      specs(plan).some(({ policyTypes, egress }) => policyTypes === undefined && egress?.length === 0),
  ],
  [
    'egress rules without policyTypes',
    10,
    (plan) =>
      specs(plan).some(({ policyTypes, egress = [] }) => policyTypes === undefined && egress.length > 0),
  ],
  [
    'rules of a direction that is not listed',
    10,
    (plan) =>
      specs(plan).some(
        ({ policyTypes, egress = [] }) => policyTypes?.join() === 'Ingress' && egress.length > 0,
      ),
  ],
  ['ingress: []', 5, (plan) => specs(plan).some(({ ingress }) => ingress?.length === 0)],
  [
    'ingress: [{}]',
    5,
    (plan) => rules(plan).some((rule) => rule.peers === undefined && rule.ports === undefined),
  ],
  ['from: []', 5, (plan) => peerLists(plan).some((list) => list.length === 0)],
  ['ports: [{}]', 3, (plan) => portEntries(plan).some((port) => Object.keys(port).length === 0)],
  [
    'a range',
    10,
    (plan) => portEntries(plan).some(({ port, endPort }) => endPort !== undefined && endPort !== port),
  ],
  [
    'endPort equal to port',
    2,
    (plan) => portEntries(plan).some(({ port, endPort }) => endPort !== undefined && endPort === port),
  ],
  [
    'a range inside another',
    3,
    (plan) =>
      portLists(plan).some((list) => list.some((outer) => list.some((inner) => isInside(inner, outer)))),
  ],
  [
    'numbers with one between them',
    3,
    (plan) =>
      portLists(plan).some((list) =>
        list.some(({ port }) => list.some((other) => typeof port === 'number' && other.port === port + 2)),
      ),
  ],
  ['endPort 65535', 5, (plan) => portEntries(plan).some(({ endPort }) => endPort === 65535)],
  [
    'more than seven ranges',
    3,
    (plan) => portLists(plan).some((list) => list.filter(({ endPort }) => endPort !== undefined).length > 7),
  ],
  ['except', 20, (plan) => blocks(plan).some(({ except = [] }) => except.length > 0)],
  ['0.0.0.0/0', 5, (plan) => blocks(plan).some(({ cidr }) => cidr === '0.0.0.0/0')],
  [
    'host bits in a CIDR',
    3,
    (plan) => blocks(plan).some(({ cidr }) => /^10\.244\.[01]\.[23]\/(24|16|8|1|0)$/.test(cidr)),
  ],
  ['two excepts', 5, (plan) => blocks(plan).some(({ except = [] }) => except.length > 1)],
  [
    '::/0 with except',
    2,
    (plan) => blocks(plan).some(({ cidr, except = [] }) => cidr === '::/0' && except.length > 0),
  ],
  [
    'two ipBlocks of one network with other excepts',
    5,
    (plan) =>
      peerLists(plan).some((list) =>
        list.some(({ ipBlock }, at) =>
          list.some(
            (other, index) =>
              index !== at &&
              ipBlock?.cidr === other.ipBlock?.cidr &&
              ipBlock?.except?.join() !== other.ipBlock?.except?.join(),
          ),
        ),
      ),
  ],
  [
    'both selectors in one peer',
    15,
    (plan) =>
      peerLists(plan)
        .flat()
        .some(({ podSelector, namespaceSelector }) => podSelector && namespaceSelector),
  ],
  ['NotIn', 15, (plan) => operators(plan).includes('NotIn')],
  ['DoesNotExist', 15, (plan) => operators(plan).includes('DoesNotExist')],
  [
    'In, whose second value somebody has',
    8,
    (plan) =>
      requirements(plan).some(
        ({ key, operator, values = [] }) =>
          operator === 'In' && labelsOf(plan).some((labels) => values.indexOf(labels[key] ?? '-') > 0),
      ),
  ],
  ['an empty label value', 10, (plan) => labelsOf(plan).some((labels) => Object.values(labels).includes(''))],
  [
    'the name of a namespace',
    10,
    (plan) => JSON.stringify(specs(plan)).includes('kubernetes.io/metadata.name'),
  ],
  ['a named port', 15, (plan) => portEntries(plan).some(({ port }) => typeof port === 'string')],
  [
    'a port name of two containers of a pod',
    5,
    (plan) => named(plan).some((names) => new Set(names).size < names.length),
  ],
  [
    'several containers with ports',
    20,
    ({ pods }) =>
      pods.some(
        ({ spec: { containers, initContainers = [] } }) =>
          [...containers, ...initContainers].filter(({ ports }) => ports !== undefined).length > 1,
      ),
  ],
  ['a policy about SCTP only', 5, (plan) => specs(plan).some(isOnlySctp)],
  ['one port name, two numbers', 20, (plan) => numbersOf(plan, 'http').size > 1],
  [
    'a Service on another port than its target',
    10,
    ({ services }) =>
      services.some(({ spec }) =>
        spec.ports?.some(({ port, targetPort }) => targetPort !== undefined && targetPort !== port),
      ),
  ],
  ['a pod of the host’s network', 10, ({ pods }) => pods.some(({ spec }) => spec.hostNetwork)],
  ['a finished pod', 20, ({ finished }) => finished.length > 0],
  ['a StatefulSet', 10, ({ statefulSets }) => statefulSets.length > 0],
  ['a Deployment', 20, ({ deployments }) => deployments.length > 0],
]

const requirements = (plan: ClusterPlan) =>
  selectors(plan).flatMap(({ matchExpressions = [] }) => matchExpressions)
const operators = (plan: ClusterPlan) => requirements(plan).map(({ operator }) => operator)

function isInside(inner: { port?: number | string; endPort?: number }, outer: typeof inner): boolean {
  if (typeof inner.port !== 'number' || typeof outer.port !== 'number' || outer.endPort === undefined)
    return false
  return outer.port <= inner.port && (inner.endPort ?? inner.port) < outer.endPort
}

function isOnlySctp({ ingress = [], egress = [] }: ReturnType<typeof specs>[number]): boolean {
  const all = [...ingress, ...egress]
  return (
    all.length > 0 &&
    all.every(({ ports = [] }) => ports.length > 0 && ports.every(({ protocol }) => protocol === 'SCTP'))
  )
}

describe('of a hundred drawn clusters, so many have', () => {
  const plans = fc.sample(arbitraryCluster(), DRAWN)

  it.each(RATES)('%s: %i', (_, least, has) => {
    expect(share(plans, has) * 100).toBeGreaterThanOrEqual(least)
  })

  it('one in eight of the pods has finished', () => {
    const pods = plans.flatMap((plan) => plan.pods.map((pod) => isAlive(plan)(pod)))
    expect(share(pods, (running) => !running)).toBeCloseTo(1 / 8, 1)
  })
})
