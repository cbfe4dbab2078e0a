/**
 * kube-proxy in iptables mode, for one family of one node (pkg/proxy/iptables: Proxier, Kubernetes 1.36). Handlers note
 * changes; a sync turns them into one batch for iptables-restore.
 *
 * A *full* sync writes everything: the first, one after a failure, after somebody flushed the tables, after the node's
 * zone changed, and every hour (not in a large cluster). A *partial* one writes the chains that all services share, and
 * the chains of the services that changed.
 */
import type { EndpointSlice, Service } from '../../apiserver/types/index.ts'
import type { ChainCommand, RestoreBatch } from '../../kernel/restore.ts'
import type { Clock } from '../../sim/clock.ts'
import { staleFlows } from '../conntrack/cleanup.ts'
import type { ConntrackCleanupOptions } from '../conntrack/cleanup.ts'
import { ensureSysctl } from '../conntrack/sysctls.ts'
import type { EndpointsMap } from '../endpoint-slice-cache.ts'
import { EndpointsChangeTracker, localReadyEndpoints } from '../endpoints-change-tracker.ts'
import type { EndpointsUpdate } from '../endpoints-change-tracker.ts'
import type { ProxyHealthServer } from '../healthcheck/proxy-health.ts'
import type { ServiceHealthServer } from '../healthcheck/service-health.ts'
import { apiFamily, parseIp } from '../ip.ts'
import type { LocalDetector } from '../local-detector.ts'
import type { Iptables, ProxyNode } from '../node.ts'
import { NodePortAddresses } from '../node-port-addresses.ts'
import type { Provider } from '../provider.ts'
import { BoundedFrequencyRunner } from '../runner.ts'
import { ServiceChangeTracker, healthCheckNodePorts } from '../service-change-tracker.ts'
import type { ServicePortMap } from '../service-change-tracker.ts'
import type { ServicePortOptions } from '../service-port.ts'
import { BatchBuilder } from './batch.ts'
import { fixedRules, nodePortJumps } from './fixed-rules.ts'
import type { FixedRules } from './fixed-rules.ts'
import { JUMPS } from './jumps.ts'
import { IptablesMonitor } from './monitor.ts'
import {
  CANARY_TABLES,
  KUBE_PROXY_CANARY,
  LARGE_CLUSTER_ENDPOINTS,
  NFACCT_INVALID_DROPPED,
  NFACCT_LOCALHOST_NODEPORTS,
  endpointChain,
  isServiceChain,
} from './names.ts'
import type { CompileContext } from './plan.ts'
import { PortTable } from './port-table.ts'

export interface IptablesProxierOptions extends ServicePortOptions {
  readonly masqueradeAll: boolean
  /** 0 to 31. */
  readonly masqueradeBit: number
  /** NodePorts on 127.0.0.0/8; IPv4 only. */
  readonly localhostNodePorts: boolean
  readonly nodePortAddresses: readonly string[]
  /** Milliseconds. */
  readonly syncPeriod: number
  readonly minSyncPeriod: number
  readonly detector: LocalDetector
  /** The node's address of the family, for source ranges of load balancers. */
  readonly nodeIP?: string
  readonly conntrackCleanup?: ConntrackCleanupOptions
  readonly proxyHealth?: ProxyHealthServer
  readonly serviceHealth?: ServiceHealthServer
  /** Told of every sync. */
  readonly onSync?: (report: SyncReport) => void
}

/** One sync, for people and metrics. */
export interface SyncReport {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly full: boolean
  /** What went wrong; undefined: it succeeded. */
  readonly error?: unknown
  readonly batch?: RestoreBatch
  readonly largeCluster: boolean
  readonly servicePorts: number
  readonly endpoints: number
  /** Rules written by this batch. */
  readonly filterRules: number
  readonly natRules: number
  /** Rules in nat that are kube-proxy's after it. */
  readonly natRulesTotal: number
  readonly deletedChains: number
  readonly deletedFlows: number
  /** Service ports with endpoints, but none for traffic that must stay on this node. */
  readonly noLocalEndpoints: { readonly internal: number; readonly external: number }
}

/** An hour, whatever is configured. */
export const FULL_SYNC_PERIOD = 3_600_000

export class IptablesProxier implements Provider {
  readonly #clock: Clock
  readonly #node: ProxyNode
  readonly #iptables: Iptables
  readonly #options: IptablesProxierOptions
  readonly #localhostNodePorts: boolean
  readonly #conntrackTcpLiberal: boolean
  readonly #nodePortAddresses: NodePortAddresses
  readonly #services: ServiceChangeTracker
  readonly #slices: EndpointsChangeTracker
  readonly #servicePorts: ServicePortMap = new Map()
  readonly #endpoints: EndpointsMap = new Map()
  readonly #ports = new PortTable()
  readonly #runner: BoundedFrequencyRunner
  readonly #monitor: IptablesMonitor
  #servicesSynced = false
  #slicesSynced = false
  #needFullSync = true
  #lastFullSync = -Infinity
  #lastCleanup = -Infinity
  /** Chains in nat after the last sync. */
  #natChainCount = -1
  #largeCluster = false
  #zone = ''
  #nfacct = { invalid: false, localhost: false }
  #fixed: FixedRules | undefined
  #jumps: { readonly key: string; readonly jumps: readonly ChainCommand[] } | undefined
  #contexts: { readonly small: CompileContext; readonly large: CompileContext } | undefined

