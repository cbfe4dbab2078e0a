/**
 * kube-proxy in iptables mode, for one family of one node (pkg/proxy/iptables: Proxier, Kubernetes 1.36). Handlers note
 * changes; a sync turns them into one batch for iptables-restore.
 *
 * A *full* sync writes everything: the first, one after a failure, after somebody flushed the tables, after the node's
 * zone changed, and every hour (not in a large cluster). A *partial* one writes the chains that all services share, and
 * the chains of the services that changed.
 */
import type { EndpointSlice, Service } from '../../apiserver/types/index.ts'
import type { Clock } from '../../sim/clock.ts'
import { staleFlows } from '../conntrack/cleanup.ts'
import type { EndpointsMap } from '../endpoint-slice-cache.ts'
import { EndpointsChangeTracker, localReadyEndpoints } from '../endpoints-change-tracker.ts'
import type { EndpointsUpdate } from '../endpoints-change-tracker.ts'
import { apiFamily } from '../ip.ts'
import type { Iptables, ProxyNode } from '../node.ts'
import type { Provider } from '../provider.ts'
import { BoundedFrequencyRunner } from '../runner.ts'
import { ServiceChangeTracker, healthCheckNodePorts } from '../service-change-tracker.ts'
import type { ServicePortMap } from '../service-change-tracker.ts'
import { BatchBuilder } from './batch.ts'
import { IptablesMonitor } from './monitor.ts'
import { CANARY_TABLES, KUBE_PROXY_CANARY, LARGE_CLUSTER_ENDPOINTS, endpointChain } from './names.ts'
import type { IptablesProxierOptions, SyncReport } from './options.ts'
import { PortTable } from './port-table.ts'
import { SharedRules } from './shared-rules.ts'
import { StaleChains } from './stale-chains.ts'

export type { IptablesProxierOptions, SyncReport } from './options.ts'

/** An hour, whatever is configured. */
export const FULL_SYNC_PERIOD = 3_600_000

export class IptablesProxier implements Provider {
  readonly #clock: Clock
  readonly #node: ProxyNode
  readonly #iptables: Iptables
  readonly #options: IptablesProxierOptions
  readonly #shared: SharedRules
  readonly #services: ServiceChangeTracker
  readonly #slices: EndpointsChangeTracker
  readonly #servicePorts: ServicePortMap = new Map()
  readonly #endpoints: EndpointsMap = new Map()
  readonly #ports = new PortTable()
  readonly #stale: StaleChains
  readonly #runner: BoundedFrequencyRunner
  readonly #monitor: IptablesMonitor
  #servicesSynced = false
  #slicesSynced = false
  #needFullSync = true
  #lastFullSync = -Infinity
  #largeCluster = false

