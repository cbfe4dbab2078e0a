/** Collects what happens to EndpointSlices of one family between two syncs (pkg/proxy: EndpointsChangeTracker). */
import type { EndpointSlice } from '../apiserver/types/index.ts'
import type { Family } from '../kernel/ruleset.ts'
import { EndpointSliceCache } from './endpoint-slice-cache.ts'
import type { EndpointsMap, NameEndpoint } from './endpoint-slice-cache.ts'
import { apiFamily } from './ip.ts'

export interface EndpointsUpdate {
  /** `namespace/name` of each service whose endpoints changed. */
  readonly updatedServices: ReadonlySet<string>
  /** A UDP port was among those of a service that changed. */
  readonly conntrackCleanupRequired: boolean
}

export class EndpointsChangeTracker {
  readonly #addressType: 'IPv4' | 'IPv6'
  readonly #cache: EndpointSliceCache
  readonly #resourceVersions = new Map<string, string>()

  constructor(family: Family, nodeName: string, nameEndpoint: NameEndpoint) {
    this.#addressType = apiFamily(family)
    this.#cache = new EndpointSliceCache(nodeName, nameEndpoint)
  }

  /** Slices of another address type are ignored. True when a sync has work to do. */
  endpointSliceUpdate(slice: EndpointSlice, remove: boolean): boolean {
    if (slice.addressType !== this.#addressType) return false
    return this.#cache.updatePending(slice, remove)
  }

  /** Versions of the slices that `service` is made of, as last applied; undefined when it has none. */
  resourceVersions(service: string): string | undefined {
    return this.#resourceVersions.get(service)
  }

  /** Brings `map` up to date and forgets the changes. */
  applyTo(map: EndpointsMap): EndpointsUpdate {
    const changes = this.#cache.checkoutChanges()
    let conntrackCleanupRequired = false
    for (const [service, { previous, current, resourceVersions }] of changes) {
      for (const key of previous.keys()) map.delete(key)
      for (const [key, endpoints] of current) map.set(key, endpoints)
      if (resourceVersions === '') this.#resourceVersions.delete(service)
      else this.#resourceVersions.set(service, resourceVersions)
      conntrackCleanupRequired ||= hasUdp(previous) || hasUdp(current)
    }
    return { updatedServices: new Set(changes.keys()), conntrackCleanupRequired }
  }
}

function hasUdp(map: EndpointsMap): boolean {
  for (const key of map.keys()) if (key.endsWith('/UDP')) return true
  return false
}

/** Unique addresses of endpoints that are ready and on this node, counted by service: what a health check reports. */
export function localReadyEndpoints(map: EndpointsMap): Map<string, number> {
  const addresses = new Map<string, Set<string>>()
  for (const [key, endpoints] of map) {
    const service = key.slice(0, key.indexOf(':'))
    for (const { ready, isLocal, ip } of endpoints) {
      if (!ready || !isLocal) continue
      const known = addresses.get(service)
      if (known === undefined) addresses.set(service, new Set([ip]))
      else known.add(ip)
    }
  }
  return new Map([...addresses].map(([service, ips]) => [service, ips.size]))
}