  /** Writes `route_localnet` when the options need it. */
  constructor(clock: Clock, node: ProxyNode, iptables: Iptables, options: IptablesProxierOptions) {
    this.#clock = clock
    this.#node = node
    this.#iptables = iptables
    this.#options = options
    this.#nodePortAddresses = new NodePortAddresses(iptables.family, options.nodePortAddresses)
    this.#localhostNodePorts = options.localhostNodePorts && this.#nodePortAddresses.containsIPv4Loopback
    if (this.#localhostNodePorts) ensureSysctl(node.sysctl, 'net.ipv4.conf.all.route_localnet', 1)
    this.#conntrackTcpLiberal = (node.sysctl.get('net.netfilter.nf_conntrack_tcp_be_liberal') ?? 0) !== 0
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
    this.#zone = labels['topology.kubernetes.io/zone'] ?? ''
    this.#contexts = undefined
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
      if (full) this.#ensureJumps()
      report = this.#write(time, full, changed)
      this.#iptables.restore(report.batch!)
    } catch (error) {
      this.#options.onSync?.({ ...(report ?? this.#emptyReport(time, full)), error })
      return false
    }
    this.#natChainCount = this.#iptables.chainCount('nat')
    this.#needFullSync = false
    if (full) this.#lastFullSync = time
    this.#options.proxyHealth?.updated(apiFamily(this.#iptables.family))
    this.#updateServiceHealth()
    this.#options.onSync?.({ ...report, deletedFlows: this.#cleanConntrack(endpointsUpdate) })
    return true
  }

  /** What is not part of the batch, as it would have to replace chains of others. */
  #ensureJumps(): void {
    for (const { table, from, to, rule } of JUMPS) {
      this.#iptables.ensureChain(table, to)
      this.#iptables.ensureRule(table, from, rule)
    }
    const nfacct = {
      invalid: this.#ensureCounter(NFACCT_INVALID_DROPPED),
      localhost: this.#ensureCounter(NFACCT_LOCALHOST_NODEPORTS),
    }
    if (nfacct.invalid === this.#nfacct.invalid && nfacct.localhost === this.#nfacct.localhost) return
    this.#nfacct = nfacct
    this.#fixed = undefined
    this.#contexts = undefined
  }

  #ensureCounter(name: string): boolean {
    try {
      this.#node.nfacct?.ensure(name)
      return this.#node.nfacct !== undefined
    } catch {
      return false
    }
  }

  #write(time: number, full: boolean, changed: ReadonlySet<string>): SyncReport {
    this.#largeCluster = this.#ports.endpointCount > LARGE_CLUSTER_ENDPOINTS
    const context = this.#context()
    const batch = new BatchBuilder((this.#fixed ??= this.#fixedRules()))
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
    this.#deleteStaleChains(batch, time, full)
    const { family } = this.#iptables
    const jumps = this.#nodePortJumpsNow()
    batch.addNodePortJumps(jumps)
    const built = batch.build(family)
    return {
      ...this.#emptyReport(time, full),
      batch: built,
      filterRules: built.tables[0]!.commands.length,
      natRules: batch.natRules,
      natRulesTotal: this.#ports.natRules + this.#fixed.natHead.length + jumps.length,
      deletedChains: batch.deletedChains,
      noLocalEndpoints: noLocal,
    }
  }

  /**
   * Listing the chains is slow on a real node, so in a large cluster it is not done in every sync. Here it is done only
   * when somebody else may have made chains; else those to delete are known.
   */
  #deleteStaleChains(batch: BatchBuilder, time: number, full: boolean): void {
    if (this.#largeCluster && time - this.#lastCleanup < this.#options.syncPeriod) return
    this.#lastCleanup = time
    const retired = this.#ports.takeRetiredChains()
    const alone = !full && this.#iptables.chainCount('nat') === this.#natChainCount
    const stale = alone
      ? retired.filter((chain) => this.#iptables.chainExists('nat', chain))
      : this.#unknownChains()
    for (const chain of stale.sort()) batch.deleteChain(chain)
  }

  /** Chains in nat that look like those of a service and are none of ours. */
  #unknownChains(): string[] {
    const chains = [...this.#iptables.chainNames('nat')].filter(isServiceChain)
    if (chains.length === 0) return chains
    const active = this.#ports.activeChains()
    return chains.filter((chain) => !active.has(chain))
  }

  /** The same objects as long as the node keeps its addresses. */
  #nodePortJumpsNow(): readonly ChainCommand[] {
    const addresses = this.#nodePortAddresses.matchAll ? [] : this.#node.interfaceAddresses()
    const key = addresses.join()
    if (this.#jumps?.key !== key) {
      const { family } = this.#iptables
      const jumps = nodePortJumps(family, this.#nodePortAddresses, this.#localhostNodePorts, addresses)
      this.#jumps = { key, jumps }
    }
    return this.#jumps.jumps
  }

  #fixedRules(): FixedRules {
    return fixedRules({
      family: this.#iptables.family,
      masqueradeMark: 2 ** this.#options.masqueradeBit,
      randomFully: this.#iptables.hasRandomFully,
      localhostNodePorts: this.#localhostNodePorts,
      conntrackTcpLiberal: this.#conntrackTcpLiberal,
      countInvalid: this.#nfacct.invalid,
    })
  }

  /** The same object as long as nothing in it changes: ports are compiled anew for another one. */
  #context(): CompileContext {
    if (this.#contexts === undefined) {
      const { nodeIP, masqueradeAll, detector } = this.#options
      const small: CompileContext = {
        family: this.#iptables.family,
        topology: { nodeName: this.#node.name, zone: this.#zone },
        nodeIP: nodeIP === undefined ? undefined : parseIp(nodeIP),
        masqueradeAll,
        detector,
        countLocalhostNodePorts:
          this.#localhostNodePorts && this.#iptables.family === 'ipv4' && this.#nfacct.localhost,
        largeCluster: false,
      }
      this.#contexts = { small, large: { ...small, largeCluster: true } }
    }
    return this.#largeCluster ? this.#contexts.large : this.#contexts.small
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
