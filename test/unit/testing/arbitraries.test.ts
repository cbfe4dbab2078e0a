/** What arbitraries draw, the apiserver takes, and it shrinks. How often edges are drawn: `frequencies.test.ts`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  findKind,
  namespaces,
  type KubeObject,
  type NetworkPolicyIngressRule,
  type NetworkPolicySpec,
  type New,
} from '../../../src/apiserver/index.ts'
import {
  arbitraryCluster,
  arbitraryClusterPolicy,
  arbitraryDeployment,
  arbitraryIpBlock,
  arbitraryLabels,
  arbitraryNamespace,
  arbitraryNode,
  arbitraryPacket,
  arbitraryPod,
  arbitraryPolicy,
  arbitrarySelector,
  arbitraryService,
  arbitraryStatefulSet,
  objectsOf,
  type ClusterPlan,
  VOCABULARY,
  type Manifest,
} from '../../../src/testing/arbitraries/index.ts'
import { checkEnforcement } from '../../../src/testing/enforcement/check.ts'
import { startCluster } from '../../../src/testing/start-cluster.ts'
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
  ['StatefulSet', arbitraryStatefulSet()],
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

  it('are no larger than they are asked to be', () => {
    const lists = ({ ingress = [], egress = [] }: NetworkPolicySpec): number[] =>
      [...ingress, ...egress].flatMap(({ ports = [], ...peers }) => [
        ports.length,
        ...Object.values(peers).map((each: readonly unknown[]) => each.length),
      ])
    fc.assert(
      fc.property(
        arbitraryPolicy({ maxRules: 1, maxPeers: 1, maxPorts: 1 }),
        arbitrarySelector(VOCABULARY, { maxRequirements: 0 }),
        arbitraryLabels(VOCABULARY, { maxLabels: 1 }),
        ({ spec }, selector, labels) => {
          expect(Math.max(spec.ingress?.length ?? 0, spec.egress?.length ?? 0, ...lists(spec))).toBeLessThan(
            2,
          )
          expect(selector.matchExpressions).toBeUndefined()
          expect(Object.keys(labels).length).toBeLessThan(2)
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('of packets draw questions that clusters and policies answer alike', async () => {
    const drawn = arbitraryCluster({ maxServices: 0 }).chain((plan) =>
      fc.tuple(fc.constant(plan), fc.array(arbitraryPacket(plan), { minLength: 40, maxLength: 40 })),
    )
    let checked = 0
    await fc.assert(
      fc.asyncProperty(drawn, async ([plan, packets]) => {
        const report = checkEnforcement(await startCluster(plan), packets)
        checked += report.checked
        expect(report.differences).toEqual([])
      }),
      { seed: SEED, numRuns: 10 },
    )
    // Those of finished pods are left out.
    expect(checked).toBeGreaterThan(250)
  })

  it('shrink a cluster to the smallest that shows a fault', () => {
    const hasPeers = ({ from = [] }: NetworkPolicyIngressRule): boolean => from.length > 0
    const smallest = counterexample(
      arbitraryCluster(),
      ({ networkPolicies }) =>
        !networkPolicies.some(({ spec: { ingress = [] } }) => ingress.length > 0 && ingress.every(hasPeers)),
    )
    expect(smallest.networkPolicies).toEqual([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'policy-0', namespace: 'default' },
        spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
      },
    ])
    expect(smallest).toMatchObject({
      nodes: 1,
      finished: [],
      deployments: [],
      statefulSets: [],
      services: [],
    })
    expect(smallest.pods).toHaveLength(1)
  })

  it('shrink a Service to a cluster IP and a port', () => {
    const { services } = counterexample(
      arbitraryCluster({ maxServices: 3 }),
      ({ services }) => services.length === 0,
    )
    const { spec } = services[0]!
    expect(services).toHaveLength(1)
    expect(spec).toEqual({
      selector: spec.selector,
      ipFamilyPolicy: 'PreferDualStack',
      ports: [{ port: 80 }],
    })
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

/** Of Services. */
const SERVICES: readonly (readonly [string, (service: ClusterPlan['services'][number]) => boolean])[] = [
  ['a headless Service', ({ spec }) => spec.clusterIP === 'None'],
  ['a node port that stays on its node', ({ spec }) => spec.type === 'NodePort' && isLocal(spec)],
  ['a balancer that takes few', ({ spec }) => (spec.loadBalancerSourceRanges ?? []).length > 0],
  ['a balancer that keeps its address', (service) => JSON.stringify(service).includes('"ipMode":"Proxy"')],
  ['an external IP', ({ spec }) => (spec.externalIPs ?? []).includes('192.0.2.100')],
  ['an external IP of a node', ({ spec }) => (spec.externalIPs ?? []).includes('172.18.0.2')],
  ['internalTrafficPolicy Local', ({ spec }) => spec.internalTrafficPolicy === 'Local'],
  ['a sticky one', ({ spec }) => spec.sessionAffinity === 'ClientIP'],
  ['IPv6 alone', ({ spec }) => spec.ipFamilies?.join() === 'IPv6'],
]
const isLocal = ({ externalTrafficPolicy }: ClusterPlan['services'][number]['spec']) =>
  externalTrafficPolicy === 'Local'

describe('Services of a few hundred drawn clusters', () => {
  const plans = fc.sample(arbitraryCluster(), { seed: SEED, numRuns: 400 })
  it.each(SERVICES)('%s', (_, is) => {
    expect(plans.some(({ services }) => services.some(is))).toBe(true)
  })
  it('no two Services at one address and port', () => {
    for (const { services } of plans) {
      const sockets = services.flatMap(({ spec: { externalIPs = [], ports = [] } }) =>
        externalIPs.flatMap((ip) => ports.map(({ port, protocol = 'TCP' }) => `${ip} ${port}/${protocol}`)),
      )
      expect(new Set(sockets).size).toBe(sockets.length)
    }
  })
})
