/** Builders of the API objects that a proxy watches: give what matters, the rest is plain. */
import type { Endpoint, EndpointSlice, Node, Service } from '../../../src/apiserver/types/index.ts'

let versions = 0

/** A version that no object had before. */
export function nextVersion(): string {
  return String(++versions)
}

function metadata(namespace: string | undefined, name: string) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: `uid-${namespace ?? ''}-${name}`,
    resourceVersion: nextVersion(),
    creationTimestamp: '2024-01-01T00:00:00Z',
  }
}

/** `svc('ns/name', { clusterIP, ports, … }, ['1.2.3.4', 'Proxy 5.6.7.8'])`: the last are addresses of load balancers. */
export function svc(path: string, spec: Service['spec'], balancers: readonly string[] = []): Service {
  const [namespace, name] = path.split('/') as [string, string]
  const ip = spec.clusterIP
  const clusterIPs = spec.clusterIPs ?? (ip === undefined ? [] : [ip])
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(namespace, name),
    spec: {
      type: 'ClusterIP',
      clusterIPs,
      ipFamilies: clusterIPs.map((text) => (text.includes(':') ? 'IPv6' : 'IPv4')),
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ...spec,
    },
    status: { loadBalancer: { ingress: balancers.map(ingress) } },
  }
}

function ingress(text: string) {
  const [mode, ip] = text.split(' ') as [string, string?]
  return ip === undefined ? { ip: mode } : { ip, ipMode: mode as 'VIP' | 'Proxy' }
}

/** `ip` or `ip@node`, with flags after: `!` not ready, `~` terminating but serving, `x` terminating and not serving. */
export function endpoint(text: string, more: Partial<Endpoint> = {}): Endpoint {
  const [, address, nodeName, flag] = /^([^@!~x]+?)(?:@([\w-]+?))?([!~x])?$/.exec(text)!
  const conditions = {
    '!': { ready: false, serving: false, terminating: false },
    '~': { ready: false, serving: true, terminating: true },
    x: { ready: false, serving: false, terminating: true },
  }
  return {
    addresses: [address!],
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(flag === undefined ? {} : { conditions: conditions[flag as '!' | '~' | 'x'] }),
    ...more,
  }
}

export interface SliceOptions {
  readonly suffix?: string
  readonly ports?: EndpointSlice['ports']
}

const TCP_P80 = [{ name: 'p80', port: 80, protocol: 'TCP' as const }]

/** A slice of service `ns/name`; endpoints as text are read by `endpoint`. */
export function slice(
  path: string,
  endpoints: readonly (string | Endpoint)[],
  { suffix = '1', ports = TCP_P80 }: SliceOptions = {},
): EndpointSlice {
  const [namespace, name] = path.split('/') as [string, string]
  const list = endpoints.map((each) => (typeof each === 'string' ? endpoint(each) : each))
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...metadata(namespace, `${name}-${suffix}`),
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: list[0]?.addresses[0]?.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: list,
    ports,
  }
}

export function node(name: string, addresses: readonly string[], zone?: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      ...metadata(undefined, name),
      ...(zone === undefined ? {} : { labels: { 'topology.kubernetes.io/zone': zone } }),
    },
    spec: {},
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP' as const, address })) },
  }
}
