/**
 * The answers on health check node ports (pkg/proxy/healthcheck: ServiceHealthServer): with external traffic policy
 * Local a load balancer asks each node whether it has a ready endpoint. What listens is up to the caller: this keeps
 * the ports that should be open, and what each says.
 */
import { JSON_HEADERS } from './proxy-health.ts'
import type { HealthResponse } from './proxy-health.ts'

export interface HealthCheckPort {
  /** `namespace/name` */
  readonly service: string
  readonly port: number
}

export class ServiceHealthServer {
  readonly #proxyHealthy: () => boolean
  readonly #services = new Map<string, { readonly port: number; endpoints: number }>()
  readonly #changed: ((open: readonly HealthCheckPort[]) => void) | undefined

  /** `changed` is told the ports that are open, whenever that changes. */
  constructor(proxyHealthy: () => boolean, changed?: (open: readonly HealthCheckPort[]) => void) {
    this.#proxyHealthy = proxyHealthy
    this.#changed = changed
  }

  /** The ports that should be open, by service. One that stays keeps its count. */
  syncServices(ports: ReadonlyMap<string, number>): void {
    let changed = false
    for (const [service, { port }] of this.#services)
      if (ports.get(service) !== port) changed = this.#services.delete(service)
    for (const [service, port] of ports) {
      if (this.#services.has(service)) continue
      this.#services.set(service, { port, endpoints: 0 })
      changed = true
    }
    if (changed) this.#changed?.(this.openPorts())
  }

  /** Ready endpoints on this node, by service; a service that is not named has none. */
  syncEndpoints(counts: ReadonlyMap<string, number>): void {
    for (const [service, state] of this.#services) state.endpoints = counts.get(service) ?? 0
  }

  openPorts(): readonly HealthCheckPort[] {
    return [...this.#services].map(([service, { port }]) => ({ service, port }))
  }

  /** The answer to any request on the service's port; undefined when it is closed. */
  respond(service: string): HealthResponse | undefined {
    const state = this.#services.get(service)
    if (state === undefined) return undefined
    const healthy = this.#proxyHealthy()
    const [namespace, name] = service.split('/')
    const body = {
      service: { namespace, name },
      localEndpoints: state.endpoints,
      serviceProxyHealthy: healthy,
    }
    return {
      status: state.endpoints > 0 && healthy ? 200 : 503,
      headers: { ...JSON_HEADERS, 'X-Load-Balancing-Endpoint-Weight': String(state.endpoints) },
      body: JSON.stringify(body, undefined, '\t'),
    }
  }
}
