/** What an iptables proxier is told, and what it tells of a sync. */
import type { RestoreBatch } from '../../kernel/restore.ts'
import type { ConntrackCleanupOptions } from '../conntrack/cleanup.ts'
import type { ProxyHealthServer } from '../healthcheck/proxy-health.ts'
import type { ServiceHealthServer } from '../healthcheck/service-health.ts'
import type { LocalDetector } from '../local-detector.ts'
import type { ServicePortOptions } from '../service-port.ts'

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
