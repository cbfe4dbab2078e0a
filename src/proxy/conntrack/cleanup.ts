/**
 * Which conntrack entries of UDP services are stale (pkg/proxy/conntrack: CleanStaleEntries, the whole-table
 * reconciler of Kubernetes 1.32 and later). UDP has no end of connection that a client would notice: as long as it
 * keeps sending from one port, it stays bound to an endpoint that is gone, or to no endpoint at all.
 */
import type { Endpoint } from '../endpoint.ts'
import type { EndpointsMap } from '../endpoint-slice-cache.ts'
import { joinHostPort } from '../ip.ts'
import type { ServicePortMap } from '../service-change-tracker.ts'

/** What the decision needs of an entry of the table: canonical addresses, ports in host order. */
export interface ConntrackFlow {
  readonly protocol: number
  readonly original: FlowTuple
  readonly reply: FlowTuple
}

export interface FlowTuple {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
}

export interface ConntrackCleanupOptions {
  /**
   * Also clean services that have lost all their serving endpoints, as 1.37 does. Releases 1.32 to 1.36 skip them
   * (kubernetes#139628), so that a busy sender stays bound to a dead pod until the service has an endpoint again.
   */
  readonly includeServicesWithoutEndpoints?: boolean
}

const IPPROTO_UDP = 17

/** The entries to delete. Traffic policy, topology and termination of an endpoint do not matter, only that it serves. */
export function staleFlows<Flow extends ConntrackFlow>(
  flows: Iterable<Flow>,
  services: ServicePortMap,
  endpoints: EndpointsMap,
  options: ConntrackCleanupOptions = {},
): Flow[] {
  const byAddress = new Map<string, ReadonlySet<string>>()
  const byNodePort = new Map<number, ReadonlySet<string>>()
  for (const [key, info] of services) {
    if (info.portName.protocol !== 'UDP') continue
    const serving = servingEndpoints(endpoints.get(key) ?? [])
    if (serving.size === 0 && options.includeServicesWithoutEndpoints !== true) continue
    for (const address of [info.clusterIP, ...info.loadBalancerVIPs, ...info.externalIPs])
      byAddress.set(joinHostPort(address, info.port), serving)
    if (info.nodePort !== 0) byNodePort.set(info.nodePort, serving)
  }
  const isStale = ({ protocol, original, reply }: Flow): boolean => {
    if (protocol !== IPPROTO_UDP) return false
    const backend = joinHostPort(reply.source, reply.sourcePort)
    const frontend = byAddress.get(joinHostPort(original.destination, original.destinationPort))
    if (frontend !== undefined && !frontend.has(backend)) return true
    const nodePort = byNodePort.get(original.destinationPort)
    return nodePort !== undefined && !nodePort.has(backend)
  }
  return [...flows].filter((flow) => isStale(flow))
}

function servingEndpoints(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.filter(({ serving }) => serving).map(({ endpoint }) => endpoint))
}
