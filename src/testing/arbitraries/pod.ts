/**
 * Pods, namespaces, services and Deployments. Biases: one port name with other numbers in other pods (5a.16), a name
 * on another protocol, sidecar ports, pods of the host's network (5a.22), finished pods (5a.24), services whose port is
 * not their target port (5a.17) and whose target is a name.
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
  Service,
} from '../../apiserver/types/index.ts'
import type { Manifest } from './manifest.ts'
import {
  arbitraryLabels,
  mostly,
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
    name: optional(fc.constantFrom(...portNames), 3),
    containerPort: fc.constantFrom(...ports),
    protocol: optional(protocol),
  })
  return fc.array(port, { maxLength: 3 }).map((drawn) => {
    const sockets = new Set<string>()
    const names = new Set<string>()
    return drawn.flatMap(({ name, containerPort, protocol }): ContainerPort[] => {
      const socket = `${containerPort}/${protocol ?? 'TCP'}`
      if (sockets.has(socket)) return []
      sockets.add(socket)
      const own = name !== undefined && !names.has(name) ? name : undefined
      if (own !== undefined) names.add(own)
      return [present({ name: own, containerPort, protocol })]
    })
  })
}

/** `sidecar`: the ports are those of a container that starts before the main one and stays. */
export function podSpec(ports: readonly ContainerPort[], sidecar = false): PodSpec {
  const main = { name: 'main', image: 'example.com/app:1' }
  if (ports.length === 0) return { containers: [main] }
  if (!sidecar) return { containers: [{ ...main, ports }] }
  return {
    initContainers: [{ name: 'sidecar', image: 'example.com/proxy:1', restartPolicy: 'Always', ports }],
    containers: [main],
  }
}

/** What a pod is, before it has a name and a place. */
export interface PodShape {
  readonly namespace: string
  readonly labels: Labels
  readonly ports: readonly ContainerPort[]
  readonly hostNetwork: boolean
  readonly sidecar: boolean
}

export function arbitraryPodShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<PodShape> {
  return fc.record({
    namespace: fc.constantFrom(...vocabulary.namespaces),
    labels: arbitraryLabels(vocabulary),
    ports: arbitraryContainerPorts(vocabulary),
    hostNetwork: mostly(false, fc.constant(true), 9),
    sidecar: mostly(false, fc.constant(true), 4),
  })
}

export function podOf(
  { namespace, labels, ports, hostNetwork, sidecar }: PodShape,
  name: string,
  nodeName?: string,
): Manifest<Pod> {
  // What the host's network already has (the kubelet's 10250) is not in the vocabulary; ports of two such pods may clash.
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: {
      ...podSpec(ports, sidecar),
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

export interface ServiceShape {
  readonly namespace: string
  readonly selector: Labels
  readonly port: number
  readonly targetPort?: number | string
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
}

export function arbitraryServiceShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<ServiceShape> {
  const { labels, namespaces, ports, portNames } = vocabulary
  const pairs = Object.entries(labels).flatMap(([key, values]) =>
    values.map((value): Labels => ({ [key]: value })),
  )
  return fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      selector: fc.constantFrom(...pairs),
      port: fc.constantFrom(80, 8080, 53),
      targetPort: optional(fc.oneof(fc.constantFrom(...ports), fc.constantFrom(...portNames))),
      protocol: optional(protocol, 1),
    })
    .map((shape): ServiceShape => present(shape))
}

export function serviceOf({ namespace, selector, ...port }: ServiceShape, name: string): Manifest<Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector, ipFamilyPolicy: 'PreferDualStack', ports: [port] },
  }
}

/** A dual-stack Service that the apiserver accepts. */
export function arbitraryService(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Service>> {
  return fc
    .tuple(arbitraryServiceShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => serviceOf(shape, `service-${number}`))
}

export interface WorkloadShape extends Omit<PodShape, 'hostNetwork' | 'sidecar'> {
  readonly replicas: number
}

export function arbitraryWorkloadShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<WorkloadShape> {
  return fc.record({
    namespace: fc.constantFrom(...vocabulary.namespaces),
    labels: arbitraryLabels(vocabulary),
    ports: arbitraryContainerPorts(vocabulary),
    replicas: fc.integer({ min: 1, max: 3 }),
  })
}

export function deploymentOf(
  { namespace, labels, ports, replicas }: WorkloadShape,
  name: string,
): Manifest<Deployment> {
  const own = { workload: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: own },
      template: { metadata: { labels: { ...labels, ...own } }, spec: podSpec(ports) },
    },
  }
}

export function arbitraryDeployment(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Deployment>> {
  return fc
    .tuple(arbitraryWorkloadShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => deploymentOf(shape, `workload-${number}`))
}
