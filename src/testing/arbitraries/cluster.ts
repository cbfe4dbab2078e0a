/**
 * Whole clusters: nodes, namespaces, pods, Deployments, Services and policies that fit together. A plan is what a user
 * would apply, plus which pods have finished by then; `objectsOf` lists it, `startCluster` runs it, `stateOf` works out
 * what a cluster would make of it, for whoever needs no packets.
 *
 * Nothing in a plan refers to what may shrink away: objects are drawn independently, and names, places and priorities
 * follow from their position, so a counterexample loses objects one by one.
 */
import fc from 'fast-check'
import type {
  ClusterNetworkPolicy,
  Deployment,
  KubeObject,
  Labels,
  Namespace,
  NetworkPolicy,
  Pod,
  Service,
  StatefulSet,
} from '../../apiserver/types/index.ts'
import { arbitraryClusterPolicy } from './cluster-network-policy.ts'
import type { Manifest } from './manifest.ts'
import { arbitraryPolicy } from './network-policy.ts'
import {
  arbitraryPodShape,
  arbitraryWorkloadShape,
  deploymentOf,
  namespaceOf,
  podOf,
  statefulSetOf,
} from './pod.ts'
import { arbitraryServiceShape, serviceOf, withOwnSockets } from './service.ts'
import {
  arbitraryLabels,
  mostly,
  seldom,
  NARROW_VOCABULARY,
  VOCABULARY,
  type Vocabulary,
} from './vocabulary.ts'

export interface ClusterPlan {
  /** How many; they are named `node-1` … */
  readonly nodes: number
  readonly nodeLabels: readonly Labels[]
  readonly namespaces: readonly Manifest<Namespace>[]
  /** Every one is bound to a node. */
  readonly pods: readonly Manifest<Pod>[]
  /** `namespace/name` of those of `pods` that have finished before the others start, which may take their addresses. */
  readonly finished: readonly FinishedPod[]
  readonly deployments: readonly Manifest<Deployment>[]
  readonly statefulSets: readonly Manifest<StatefulSet>[]
  readonly services: readonly Manifest<Service>[]
  readonly networkPolicies: readonly Manifest<NetworkPolicy>[]
  readonly clusterNetworkPolicies: readonly Manifest<ClusterNetworkPolicy>[]
}

export interface FinishedPod {
  readonly namespace: string
  readonly name: string
  readonly phase: 'Succeeded' | 'Failed'
}

export interface ClusterSize {
  readonly maxNodes?: number
  /** Default 1. */
  readonly minPods?: number
  readonly maxPods?: number
  /** StatefulSets among them. */
  readonly maxDeployments?: number
  readonly minServices?: number
  readonly maxServices?: number
  readonly minPolicies?: number
  readonly maxPolicies?: number
  readonly maxClusterPolicies?: number
  /** Default: the usual words or few words, half of the time each. */
  readonly vocabulary?: Vocabulary
}

/** Sizes are small on purpose: a counterexample rarely needs more than three pods and two policies. */
export function arbitraryCluster(size: ClusterSize = {}): fc.Arbitrary<ClusterPlan> {
  if (size.vocabulary !== undefined) return clusterOf(size, size.vocabulary)
  return fc.oneof(clusterOf(size, NARROW_VOCABULARY), clusterOf(size, VOCABULARY))
}

