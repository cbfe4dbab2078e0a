/**
 * What a cloud or MetalLB does for a cluster: services of type LoadBalancer get an address, and the underlay sends
 * every published address (load balancer, externalIPs) to one node. As MetalLB in layer 2 mode: the first node, or,
 * when only local backends may serve (`externalTrafficPolicy: Local`), the first node that has one.
 */
import type { EndpointSlice, Service } from '../apiserver/types/index.ts'
import type { Family } from '../kernel/ruleset.ts'
import { ADDRESS_PLAN, addressAt } from './topology/plan.ts'
import { loadBalancerAddresses } from './view.ts'

/** Load balancer addresses in use and free, by family. Given back when their service goes. */
export class AddressPool {
  readonly #owners = new Map<string, string>()

  /** Those that `owner` has, or new ones; `undefined` when the range is used up. */
  take(owner: string, families: readonly Family[]): string[] | undefined {
    const taken: string[] = []
    for (const family of families) {
      const address = this.#next(owner, family)
      if (address === undefined) return undefined
      taken.push(address)
    }
    for (const address of taken) this.#owners.set(address, owner)
    return taken
  }

  /** An address that a user chose, or that is in a status already. */
  claim(owner: string, address: string): void {
    this.#owners.set(address, owner)
  }

  release(owner: string): void {
    for (const [address, its] of this.#owners) if (its === owner) this.#owners.delete(address)
  }

  #next(owner: string, family: Family): string | undefined {
    const { loadBalancerCidr } = ADDRESS_PLAN[family]
    const [base = ''] = loadBalancerCidr.split('/')
    for (let offset = 1; offset < 255; offset++) {
      const address = addressAt(base, BigInt(offset))
      const its = this.#owners.get(address)
      if (its === undefined || its === owner) return address
    }
    return undefined
  }
}

export function familiesOf({ spec }: Service): Family[] {
  return (spec.ipFamilies ?? ['IPv4']).map((family) => (family === 'IPv6' ? 'ipv6' : 'ipv4'))
}

/** Addresses from outside that the underlay has to send to a node. `Proxy` mode balancers keep their address. */
export function announcedAddresses(service: Service): string[] {
  const proxied = new Set(
    (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
      ip !== undefined && ipMode === 'Proxy' ? [ip] : [],
    ),
  )
  const published = [...(service.spec.externalIPs ?? []), ...loadBalancerAddresses(service)]
  return [...new Set(published)].filter((address) => !proxied.has(address))
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
