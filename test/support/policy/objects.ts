/** Small objects of policy worlds, as the apiserver would store them. `ns/name` stands for both names. */
import type {
  ClusterNetworkPolicy,
  ClusterNetworkPolicySpec,
  Labels,
  Namespace,
  NetworkPolicy,
  NetworkPolicySpec,
  Node,
  ObjectMeta,
  Pod,
  PodSpec,
  PodStatus,
} from '../../../src/apiserver/types/index.ts'

function metadata(name: string, labels?: Labels): ObjectMeta {
  return {
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels === undefined ? {} : { labels }),
  }
}

function namespaced(path: string, labels?: Labels): ObjectMeta {
  const [namespace, name] = path.split('/') as [string, string]
  return { ...metadata(name, labels), namespace }
}

export function namespace(name: string, labels: Labels = {}): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: metadata(name, labels) }
}

export function node(name: string, addresses: readonly string[], labels: Labels = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(name, labels),
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  }
}

export interface PodOptions {
  readonly labels?: Labels
  readonly ips?: readonly string[]
  readonly node?: string
  readonly hostNetwork?: boolean
  readonly phase?: NonNullable<PodStatus['phase']>
  /** `http=8080`, `dns=53/UDP`. */
  readonly ports?: readonly string[]
  readonly spec?: Partial<PodSpec>
}

export function pod(path: string, options: PodOptions = {}): Pod {
  const { labels = {}, ips = [], hostNetwork, phase = 'Running', ports = [], spec = {} } = options
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: namespaced(path, labels),
    spec: {
      containers: [{ name: 'main', ports: ports.map(containerPort) }],
      ...(options.node === undefined ? {} : { nodeName: options.node }),
      ...(hostNetwork === undefined ? {} : { hostNetwork }),
      ...spec,
    },
    status: { phase, podIPs: ips.map((ip) => ({ ip })), ...(ips[0] === undefined ? {} : { podIP: ips[0] }) },
  }
}

function containerPort(text: string) {
  const [, name, port, protocol = 'TCP'] = /^(.*)=(\d+)(?:\/(.*))?$/.exec(text)!
  return { name: name!, containerPort: Number(port), protocol: protocol as 'TCP' | 'UDP' | 'SCTP' }
}

export function networkPolicy(path: string, spec: NetworkPolicySpec): NetworkPolicy {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: namespaced(path), spec }
}

/** In the Admin tier, of priority 10, about all pods, unless said otherwise. */
export function clusterPolicy(name: string, spec: Partial<ClusterNetworkPolicySpec>): ClusterNetworkPolicy {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: metadata(name),
    spec: { tier: 'Admin', priority: 10, subject: { namespaces: {} }, ...spec },
  }
}
