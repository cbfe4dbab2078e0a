/**
 * The objects of a cluster as the facade sees them: what its informers have heard. Reading is all it does; answers are
 * in the order of names, so that "the first pod of a Deployment" is always the same one.
 */
import type {
  ClusterNetworkPolicy,
  ContainerPort,
  Deployment,
  EndpointSlice,
  KubeObject,
  NetworkPolicy,
  Node,
  Pod,
  Service,
} from '../apiserver/types/index.ts'
import { gatewayOf } from './topology/plan.ts'

/** The part of a view that holds policies. */
export type PolicyView = Pick<ClusterView, 'networkPolicies' | 'clusterNetworkPolicies'>

export interface ClusterView {
  nodes(): readonly Node[]
  pods(): readonly Pod[]
  services(): readonly Service[]
  endpointSlices(): readonly EndpointSlice[]
  deployments(): readonly Deployment[]
  /** What makes pods: Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets, Jobs and CronJobs. */
  controllers(): readonly KubeObject[]
  namespaces(): readonly KubeObject[]
  networkPolicies(): readonly NetworkPolicy[]
  clusterNetworkPolicies(): readonly ClusterNetworkPolicy[]
  /** Of any kind, for owners that are no pods. */
  get(kind: string, namespace: string, name: string): KubeObject | undefined
}

/** `namespace/name`. */
export function nameOf({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

export function byName(a: KubeObject, b: KubeObject): number {
  const [left, right] = [nameOf(a), nameOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A pod that has an address and is neither done nor gone: one that packets can come from and go to. */
export function isRunning({ status }: Pod): boolean {
  return podAddresses(status).length > 0 && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}

export function podAddresses(status: Pod['status']): string[] {
  if (status?.podIPs !== undefined && status.podIPs.length > 0) return status.podIPs.map(({ ip }) => ip)
  return status?.podIP === undefined ? [] : [status.podIP]
}

export function nodeAddresses({ status }: Node): string[] {
  return (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)
}

export function nodePodCidrs({ spec }: Node): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])
}

/** Every address at which a node itself answers, and which: its own, and the pods' gateway where a pod's veth has it. */
export function localAddresses(view: ClusterView): Map<string, string> {
  const withVeth = new Set(
    view
      .pods()
      .filter((pod) => pod.spec.hostNetwork !== true && isRunning(pod))
      .map(({ spec }) => spec.nodeName),
  )
  return new Map(
    view.nodes().flatMap((node) => {
      const { name } = node.metadata
      const gateways = withVeth.has(name) ? nodePodCidrs(node).map(gatewayOf) : []
      return [...nodeAddresses(node), ...gateways].map((address) => [address, name] as const)
    }),
  )
}

/** What listens in a pod: every declared port of its containers, sidecars included. */
export function podSockets(pod: Pod): { protocol: 'tcp' | 'udp' | 'sctp'; port: number }[] {
  return containerPorts(pod).map(({ containerPort, protocol = 'TCP' }) => ({
    protocol: protocol.toLowerCase() as 'tcp' | 'udp' | 'sctp',
    port: containerPort,
  }))
}

export function containerPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...sidecars, ...spec.containers].flatMap(({ ports = [] }) => ports)
}

export function loadBalancerAddresses({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]))
}

/** Every address that means this Service, node ports left out. */
export function serviceAddresses(service: Service): string[] {
  const { clusterIPs = [], externalIPs = [] } = service.spec
  return [
    ...clusterIPs.filter((ip) => ip !== 'None' && ip !== ''),
    ...externalIPs,
    ...loadBalancerAddresses(service),
  ]
}
