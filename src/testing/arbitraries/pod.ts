/**
 * Pods, namespaces, nodes and Deployments. Biases: one port name with other numbers in other pods, a name on
 * another protocol, sidecar ports, pods of the host's network, finished pods.
 */
import fc from 'fast-check'
import type {
  ContainerPort,
  Deployment,
  KubeObject,
  Labels,
  Namespace,
  Pod,
  PodSpec,
  StatefulSet,
} from '../../apiserver/types/index.ts'
import type { Manifest } from './manifest.ts'
import {
  arbitraryLabels,
  arbitraryNamespaceName,
  mostly,
  often,
  optional,
  present,
  protocol,
  VOCABULARY,
  type Vocabulary,
} from './vocabulary.ts'

/** Ports of one container: numbers differ per protocol, names are used once. */
export function arbitraryContainerPorts({ ports, portNames }: Vocabulary = VOCABULARY): fc.Arbitrary<
  readonly ContainerPort[]
> {
  const port = fc.record({
    name: often(fc.constantFrom(...portNames), 3),
    containerPort: fc.constantFrom(...ports),
    protocol: optional(protocol),
  })
  return fc.array(port, { maxLength: 3 }).map((drawn) => {
    const sockets = new Set<string>()
    const names = new Set<string>()
    return drawn.flatMap(({ name, containerPort, protocol }): ContainerPort[] => {
      const socket = socketOf(present({ containerPort, protocol }))
      if (sockets.has(socket)) return []
      sockets.add(socket)
      const own = name !== undefined && !names.has(name) ? name : undefined
      if (own !== undefined) names.add(own)
      return [present({ name: own, containerPort, protocol })]
    })
  })
}

/** `secondPorts` are those of another container: of a sidecar, which starts before the main one and stays, or beside it. */
export function podSpec({
  ports,
  secondPorts,
  sidecar,
}: Pick<PodShape, 'ports' | 'secondPorts' | 'sidecar'>): PodSpec {
  const main = { name: 'main', image: 'example.com/app:1', ...(ports.length > 0 && { ports }) }
  if (secondPorts.length === 0) return { containers: [main] }
  const second = { name: 'second', image: 'example.com/proxy:1', ports: secondPorts }
  if (!sidecar) return { containers: [main, second] }
  return { initContainers: [{ ...second, restartPolicy: 'Always' }], containers: [main] }
}

/** What a pod is, before it has a name and a place. */
export interface PodShape {
  readonly namespace: string
  readonly labels: Labels
  readonly ports: readonly ContainerPort[]
  /** Of another container, on other sockets; names may be the same. */
  readonly secondPorts: readonly ContainerPort[]
  readonly hostNetwork: boolean
  /** The other container is a sidecar. */
  readonly sidecar: boolean
}

const NO_PORTS: readonly ContainerPort[] = []

export function arbitraryPodShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<PodShape> {
  const ports = arbitraryContainerPorts(vocabulary)
  return fc
    .record({
      namespace: arbitraryNamespaceName(vocabulary),
      labels: arbitraryLabels(vocabulary),
      ports,
      secondPorts: mostly(NO_PORTS, ports, 2),
      hostNetwork: mostly(false, fc.constant(true), 9),
      sidecar: fc.boolean(),
    })
    .map((shape) => ({ ...shape, secondPorts: withoutSockets(shape.secondPorts, shape.ports) }))
}

/** Containers of a pod share its network: a socket is of one of them. */
function withoutSockets(
  ports: readonly ContainerPort[],
  taken: readonly ContainerPort[],
): readonly ContainerPort[] {
  const sockets = new Set(taken.map(socketOf))
  return ports.filter((port) => !sockets.has(socketOf(port)))
}

function socketOf({ containerPort, protocol = 'TCP' }: ContainerPort): string {
  return `${containerPort}/${protocol}`
}

export function podOf(shape: PodShape, name: string, nodeName?: string): Manifest<Pod> {
  const { namespace, labels, hostNetwork } = shape
  // What the host's network already has (the kubelet's 10250) is not in the vocabulary; ports of two such pods may clash.
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      ...podSpec(shape),
      ...(nodeName !== undefined && { nodeName }),
      ...(hostNetwork && { hostNetwork }),
    },
  }
}

/** A pod that the apiserver accepts, bound to no node. */
export function arbitraryPod(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Pod>> {
  return fc
    .tuple(arbitraryPodShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => podOf(shape, `pod-${number}`))
}

export function namespaceOf(name: string, labels: Labels): Manifest<Namespace> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

export function arbitraryNamespace(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Namespace>> {
  return fc
    .tuple(fc.constantFrom(...vocabulary.namespaces), arbitraryLabels(vocabulary))
    .map(([name, labels]) => namespaceOf(name, labels))
}

/** A node as a user would label it; addresses and pod CIDRs are given by the cluster. */
export function arbitraryNode(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<KubeObject>> {
  return fc.tuple(fc.integer({ min: 1, max: 3 }), arbitraryLabels(vocabulary)).map(([number, labels]) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `node-${number}`, labels },
  }))
}

/** Never of the host's network: replicas would want the same ports of a node. */
export interface WorkloadShape extends PodShape {
  readonly replicas: number
}

export function arbitraryWorkloadShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<WorkloadShape> {
  return fc
    .tuple(arbitraryPodShape(vocabulary), fc.integer({ min: 1, max: 3 }))
    .map(([shape, replicas]) => ({ ...shape, hostNetwork: false, replicas }))
}

export function deploymentOf(shape: WorkloadShape, name: string): Manifest<Deployment> {
  return { apiVersion: 'apps/v1', kind: 'Deployment', ...replicatedOf(shape, name) }
}

export function statefulSetOf(shape: WorkloadShape, name: string): Manifest<StatefulSet> {
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', ...replicatedOf(shape, name) }
}

/** What both kinds of workload have. */
function replicatedOf({ namespace, labels, replicas, ...shape }: WorkloadShape, name: string) {
  const own = { workload: name }
  return {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: own },
      template: { metadata: { labels: { ...labels, ...own } }, spec: podSpec(shape) },
    },
  }
}

export function arbitraryDeployment(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Deployment>> {
  return fc
    .tuple(arbitraryWorkloadShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => deploymentOf(shape, `workload-${number}`))
}

export function arbitraryStatefulSet(
  vocabulary: Vocabulary = VOCABULARY,
): fc.Arbitrary<Manifest<StatefulSet>> {
  return fc
    .tuple(arbitraryWorkloadShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => statefulSetOf(shape, `workload-${number}`))
}
