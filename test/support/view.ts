/** A hand-made ClusterView: objects in, the same objects out. And builders for the objects that it needs. */
import type {
  EndpointSlice,
  KubeObject,
  Node,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodSpec,
  Service,
  ServiceSpec,
} from '../../src/apiserver/types/index.ts'
import { byName, type ClusterView } from '../../src/cluster/view.ts'

export function viewOf(objects: readonly KubeObject[]): ClusterView {
  const all = <T extends KubeObject>(kind: string): T[] =>
    objects.filter((object): object is T => object.kind === kind).sort(byName)
  return {
    nodes: () => all('Node'),
    pods: () => all('Pod'),
    services: () => all('Service'),
    endpointSlices: () => all('EndpointSlice'),
    deployments: () => all('Deployment'),
    controllers: () => ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].flatMap((kind) => all(kind)),
    namespaces: () => all('Namespace'),
    networkPolicies: () => all('NetworkPolicy'),
    clusterNetworkPolicies: () => all('ClusterNetworkPolicy'),
    get: (kind, namespace, name) =>
      objects.find(
        ({ kind: its, metadata }) =>
          its === kind && metadata.name === name && (metadata.namespace ?? '') === namespace,
      ),
  }
}

export function meta(path: string, extra: Partial<ObjectMeta> = {}): ObjectMeta {
  const [name = '', namespace] = path.split('/').toReversed()
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: path,
    resourceVersion: '1',
    creationTimestamp: '2024-01-01T00:00:00Z',
    ...extra,
  }
}

export function node(name: string, addresses: readonly string[], podCIDRs: readonly string[] = []): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: meta(name),
    spec: { podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  }
}

export interface PodExtra {
  readonly owner?: { readonly kind: string; readonly name: string }
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string
  readonly ports?: NonNullable<PodSpec['containers'][number]['ports']>
  readonly hostNetwork?: boolean
  readonly phase?: NonNullable<Pod['status']>['phase']
}

export function pod(path: string, addresses: readonly string[], extra: PodExtra = {}): Pod {
  const { owner, labels = {}, node: nodeName = 'node-1', ports = [], hostNetwork = false } = extra
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(path, { labels, ...(owner === undefined ? {} : { ownerReferences: [ownedBy(owner)] }) }),
    spec: { nodeName, hostNetwork, containers: [{ name: 'main', ports }] },
    status: { phase: extra.phase ?? 'Running', podIPs: addresses.map((ip) => ({ ip })) },
  }
}

export function replicaSet(path: string, owner?: { kind: string; name: string }): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta(path, owner === undefined ? {} : { ownerReferences: [ownedBy(owner)] }),
  }
}

export function deployment(path: string, replicas: number): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(path), spec: { replicas } } as KubeObject
}

export function service(path: string, spec: ServiceSpec, loadBalancer: readonly string[] = []): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(path),
    spec,
    status: { loadBalancer: { ingress: loadBalancer.map((ip) => ({ ip })) } },
  }
}

export function slice(
  path: string,
  of: string,
  addresses: readonly string[],
  port: number,
  ready: readonly boolean[] = [],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta(path, { labels: { 'kubernetes.io/service-name': of } }),
    addressType: addresses[0]?.includes(':') === true ? 'IPv6' : 'IPv4',
    endpoints: addresses.map((address, index) => ({
      addresses: [address],
      conditions: { ready: ready[index] ?? true },
    })),
    ports: [{ name: '', port, protocol: 'TCP' }],
  }
}

function ownedBy({ kind, name }: { kind: string; name: string }): OwnerReference {
  return { apiVersion: 'apps/v1', kind, name, uid: name, controller: true }
}