  /** Writes `route_localnet` when the options need it. */
  constructor(clock: Clock, node: ProxyNode, iptables: Iptables, options: IptablesProxierOptions) {
    this.#clock = clock
    this.#node = node
    this.#iptables = iptables
    this.#options = options
    this.#shared = new SharedRules(node, iptables, options)
    this.#stale = new StaleChains(iptables, this.#ports, options.syncPeriod)
    this.#services = new ServiceChangeTracker(iptables.family, options)
    this.#slices = new EndpointsChangeTracker(iptables.family, node.name, endpointChain)
    this.#runner = new BoundedFrequencyRunner(clock, () => this.#syncProxyRules(), {
      minInterval: options.minSyncPeriod,
      retryInterval: options.syncPeriod,
      maxInterval: FULL_SYNC_PERIOD,
    })
    this.#monitor = new IptablesMonitor(
      clock,
      iptables,
      KUBE_PROXY_CANARY,
      CANARY_TABLES,
      options.syncPeriod,
      () => this.#forceSync(),
    )
  }

  start(): void {
    this.#options.proxyHealth?.updated(apiFamily(this.#iptables.family))
    this.#monitor.start()
    this.#runner.start()
  }

  stop(): void {
    this.#monitor.stop()
    this.#runner.stop()
  }

  /** Asks for a sync as soon as the minimum period allows. */
  sync(): void {
    this.#options.proxyHealth?.queuedUpdate(apiFamily(this.#iptables.family))
    this.#runner.run()
  }

  onServiceAdd(service: Service): void {
    this.#serviceChanged(undefined, service)
  }

  onServiceUpdate(previous: Service, service: Service): void {
    this.#serviceChanged(previous, service)
  }

  onServiceDelete(service: Service): void {
    this.#serviceChanged(service, undefined)
  }

  onServiceSynced(): void {
    this.#servicesSynced = true
    this.#syncProxyRules()
  }

  onEndpointSliceAdd(slice: EndpointSlice): void {
    this.#sliceChanged(slice, false)
  }

  onEndpointSliceUpdate(_previous: EndpointSlice, slice: EndpointSlice): void {
    this.#sliceChanged(slice, false)
  }

  onEndpointSliceDelete(slice: EndpointSlice): void {
    this.#sliceChanged(slice, true)
  }

  onEndpointSlicesSynced(): void {
    this.#slicesSynced = true
    this.#syncProxyRules()
  }

  onTopologyChange(labels: Readonly<Record<string, string>>): void {
    this.#shared.setZone(labels['topology.kubernetes.io/zone'] ?? '')
    this.#needFullSync = true
    this.sync()
  }

  get #initialized(): boolean {
    return this.#servicesSynced && this.#slicesSynced
  }

  #serviceChanged(previous: Service | undefined, current: Service | undefined): void {
    if (this.#services.update(previous, current) && this.#initialized) this.sync()
  }

  #sliceChanged(slice: EndpointSlice, remove: boolean): void {
    if (this.#slices.endpointSliceUpdate(slice, remove) && this.#initialized) this.sync()
  }

  #forceSync(): void {
    this.#needFullSync = true
    this.#syncProxyRules()
  }

  /** False when it failed. Before both lists have come nothing is written, and that is no failure. */
  #syncProxyRules(): boolean {
    if (!this.#initialized) return true
    const time = this.#clock.now()
    const full = this.#needFullSync || (time - this.#lastFullSync >= FULL_SYNC_PERIOD && !this.#largeCluster)
    const serviceChanges = this.#services.applyTo(this.#servicePorts)
    const endpointsUpdate = this.#slices.applyTo(this.#endpoints)
    const changed = new Set([...serviceChanges.keys(), ...endpointsUpdate.updatedServices])
    this.#ports.update(serviceChanges)
    this.#ports.refresh(changed, this.#endpoints)
    // The changes are taken: if this sync fails, only a full one can make up for it.
    this.#needFullSync = true
    let report: SyncReport | undefined
    try {
      if (full) this.#shared.ensureJumps()
      report = this.#write(time, full, changed)
      this.#iptables.restore(report.batch!)
    } catch (error) {
      this.#options.onSync?.({ ...(report ?? this.#emptyReport(time, full)), error })
      return false
    }
    this.#stale.synced()
    this.#needFullSync = false
    if (full) this.#lastFullSync = time
    this.#options.proxyHealth?.updated(apiFamily(this.#iptables.family))
    this.#updateServiceHealth()
    this.#options.onSync?.({ ...report, deletedFlows: this.#cleanConntrack(endpointsUpdate) })
    return true
  }

  #write(time: number, full: boolean, changed: ReadonlySet<string>): SyncReport {
    this.#largeCluster = this.#ports.endpointCount > LARGE_CLUSTER_ENDPOINTS
    const context = this.#shared.context(this.#largeCluster)
    const fixed = this.#shared.fixed()
    const batch = new BatchBuilder(fixed)
    const noLocal = { internal: 0, external: 0 }
    for (const entry of this.#ports.entries) {
      const rewrite = full || changed.has(entry.service)
      // A port that is not rewritten keeps the rules it has, whatever else has changed since.
      const compiled =
        rewrite || entry.compiled === undefined
          ? this.#ports.compile(entry, context, this.#slices.resourceVersions(entry.service))
          : entry.compiled
      batch.addServicePort(compiled, rewrite)
      if (compiled.noLocalEndpoints.internal) noLocal.internal++
      if (compiled.noLocalEndpoints.external) noLocal.external++
    }
    for (const chain of this.#stale.take(time, full, this.#largeCluster)) batch.deleteChain(chain)
    const { family } = this.#iptables
    const jumps = this.#shared.nodePortJumps()
    batch.addNodePortJumps(jumps)
    const built = batch.build(family)
    return {
      ...this.#emptyReport(time, full),
      batch: built,
      filterRules: built.tables[0]!.commands.length,
      natRules: batch.natRules,
      natRulesTotal: this.#ports.natRules + fixed.natHead.length + jumps.length,
      deletedChains: batch.deletedChains,
      noLocalEndpoints: noLocal,
    }
  }

  #updateServiceHealth(): void {
    const health = this.#options.serviceHealth
    if (health === undefined) return
    const ports = healthCheckNodePorts(this.#servicePorts)
    health.syncServices(ports)
    if (ports.size > 0) health.syncEndpoints(localReadyEndpoints(this.#endpoints))
  }

  #cleanConntrack({ conntrackCleanupRequired }: EndpointsUpdate): number {
    if (!conntrackCleanupRequired) return 0
    const { family } = this.#iptables
    const flows = staleFlows(
      this.#node.conntrack.list(family),
      this.#servicePorts,
      this.#endpoints,
      this.#options.conntrackCleanup,
    )
    if (flows.length > 0) this.#node.conntrack.delete(family, flows)
    return flows.length
  }

  #emptyReport(time: number, full: boolean): SyncReport {
    return {
      time,
      full,
      largeCluster: this.#largeCluster,
      servicePorts: this.#servicePorts.size,
      endpoints: this.#ports.endpointCount,
      filterRules: 0,
      natRules: 0,
      natRulesTotal: 0,
      deletedChains: 0,
      deletedFlows: 0,
      noLocalEndpoints: { internal: 0, external: 0 },
    }
  }
}
