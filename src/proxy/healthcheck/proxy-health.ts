/**
 * Whether kube-proxy keeps up (pkg/proxy/healthcheck: ProxyHealthServer). A proxier is unhealthy when an update has
 * waited longer than the timeout (twice the sync period). `/healthz` also fails on a node that is about to go away.
 */
import type { IPFamily, Node } from '../../apiserver/types/index.ts'
import type { Clock } from '../../sim/clock.ts'

export interface ProxyHealth {
  /** Milliseconds since the epoch; 0 before the first sync. */
  readonly lastUpdated: number
  readonly currentTime: number
  readonly healthy: boolean
  readonly status: Readonly<Partial<Record<IPFamily, { lastUpdated: number; healthy: boolean }>>>
}

export interface HealthResponse {
  readonly status: 200 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const TO_BE_DELETED_TAINT = 'ToBeDeletedByClusterAutoscaler'

export const JSON_HEADERS = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' }

export class ProxyHealthServer {
  readonly #clock: Clock
  readonly #timeout: number
  readonly #node: () => Node | undefined
  readonly #lastUpdated = new Map<IPFamily, number>()
  readonly #oldestPending = new Map<IPFamily, number>()

  /** `timeout` in milliseconds. */
  constructor(clock: Clock, timeout: number, node: () => Node | undefined) {
    this.#clock = clock
    this.#timeout = timeout
    this.#node = node
  }

  /** The proxier of the family has brought its rules up to date. */
  updated(family: IPFamily): void {
    this.#oldestPending.delete(family)
    this.#lastUpdated.set(family, this.#clock.now())
  }

  /** A change waits to be synced. */
  queuedUpdate(family: IPFamily): void {
    if (!this.#oldestPending.has(family)) this.#oldestPending.set(family, this.#clock.now())
  }

  health(): ProxyHealth {
    const currentTime = this.#clock.now()
    const status: Partial<Record<IPFamily, { lastUpdated: number; healthy: boolean }>> = {}
    for (const [family, lastUpdated] of this.#lastUpdated) {
      const pending = this.#oldestPending.get(family)
      status[family] = {
        lastUpdated,
        healthy: pending === undefined || currentTime - pending < this.#timeout,
      }
    }
    return {
      lastUpdated: Math.max(0, ...this.#lastUpdated.values()),
      currentTime,
      healthy: Object.values(status).every(({ healthy }) => healthy),
      status,
    }
  }

  nodeEligible(): boolean {
    const node = this.#node()
    if (node === undefined || node.metadata.deletionTimestamp !== undefined) return false
    return !(node.spec?.taints ?? []).some(({ key }) => key === TO_BE_DELETED_TAINT)
  }

  /** The answer to GET `/healthz`, or to `/livez`, which does not look at the node. */
  respond(path: '/healthz' | '/livez'): HealthResponse {
    const health = this.health()
    const eligible = path === '/livez' ? undefined : this.nodeEligible()
    const ok = health.healthy && eligible !== false
    const body = {
      lastUpdated: timestamp(ok ? health.currentTime : health.lastUpdated),
      currentTime: timestamp(health.currentTime),
      ...(eligible === undefined ? {} : { nodeEligible: eligible }),
      healthy: health.healthy,
      status: Object.fromEntries(
        Object.entries(health.status).map(([family, { lastUpdated, healthy }]) => [
          family,
          { lastUpdated: timestamp(lastUpdated), healthy },
        ]),
      ),
    }
    return { status: ok ? 200 : 503, headers: JSON_HEADERS, body: JSON.stringify(body) }
  }
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
