/** Services (api/core/v1) and EndpointSlices (api/discovery/v1). */
import type { Condition, IPFamily, IntOrString, KubeObject, Labels, Protocol } from './meta.ts'

export interface Service extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Service'
  readonly spec: ServiceSpec
  readonly status?: ServiceStatus
}

export type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'

export type TrafficPolicy = 'Cluster' | 'Local'

export interface ServiceSpec {
  readonly type?: ServiceType
  readonly selector?: Labels
  readonly ports?: readonly ServicePort[]
  /** The first of `clusterIPs`; `None` for a headless service; absent for ExternalName. */
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly ipFamilies?: readonly IPFamily[]
  readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  readonly externalIPs?: readonly string[]
  readonly externalName?: string
  readonly sessionAffinity?: 'None' | 'ClientIP'
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } }
  readonly internalTrafficPolicy?: TrafficPolicy
  readonly externalTrafficPolicy?: TrafficPolicy
  readonly trafficDistribution?: 'PreferClose' | 'PreferSameZone' | 'PreferSameNode'
  readonly healthCheckNodePort?: number
  readonly publishNotReadyAddresses?: boolean
  readonly allocateLoadBalancerNodePorts?: boolean
  readonly loadBalancerClass?: string
  readonly loadBalancerIP?: string
  readonly loadBalancerSourceRanges?: readonly string[]
}

export interface ServicePort {
  readonly name?: string
  readonly protocol?: Protocol
  readonly port: number
  /** A port number, or the name of a container's port, resolved pod by pod. */
  readonly targetPort?: IntOrString
  readonly nodePort?: number
  readonly appProtocol?: string
}

export interface ServiceStatus {
  readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] }
  readonly conditions?: readonly Condition[]
}

export interface LoadBalancerIngress {
  readonly ip?: string
  readonly hostname?: string
  /** `VIP` (also when absent): the dataplane takes the address. `Proxy`: traffic goes out to the balancer. */
  readonly ipMode?: 'VIP' | 'Proxy'
  readonly ports?: readonly {
    readonly port: number
    readonly protocol: Protocol
    readonly error?: string
  }[]
}

export interface EndpointSlice extends KubeObject {
  readonly apiVersion: 'discovery.k8s.io/v1'
  readonly kind: 'EndpointSlice'
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints: readonly Endpoint[] | null
  readonly ports?: readonly EndpointPort[] | null
}

export interface Endpoint {
  /** Only the first address counts for a proxy. */
  readonly addresses: readonly string[]
  readonly conditions?: EndpointConditions
  readonly hostname?: string
  readonly targetRef?: ObjectReference
  readonly nodeName?: string
  readonly zone?: string
  readonly hints?: EndpointHints
}

/** Absent: ready counts as true, serving as ready, terminating as false. */
export interface EndpointConditions {
  readonly ready?: boolean
  readonly serving?: boolean
  readonly terminating?: boolean
}

export interface EndpointHints {
  readonly forZones?: readonly { readonly name: string }[]
  readonly forNodes?: readonly { readonly name: string }[]
}

/** An absent port number means all ports. */
export interface EndpointPort {
  readonly name?: string
  readonly protocol?: Protocol
  readonly port?: number
  readonly appProtocol?: string
}

export interface ObjectReference {
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly apiVersion?: string
}
