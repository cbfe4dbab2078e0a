/**
 * EndpointSlices by service, and the endpoint lists they add up to (pkg/proxy: EndpointSliceCache). An endpoint may
 * move from one slice to another, so slices are kept apart; when two carry the same `ip:port`, the one that is not
 * terminating wins (then the last by slice name, where upstream leaves it to the order of a Go map).
 */
import type { EndpointPort, EndpointSlice } from '../apiserver/types/index.ts'
import type { Endpoint } from './endpoint.ts'
import { deepEqual } from './equal.ts'
import { canonicalIp, joinHostPort } from './ip.ts'
import { namespacedName, servicePortKey } from './service-port.ts'
import type { ServicePortName } from './service-port.ts'

/** Endpoints by `servicePortKey`, each list sorted by `ip:port` as text. */
export type EndpointsMap = Map<string, readonly Endpoint[]>

export interface EndpointsChange {
  readonly previous: EndpointsMap
  readonly current: EndpointsMap
  /** Versions of all slices of the service, by slice name. */
  readonly resourceVersions: string
}

interface SliceTracker {
  readonly applied: Map<string, EndpointSlice>
  /** Undefined: the slice is to be removed. */
  readonly pending: Map<string, EndpointSlice | undefined>
  current: EndpointsMap
}

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'

/** `namespace/service`, or undefined when the slice does not say to which service it belongs. */
export function serviceOfSlice({ metadata }: EndpointSlice): string | undefined {
  const service = metadata.labels?.[SERVICE_NAME_LABEL]
  if (service === undefined || service === '' || metadata.name === '') return undefined
  if (metadata.namespace === undefined || metadata.namespace === '') return undefined
  return namespacedName(metadata.namespace, service)
}

/** Gives an endpoint of a service port its `name`. */
export type NameEndpoint = (portName: ServicePortName, endpoint: string) => string

export class EndpointSliceCache {
  readonly #nodeName: string
  readonly #nameEndpoint: NameEndpoint
  readonly #trackers = new Map<string, SliceTracker>()
  readonly #dirty = new Set<string>()

  constructor(nodeName: string, nameEndpoint: NameEndpoint) {
    this.#nodeName = nodeName
    this.#nameEndpoint = nameEndpoint
  }

  /** Notes a new state of the slice, or its removal. False when that is what was known already. */
  updatePending(slice: EndpointSlice, remove: boolean): boolean {
    const service = serviceOfSlice(slice)
    if (service === undefined) return false
    const tracker = this.#trackers.get(service)
    const name = slice.metadata.name
    const next = remove ? undefined : slice
    if (tracker?.pending.has(name)) {
      if (deepEqual(tracker.pending.get(name), next)) return false
    } else if (tracker?.applied.has(name)) {
      if (deepEqual(tracker.applied.get(name), next)) return false
    } else if (remove) return false
    this.#trackerOf(service).pending.set(name, next)
    this.#dirty.add(service)
    return true
  }

  /** Hands out what changed since the last call, by service, and counts it as applied. */
  checkoutChanges(): Map<string, EndpointsChange> {
    const changes = new Map<string, EndpointsChange>()
    for (const service of this.#dirty) {
      const tracker = this.#trackers.get(service)!
      const previous = tracker.current
      for (const [name, slice] of tracker.pending)
        if (slice === undefined) tracker.applied.delete(name)
        else tracker.applied.set(name, slice)
      tracker.pending.clear()
      if (tracker.applied.size === 0) this.#trackers.delete(service)
      const slices = [...tracker.applied.values()].sort((a, b) =>
        a.metadata.name < b.metadata.name ? -1 : 1,
      )
      tracker.current = this.#endpointsOf(service, slices, previous)
      const resourceVersions = slices.map(({ metadata }) => metadata.resourceVersion).join(',')
      changes.set(service, { previous, current: tracker.current, resourceVersions })
    }
    this.#dirty.clear()
    return changes
  }

  #trackerOf(service: string): SliceTracker {
    let tracker = this.#trackers.get(service)
    if (tracker === undefined) {
      tracker = { applied: new Map(), pending: new Map(), current: new Map() }
      this.#trackers.set(service, tracker)
    }
    return tracker
  }

  #endpointsOf(service: string, slices: readonly EndpointSlice[], previous: EndpointsMap): EndpointsMap {
    const lists = new Map<string, Endpoint[]>()
    const [namespace, name] = service.split('/') as [string, string]
    for (const slice of slices)
      for (const port of slice.ports ?? []) {
        if (!isUsable(port)) continue
        const protocol = port.protocol ?? 'TCP'
        const portName = { namespace, name, port: port.name, protocol }
        const key = servicePortKey(portName)
        let list = lists.get(key)
        if (list === undefined) lists.set(key, (list = []))
        this.#addEndpoints(list, slice, port.port, portName, previous.get(key) ?? NO_ENDPOINTS)
      }
    const endpoints: EndpointsMap = new Map()
    for (const [key, list] of lists) if (list.length > 0) endpoints.set(key, each(list.sort(byAddress)))
    return endpoints
  }

  #addEndpoints(
    list: Endpoint[],
    slice: EndpointSlice,
    port: number,
    portName: ServicePortName,
    previous: readonly Endpoint[],
  ): void {
    for (const { addresses, conditions, hints, nodeName } of slice.endpoints ?? []) {
      const ip = addresses[0] === undefined ? undefined : canonicalIp(addresses[0])
      if (ip === undefined) continue
      const endpoint = joinHostPort(ip, port)
      list.push({
        ip,
        port,
        endpoint,
        name: nameIn(previous, endpoint) ?? this.#nameEndpoint(portName, endpoint),
        isLocal: nodeName !== undefined && nodeName !== '' && nodeName === this.#nodeName,
        ready: conditions?.ready ?? true,
        serving: conditions?.serving ?? true,
        terminating: conditions?.terminating ?? false,
        zoneHints: namesOf(hints?.forZones),
        nodeHints: namesOf(hints?.forNodes),
      })
    }
  }
}

const byAddress = (a: Endpoint, b: Endpoint): number =>
  a.endpoint < b.endpoint ? -1 : a.endpoint > b.endpoint ? 1 : 0

/** Each address once: of equal ones, which come in the order of their slices, the last that is not terminating. */
function each(sorted: readonly Endpoint[]): readonly Endpoint[] {
  const kept = sorted.slice(0, 1)
  for (let i = 1; i < sorted.length; i++) {
    const endpoint = sorted[i]!
    if (endpoint.endpoint !== kept.at(-1)!.endpoint) kept.push(endpoint)
    else if (!endpoint.terminating) kept[kept.length - 1] = endpoint
  }
  return kept.length === sorted.length ? sorted : kept
}

/** A port without name or number is of no use to a proxy. */
function isUsable(
  port: EndpointPort,
): port is EndpointPort & { readonly name: string; readonly port: number } {
  return port.name !== undefined && port.port !== undefined && port.port !== 0
}

const NO_HINTS: readonly string[] = []
const NO_ENDPOINTS: readonly Endpoint[] = []

/** The name that the endpoint had in the sorted list: names are hashes, and hashing is most of the work. */
function nameIn(list: readonly Endpoint[], endpoint: string): string | undefined {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle]!.endpoint < endpoint) low = middle + 1
    else high = middle
  }
  const found = list[low]
  return found?.endpoint === endpoint ? found.name : undefined
}

function namesOf(hints: readonly { readonly name: string }[] | undefined): readonly string[] {
  return hints === undefined || hints.length === 0 ? NO_HINTS : hints.map(({ name }) => name)
}
