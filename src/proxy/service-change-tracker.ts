/**
 * Collects what happens to Services between two syncs (pkg/proxy: ServiceChangeTracker, ServicePortMap). For one
 * service all changes since the last sync are one: from the state before the first to the state after the last; when
 * they are equal nothing happened. What a proxier does not look at (labels, resourceVersion) is no change.
 */
import type { Service } from '../apiserver/types/index.ts'
import type { Family } from '../kernel/ruleset.ts'
import { deepEqual } from './equal.ts'
import {
  clusterIPOfFamily,
  namespacedName,
  newServicePortInfo,
  servicePortKey,
  shouldSkipService,
} from './service-port.ts'
import type { ServicePortInfo, ServicePortOptions } from './service-port.ts'

/** Service ports by `servicePortKey`. */
export type ServicePortMap = Map<string, ServicePortInfo>

/** A service's ports at the last sync, and now. */
export interface ServiceChange {
  readonly previous: ServicePortMap
  current: ServicePortMap
}

export class ServiceChangeTracker {
  readonly #family: Family
  readonly #options: ServicePortOptions
  #changes = new Map<string, ServiceChange>()

  constructor(family: Family, options: ServicePortOptions = {}) {
    this.#family = family
    this.#options = options
  }

  /** Notes one change: `previous` undefined is an addition, `current` undefined a deletion. True when a sync has work to do. */
  update(previous: Service | undefined, current: Service | undefined): boolean {
    const service = current ?? previous
    if (service === undefined) return false
    const name = namespacedName(service.metadata.namespace, service.metadata.name)
    let change = this.#changes.get(name)
    if (change === undefined) {
      change = { previous: this.#portsOf(previous), current: new Map() }
      this.#changes.set(name, change)
    }
    change.current = this.#portsOf(current)
    if (samePorts(change.previous, change.current)) this.#changes.delete(name)
    return this.#changes.size > 0
  }

  /** Brings `map` up to date and forgets the changes. Returns what changed, by `namespace/name` of the service. */
  applyTo(map: ServicePortMap): ReadonlyMap<string, ServiceChange> {
    const changes = this.#changes
    this.#changes = new Map()
    for (const { previous, current } of changes.values()) {
      for (const [key, info] of current) map.set(key, info)
      for (const key of previous.keys()) if (!current.has(key)) map.delete(key)
    }
    return changes
  }

  #portsOf(service: Service | undefined): ServicePortMap {
    const ports: ServicePortMap = new Map()
    if (service === undefined || shouldSkipService(service)) return ports
    if (clusterIPOfFamily(this.#family, service) === '') return ports
    for (const port of service.spec.ports ?? []) {
      const info = newServicePortInfo(service, this.#family, port, this.#options)
      ports.set(servicePortKey(info.portName), info)
    }
    return ports
  }
}

function samePorts(a: ServicePortMap, b: ServicePortMap): boolean {
  if (a.size !== b.size) return false
  for (const [key, info] of a) {
    const other = b.get(key)
    if (other === undefined) return false
    if (!deepEqual({ ...info, resourceVersion: '' }, { ...other, resourceVersion: '' })) return false
  }
  return true
}

/** `namespace/name` to port, for services that have a health check port. */
export function healthCheckNodePorts(map: ServicePortMap): Map<string, number> {
  const ports = new Map<string, number>()
  for (const { portName, healthCheckNodePort } of map.values())
    if (healthCheckNodePort !== 0)
      ports.set(namespacedName(portName.namespace, portName.name), healthCheckNodePort)
  return ports
}
