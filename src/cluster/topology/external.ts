/**
 * Where the underlay sends a service's published addresses (load balancer, externalIPs): to one node, as MetalLB does
 * in layer 2 mode. The first node, or, when only local backends may serve (`externalTrafficPolicy: Local`), the first
 * node that has one.
 */
import type { EndpointSlice, Service } from '../../apiserver/types/index.ts'
import { loadBalancerAddresses } from '../view.ts'

/** Addresses from outside that the underlay has to send to a node. */
export function announcedAddresses(service: Service): string[] {
  const proxied = new Set(proxiedAddresses(service))
  const published = [...(service.spec.externalIPs ?? []), ...loadBalancerAddresses(service)]
  return [...new Set(published)].filter((address) => !proxied.has(address))
}

/** Addresses that a balancer keeps to itself (`ipMode: Proxy`): it makes connections of its own. */
export function proxiedAddresses({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip !== undefined && ipMode === 'Proxy' ? [ip] : [],
  )
}

/** The node that answers for them. `nodes` are names in order; `slices` those of the service. */
export function announcer(
  service: Service,
  slices: readonly EndpointSlice[],
  nodes: readonly string[],
): string | undefined {
  if (service.spec.externalTrafficPolicy !== 'Local') return nodes[0]
  const local = new Set(
    slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ nodeName, conditions }) =>
        nodeName !== undefined && conditions?.ready !== false ? [nodeName] : [],
      ),
    ),
  )
  return nodes.find((node) => local.has(node)) ?? nodes[0]
}
