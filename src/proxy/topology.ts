/**
 * Which endpoints of a service port get traffic (pkg/proxy: CategorizeEndpoints; KEP-1669, KEP-2433, KEP-3015). The
 * same in every proxy mode.
 */
import { isServingTerminating } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { usesClusterEndpoints, usesLocalEndpoints } from './service-port.ts'
import type { ServicePortInfo } from './service-port.ts'

export interface EndpointCategories {
  /** For traffic under policy Cluster. */
  readonly cluster: readonly Endpoint[]
  /** For traffic under policy Local. */
  readonly local: readonly Endpoint[]
  /** The union: what this node can send to, and so needs objects for. Sorted as the endpoints were. */
  readonly reachable: readonly Endpoint[]
  /** Whether the service has a usable endpoint anywhere, even if this node may not send to it. */
  readonly hasAny: boolean
}

export interface NodeTopology {
  readonly nodeName: string
  /** Label `topology.kubernetes.io/zone`; empty when the node has none. */
  readonly zone: string
}

const NONE: readonly Endpoint[] = []

/** `endpoints` must be sorted by `endpoint`, as `EndpointsMap` holds them. */
export function categorizeEndpoints(
  endpoints: readonly Endpoint[],
  info: ServicePortInfo,
  topology: NodeTopology,
): EndpointCategories {
  if (endpoints.length === 0) return { cluster: NONE, local: NONE, reachable: NONE, hasAny: false }
  const mode = usesClusterEndpoints(info) ? topologyMode(endpoints, topology) : 'none'
  const cluster = usesClusterEndpoints(info) ? clusterEndpoints(endpoints, mode, topology) : NONE
  if (!usesLocalEndpoints(info))
    return { cluster, local: NONE, reachable: cluster, hasAny: cluster.length > 0 }
  const local = localEndpoints(endpoints)
  const hasAny =
    cluster.length > 0 || endpoints.some((endpoint) => endpoint.ready || isServingTerminating(endpoint))
  if (!usesClusterEndpoints(info)) return { cluster, local, reachable: local, hasAny }
  const union = new Set([...cluster, ...local])
  const reachable =
    union.size === cluster.length ? cluster : endpoints.filter((endpoint) => union.has(endpoint))
  return { cluster, local, reachable, hasAny }
}

type TopologyMode = 'none' | 'PreferSameNode' | 'PreferSameZone'

/** Hints count only when every ready endpoint has one and at least one names this node (or zone). */
export function topologyMode(endpoints: readonly Endpoint[], { nodeName, zone }: NodeTopology): TopologyMode {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  if (ready.length === 0) return 'none'
  if (ready.every(({ nodeHints }) => nodeHints.length > 0))
    if (ready.some(({ nodeHints }) => nodeHints.includes(nodeName))) return 'PreferSameNode'
  if (ready.every(({ zoneHints }) => zoneHints.length > 0))
    if (ready.some(({ zoneHints }) => zoneHints.includes(zone))) return 'PreferSameZone'
  return 'none'
}

function clusterEndpoints(
  endpoints: readonly Endpoint[],
  mode: TopologyMode,
  { nodeName, zone }: NodeTopology,
): readonly Endpoint[] {
  const preferred = endpoints.filter((endpoint) => {
    if (!endpoint.ready) return false
    if (mode === 'PreferSameNode') return endpoint.nodeHints.includes(nodeName)
    return mode === 'none' || endpoint.zoneHints.includes(zone)
  })
  return preferred.length > 0 ? preferred : endpoints.filter(isServingTerminating)
}

function localEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const here = endpoints.filter(({ isLocal }) => isLocal)
  const ready = here.filter((endpoint) => endpoint.ready)
  return ready.length > 0 ? ready : here.filter((endpoint) => isServingTerminating(endpoint))
}
