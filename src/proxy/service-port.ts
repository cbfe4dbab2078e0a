/**
 * What a proxier needs to know about one port of one Service, in one address family (pkg/proxy: BaseServicePortInfo).
 * Plain data, derived once when the Service changes.
 */
import type { Protocol, Service, ServicePort } from '../apiserver/types/index.ts'
import type { Family } from '../kernel/ruleset.ts'
import { apiFamily, cidrsOfFamily, parseIp } from './ip.ts'
import type { Cidr } from './ip.ts'

export interface ServicePortName {
  readonly namespace: string
  readonly name: string
  /** Empty when the port has no name. */
  readonly port: string
  readonly protocol: Protocol
}

export interface ServicePortInfo {
  readonly portName: ServicePortName
  /** `namespace/name`, or `namespace/name:port`: the name in comments, and what chain names are hashes of. */
  readonly nameString: string
  readonly clusterIP: string
  readonly port: number
  /** 0: none. */
  readonly nodePort: number
  readonly externalIPs: readonly string[]
  /** The addresses of load balancers that the dataplane captures (ipMode VIP). */
  readonly loadBalancerVIPs: readonly string[]
  /** Empty: everybody may. */
  readonly loadBalancerSourceRanges: readonly Cidr[]
  readonly sessionAffinity: 'None' | 'ClientIP'
  readonly stickyMaxAgeSeconds: number
  readonly externalPolicyLocal: boolean
  readonly internalPolicyLocal: boolean
  /** Reachable by something other than its cluster IP. */
  readonly externallyAccessible: boolean
  /** 0: none. */
  readonly healthCheckNodePort: number
  readonly resourceVersion: string
}

export interface ServicePortOptions {
  /** The feature gate AllowServiceExternalIPs (on by default). */
  readonly allowServiceExternalIPs?: boolean
}

export function namespacedName(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}

/** `namespace/name`, or `namespace/name:port`. */
export function servicePortString({ namespace, name, port }: ServicePortName): string {
  return port === '' ? `${namespace}/${name}` : `${namespace}/${name}:${port}`
}

/** The key of a service port in maps: unlike `nameString` it holds the protocol. */
export function servicePortKey({ namespace, name, port, protocol }: ServicePortName): string {
  return `${namespace}/${name}:${port}/${protocol}`
}

/** Whether any traffic to the port is balanced over the endpoints of policy Cluster (also the short circuit of eTP Local). */
export function usesClusterEndpoints(info: ServicePortInfo): boolean {
  return !info.internalPolicyLocal || info.externallyAccessible
}

/** Whether any traffic to the port is restricted to endpoints of this node. */
export function usesLocalEndpoints(info: ServicePortInfo): boolean {
  return info.internalPolicyLocal || (info.externalPolicyLocal && info.externallyAccessible)
}

/** ExternalName and headless services have no dataplane (pkg/proxy/util: ShouldSkipService). */
export function shouldSkipService({ spec }: Service): boolean {
  return (
    spec.clusterIP === undefined ||
    spec.clusterIP === '' ||
    spec.clusterIP === 'None' ||
    spec.type === 'ExternalName'
  )
}

/** Empty when the service has none of the family (pkg/proxy/util: GetClusterIPByFamily). */
export function clusterIPOfFamily(family: Family, { spec }: Service): string {
  if (spec.ipFamilies === undefined || spec.ipFamilies.length === 0) {
    const ip = spec.clusterIP === undefined ? undefined : parseIp(spec.clusterIP)
    return ip?.family === family ? ip.text : ''
  }
  const index = spec.ipFamilies.indexOf(apiFamily(family))
  const text = spec.clusterIPs?.[index]
  return (text === undefined ? undefined : parseIp(text)?.text) ?? ''
}

/** Addresses of the other family are left out; the caller has checked that the service has a cluster IP of the family. */
export function newServicePortInfo(
  service: Service,
  family: Family,
  port: ServicePort,
  options: ServicePortOptions = {},
): ServicePortInfo {
  const { spec, metadata, status } = service
  const portName: ServicePortName = {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    port: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
  }
  const externalIPs = ipsOfFamily(family, spec.externalIPs ?? [])
  const vips = ipsOfFamily(
    family,
    (status?.loadBalancer?.ingress ?? [])
      .filter((ingress) => ingress.ipMode === undefined || ingress.ipMode === 'VIP')
      .map((ingress) => ingress.ip ?? ''),
  )
  const nodePort = port.nodePort ?? 0
  const externalPolicyLocal = mayBeReachedFromOutside(service) && spec.externalTrafficPolicy === 'Local'
  return {
    portName,
    nameString: servicePortString(portName),
    clusterIP: clusterIPOfFamily(family, service),
    port: port.port,
    nodePort,
    externalIPs: (options.allowServiceExternalIPs ?? true) ? externalIPs : [],
    loadBalancerVIPs: vips,
    loadBalancerSourceRanges: sourceRanges(family, spec.loadBalancerSourceRanges ?? []),
    sessionAffinity: spec.sessionAffinity ?? 'None',
    stickyMaxAgeSeconds: stickyMaxAge(service),
    externalPolicyLocal,
    internalPolicyLocal: spec.internalTrafficPolicy === 'Local',
    externallyAccessible: nodePort !== 0 || vips.length > 0 || externalIPs.length > 0,
    healthCheckNodePort:
      spec.type === 'LoadBalancer' && externalPolicyLocal ? (spec.healthCheckNodePort ?? 0) : 0,
    resourceVersion: metadata.resourceVersion,
  }
}

/** Only such services have an external traffic policy (pkg/api/v1/service: ExternallyAccessible). */
function mayBeReachedFromOutside({ spec }: Service): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true
  return (spec.type ?? 'ClusterIP') === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0
}

const DEFAULT_STICKY_SECONDS = 10800

function stickyMaxAge({ spec }: Service): number {
  if (spec.sessionAffinity !== 'ClientIP') return 0
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_STICKY_SECONDS
}

/** A range of length 0 lets everybody in, so then there is no list. */
function sourceRanges(family: Family, list: readonly string[]): readonly Cidr[] {
  const cidrs = cidrsOfFamily(family, list)
  return cidrs.some(({ network }) => network.prefixLength === 0) ? [] : cidrs
}

function ipsOfFamily(family: Family, list: readonly string[]): readonly string[] {
  return list
    .map((text) => parseIp(text))
    .filter((ip) => ip?.family === family)
    .map((ip) => ip!.text)
}
