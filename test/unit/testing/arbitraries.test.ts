/** What arbitraries draw, the apiserver takes; and they draw the edges that they are for. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findKind, namespaces, type KubeObject, type New } from '../../../src/apiserver/index.ts'
import {
  arbitraryCluster,
  arbitraryClusterPolicy,
  arbitraryDeployment,
  arbitraryIpBlock,
  arbitraryNamespace,
  arbitraryNode,
  arbitraryPod,
  arbitraryPolicy,
  arbitrarySelector,
  arbitraryService,
  objectsOf,
  VOCABULARY,
  type ClusterPlan,
  type Manifest,
} from '../../../src/testing/arbitraries/index.ts'
import { startServer } from '../../support/apiserver.ts'

const SEED = 7

/** Creates the object as kubectl would; throws what the apiserver says. */
function accept(object: Manifest<KubeObject>): void {
  const { client } = startServer({ serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'] })
  create(client, object)
}

function create(client: ReturnType<typeof startServer>['client'], object: Manifest<KubeObject>): void {
  const { namespace } = object.metadata
  if (namespace !== undefined && client.find(namespaces, namespace) === undefined)
    client.create(namespaces, { metadata: { name: namespace } })
  const kind = findKind(object)
  if (kind === undefined) throw new Error(`${object.kind} is not registered`)
  if (client.find(kind, object.metadata.name, namespace) === undefined)
    client.create(kind, object as New<KubeObject>)
}

const EACH: readonly (readonly [string, fc.Arbitrary<Manifest<KubeObject>>])[] = [
  ['namespace', arbitraryNamespace()],
  ['node', arbitraryNode()],
  ['pod', arbitraryPod()],
  ['Service', arbitraryService()],
  ['Deployment', arbitraryDeployment()],
  ['NetworkPolicy', arbitraryPolicy()],
  ['ClusterNetworkPolicy', arbitraryClusterPolicy()],
]

describe('arbitraries', () => {
  it.each(EACH)('of a %s draw what the apiserver accepts', (_, arbitrary) => {
    fc.assert(fc.property(arbitrary, accept), { seed: SEED, numRuns: 150 })
  })

  it('of a cluster draw objects that fit together', () => {
    fc.assert(
      fc.property(arbitraryCluster(), (plan) => {
        const { client } = startServer({ serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'] })
        for (const object of objectsOf(plan)) create(client, object)
        const there = new Set(plan.namespaces.map(({ metadata }) => metadata.name))
        for (const { metadata } of [...plan.pods, ...plan.services, ...plan.networkPolicies])
          expect(there).toContain(metadata.namespace)
        const pods = plan.pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        expect(new Set(pods).size).toBe(pods.length)
        for (const { namespace, name } of plan.finished) expect(pods).toContain(`${namespace}/${name}`)
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('shrink a cluster to the smallest that shows a fault', () => {
    const smallest = counterexample(arbitraryCluster(), ({ networkPolicies }) =>
      networkPolicies.every(({ spec }) => (spec.ingress ?? []).every(({ from = [] }) => from.length === 0)),
    )
    expect(smallest.networkPolicies).toEqual([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'policy-0', namespace: 'default' },
        spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
      },
    ])
    expect(smallest).toMatchObject({ nodes: 1, finished: [], deployments: [], services: [] })
    expect(smallest.pods).toHaveLength(1)
  })

  it('shrink selectors to the empty one, ipBlocks to a single address', () => {
    expect(counterexample(arbitrarySelector(), () => false)).toEqual({})
    expect(counterexample(arbitraryIpBlock(), () => false)).toEqual({
      cidr: `${VOCABULARY.addresses[0]}/32`,
    })
  })
})

function counterexample<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): T {
  const { counterexample } = fc.check(fc.property(arbitrary, holds), { seed: SEED, numRuns: 500 })
  if (counterexample === null) throw new Error('nothing was found')
  return counterexample[0]
}

/** An edge, and how to tell that a plan has it. Each must turn up in a few hundred plans. */
const EDGES: readonly (readonly [string, (plan: ClusterPlan) => boolean])[] = [
  [
    'policyTypes absent with egress rules',
    (plan) =>
      specs(plan).some(({ policyTypes, egress = [] }) => policyTypes === undefined && egress.length > 0),
  ],
  ['policyTypes empty', (plan) => specs(plan).some(({ policyTypes }) => policyTypes?.length === 0)],
  [
    'rules of a direction that is not listed',
    (plan) =>
      specs(plan).some(
        ({ policyTypes = ['Ingress'], egress = [] }) => policyTypes.join() === 'Ingress' && egress.length > 0,
      ),
  ],
  ['ingress: []', (plan) => specs(plan).some(({ ingress }) => ingress?.length === 0)],
  [
    'ingress: [{}]',
    (plan) => specs(plan).some(({ ingress = [] }) => ingress.some((rule) => Object.keys(rule).length === 0)),
  ],
  [
    'from: []',
    (plan) => specs(plan).some(({ ingress = [] }) => ingress.some(({ from }) => from?.length === 0)),
  ],
  ['ports: [{}]', (plan) => ports(plan).some((port) => Object.keys(port).length === 0)],
  [
    'endPort equal to port',
    (plan) => ports(plan).some(({ port, endPort }) => port !== undefined && port === endPort),
  ],
  ['endPort 65535', (plan) => ports(plan).some(({ endPort }) => endPort === 65535)],
  ['a named port', (plan) => ports(plan).some(({ port }) => typeof port === 'string')],
  ['SCTP', (plan) => ports(plan).some(({ protocol }) => protocol === 'SCTP')],
  ['except', (plan) => blocks(plan).some(({ except = [] }) => except.length > 0)],
  ['0.0.0.0/0', (plan) => blocks(plan).some(({ cidr }) => cidr === '0.0.0.0/0')],
  ['::/0', (plan) => blocks(plan).some(({ cidr }) => cidr === '::/0')],
  [
    'host bits in a CIDR',
    (plan) => blocks(plan).some(({ cidr }) => /^10\.244\.[01]\.[23]\/(24|16|8|1|0)$/.test(cidr)),
  ],
  [
    'both selectors in one peer',
    (plan) => peers(plan).some(({ podSelector, namespaceSelector }) => podSelector && namespaceSelector),
  ],
  ['a hostNetwork pod', ({ pods }) => pods.some(({ spec }) => spec.hostNetwork)],
  ['a finished pod', ({ finished }) => finished.length > 0],
  ['one port name, two numbers', ({ pods }) => numbersOf(pods, 'http').size > 1],
  [
    'a Service on another port than its target',
    ({ services }) =>
      services.some(({ spec }) =>
        spec.ports?.some(({ port, targetPort }) => targetPort !== undefined && targetPort !== port),
      ),
  ],
]

const specs = ({ networkPolicies }: ClusterPlan) => networkPolicies.map(({ spec }) => spec)
const rules = (plan: ClusterPlan) =>
  specs(plan).flatMap(({ ingress = [], egress = [] }) => [
    ...ingress.map(({ from, ports }) => ({ peers: from, ports })),
    ...egress.map(({ to, ports }) => ({ peers: to, ports })),
  ])
const ports = (plan: ClusterPlan) => rules(plan).flatMap(({ ports = [] }) => ports)
const peers = (plan: ClusterPlan) => rules(plan).flatMap(({ peers = [] }) => peers)
const blocks = (plan: ClusterPlan) =>
  peers(plan).flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock]))
const numbersOf = (pods: ClusterPlan['pods'], name: string) =>
  new Set(
    pods.flatMap(({ spec }) =>
      spec.containers.flatMap(({ ports = [] }) =>
        ports.filter((port) => port.name === name).map(({ containerPort }) => containerPort),
      ),
    ),
  )

describe('a few hundred drawn clusters hold', () => {
  const plans = fc.sample(arbitraryCluster(), { seed: SEED, numRuns: 400 })
  it.each(EDGES)('%s', (_, has) => {
    expect(plans.some(has)).toBe(true)
  })
})