function clusterOf(
  {
    maxNodes = 2,
    minPods = 1,
    maxPods = 7,
    maxDeployments = 1,
    minServices = 0,
    maxServices = 2,
    minPolicies = 0,
    maxPolicies = 4,
    maxClusterPolicies = 2,
  }: ClusterSize,
  vocabulary: Vocabulary,
): fc.Arbitrary<ClusterPlan> {
  const namespaceLabels = fc.record(
    Object.fromEntries(vocabulary.namespaces.map((name) => [name, arbitraryLabels(vocabulary)] as const)),
  )
  const pod = fc.record({
    shape: arbitraryPodShape(vocabulary),
    node: fc.nat({ max: maxNodes - 1 }),
    finished: seldom(fc.constantFrom('Succeeded' as const, 'Failed' as const), 8),
  })
  const workload = fc.record({
    shape: arbitraryWorkloadShape(vocabulary),
    stateful: mostly(false, fc.constant(true), 2),
  })
  // At the default size an array of at most four is mostly full; of policies many are wanted.
  const some = { size: 'max' } as const
  return fc
    .record({
      nodes: fc.integer({ min: 1, max: maxNodes }),
      nodeLabels: fc.array(arbitraryLabels(vocabulary), { maxLength: maxNodes }),
      namespaceLabels,
      pods: fc.array(pod, { minLength: minPods, maxLength: maxPods, ...some }),
      workloads: fc.array(workload, { maxLength: maxDeployments, ...some }),
      services: fc.array(arbitraryServiceShape(vocabulary), {
        minLength: minServices,
        maxLength: maxServices,
        ...some,
      }),
      networkPolicies: fc.array(arbitraryPolicy({ vocabulary }), {
        minLength: minPolicies,
        maxLength: maxPolicies,
        ...some,
      }),
      clusterNetworkPolicies: fc.array(arbitraryClusterPolicy({ vocabulary }), {
        maxLength: maxClusterPolicies,
        ...some,
      }),
    })
    .map((drawn): ClusterPlan => {
      const pods = drawn.pods.map(({ shape, node, finished }, index) => ({
        pod: podOf(shape, `pod-${index}`, `node-${1 + (node % drawn.nodes)}`),
        finished: shape.hostNetwork ? undefined : finished,
      }))
      const workloads = drawn.workloads.map(({ shape, stateful }, index) => ({
        shape,
        stateful,
        name: `workload-${index}`,
      }))
      const deployments = workloads
        .filter(({ stateful }) => !stateful)
        .map(({ shape, name }) => deploymentOf(shape, name))
      const statefulSets = workloads
        .filter(({ stateful }) => stateful)
        .map(({ shape, name }) => statefulSetOf(shape, name))
      const services = withOwnSockets(drawn.services).map((shape, index) =>
        serviceOf(shape, `service-${index}`, index),
      )
      const networkPolicies = drawn.networkPolicies.map((policy, index) => named(policy, `policy-${index}`))
      const used = new Set(
        [...pods.map(({ pod }) => pod), ...deployments, ...statefulSets, ...services, ...networkPolicies].map(
          ({ metadata }) => metadata.namespace,
        ),
      )
      return {
        nodes: drawn.nodes,
        nodeLabels: drawn.nodeLabels.slice(0, drawn.nodes),
        namespaces: vocabulary.namespaces
          .filter((name) => used.has(name))
          .map((name) => namespaceOf(name, drawn.namespaceLabels[name] ?? {})),
        pods: pods.map(({ pod }) => pod),
        finished: pods.flatMap(({ pod: { metadata }, finished: phase }) =>
          phase === undefined ? [] : [{ namespace: metadata.namespace ?? '', name: metadata.name, phase }],
        ),
        deployments,
        statefulSets,
        services,
        networkPolicies,
        clusterNetworkPolicies: withOwnPriorities(drawn.clusterNetworkPolicies),
      }
    })
}

function named<T extends KubeObject>(object: Manifest<T>, name: string): Manifest<T> {
  return { ...object, metadata: { ...object.metadata, name } }
}

/** One tier's policies differ in priority: the next free one above the drawn one, or below at the end of the range. */
function withOwnPriorities(
  policies: readonly Manifest<ClusterNetworkPolicy>[],
): readonly Manifest<ClusterNetworkPolicy>[] {
  const taken = new Set<string>()
  return policies.map((policy, index) => {
    const { tier } = policy.spec
    let { priority } = policy.spec
    while (taken.has(`${tier} ${priority}`)) priority = (priority + 1) % 1001
    taken.add(`${tier} ${priority}`)
    return { ...named(policy, `cluster-policy-${index}`), spec: { ...policy.spec, priority } }
  })
}

/** In the order in which they are applied. Nodes are those whose labels are given. */
export function objectsOf(plan: ClusterPlan): readonly Manifest<KubeObject>[] {
  return [
    ...plan.namespaces,
    ...plan.nodeLabels.map((labels, index) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `node-${index + 1}`, labels },
    })),
    ...plan.networkPolicies,
    ...plan.clusterNetworkPolicies,
    ...plan.pods,
    ...plan.services,
    ...plan.deployments,
    ...plan.statefulSets,
  ]
}
