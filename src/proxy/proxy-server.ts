/**
 * kube-proxy on one node: its configuration, what it finds out about the node, and the proxiers it starts
 * (cmd/kube-proxy/app). The caller feeds it from informers; `SERVICE_SELECTOR` and its kin are what these select.
 */
import type { EndpointSlice, Node, Service } from '../apiserver/types/index.ts'
import type { Family } from '../kernel/ruleset.ts'
import type { Clock } from '../sim/clock.ts'
import type { ConntrackCleanupOptions } from './conntrack/cleanup.ts'
import { DEFAULT_CONNTRACK_CONFIG, setConntrackSysctls } from './conntrack/sysctls.ts'
import type { ConntrackConfig } from './conntrack/sysctls.ts'
import { ProxyHealthServer } from './healthcheck/proxy-health.ts'
import { ServiceHealthServer } from './healthcheck/service-health.ts'
import type { HealthCheckPort } from './healthcheck/service-health.ts'
import { isLoopback, parseIp } from './ip.ts'
import { IptablesProxier } from './iptables/proxier.ts'
import type { SyncReport } from './iptables/proxier.ts'
import { localDetector } from './local-detector.ts'
import type { DetectLocal } from './local-detector.ts'
import type { ProxyNode } from './node.ts'
import { MetaProxier } from './provider.ts'
import type { Provider } from './provider.ts'

/** Flags of kube-proxy that change what it does to packets. Times in milliseconds unless said otherwise. */
export interface KubeProxyConfig {
  readonly detectLocal: DetectLocal
  readonly masqueradeAll: boolean
  readonly iptablesMasqueradeBit: number
  readonly iptablesLocalhostNodePorts: boolean
  /** CIDRs; empty: all addresses; `['primary']`: the node's own. */
  readonly nodePortAddresses: readonly string[]
  readonly iptablesSyncPeriod: number
  readonly iptablesMinSyncPeriod: number
  readonly conntrack: ConntrackConfig
  readonly conntrackCleanup: ConntrackCleanupOptions
  /** `--bind-address`: overrides the node's primary address unless unspecified. */
  readonly bindAddress: string
  readonly allowServiceExternalIPs: boolean
}

export const DEFAULT_KUBE_PROXY_CONFIG: KubeProxyConfig = {
  detectLocal: { mode: 'ClusterCIDR', clusterCIDRs: [] },
  masqueradeAll: false,
  iptablesMasqueradeBit: 14,
  iptablesLocalhostNodePorts: true,
  nodePortAddresses: [],
  iptablesSyncPeriod: 30_000,
  iptablesMinSyncPeriod: 1000,
  conntrack: DEFAULT_CONNTRACK_CONFIG,
  conntrackCleanup: {},
  bindAddress: '0.0.0.0',
  allowServiceExternalIPs: true,
}

/** What kube-proxy's informers ask the apiserver for. */
export const SERVICE_LABEL_SELECTOR = '!service.kubernetes.io/service-proxy-name'
export const SERVICE_FIELD_SELECTOR = 'spec.clusterIP!=None'
export const ENDPOINT_SLICE_LABEL_SELECTOR = '!service.kubernetes.io/headless'

const ZONE_LABEL = 'topology.kubernetes.io/zone'
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

export interface KubeProxyHooks {
  readonly onSync?: (family: Family, report: SyncReport) => void
  /** The health check node ports that should be open, by family. */
  readonly onHealthCheckPorts?: (family: Family, open: readonly HealthCheckPort[]) => void
}

export class KubeProxy {
  readonly health: ProxyHealthServer
  readonly serviceHealth: Readonly<Record<Family, ServiceHealthServer>>
  readonly proxier: Provider
  #node: Node | undefined
  #zone: string | undefined

  /** `node` is the Node object as it is when kube-proxy starts. Writes the sysctls. */
  constructor(
    clock: Clock,
    host: ProxyNode,
    node: Node,
    config: KubeProxyConfig = DEFAULT_KUBE_PROXY_CONFIG,
    hooks: KubeProxyHooks = {},
  ) {
    this.#node = node
    const proxyHealth = new ProxyHealthServer(clock, 2 * config.iptablesSyncPeriod, () => this.#node)
    this.health = proxyHealth
    setConntrackSysctls(host.sysctl, config.conntrack, host.cpus)
    const nodeIPs = detectNodeIPs(node, config.bindAddress)
    const nodePortAddresses = resolveNodePortAddresses(config.nodePortAddresses, nodeIPs)
    const proxiers: Provider[] = []
    const serviceHealth: Partial<Record<Family, ServiceHealthServer>> = {}
    for (const family of FAMILIES) {
      const server = new ServiceHealthServer(
        () => proxyHealth.health().healthy,
        (open) => hooks.onHealthCheckPorts?.(family, open),
      )
      serviceHealth[family] = server
      const iptables = host.iptables[family]
      if (iptables === undefined) continue
      proxiers.push(
        new IptablesProxier(clock, host, iptables, {
          masqueradeAll: config.masqueradeAll,
          masqueradeBit: config.iptablesMasqueradeBit,
          localhostNodePorts: config.iptablesLocalhostNodePorts,
          nodePortAddresses,
          syncPeriod: config.iptablesSyncPeriod,
          minSyncPeriod: config.iptablesMinSyncPeriod,
          detector: localDetector(config.detectLocal, family, node.spec?.podCIDRs ?? []),
          nodeIP: nodeIPs[family],
          conntrackCleanup: config.conntrackCleanup,
          allowServiceExternalIPs: config.allowServiceExternalIPs,
          proxyHealth,
          serviceHealth: server,
          onSync: (report) => hooks.onSync?.(family, report),
        }),
      )
    }
    this.serviceHealth = serviceHealth as Record<Family, ServiceHealthServer>
    this.proxier = new MetaProxier(proxiers)
  }

  start(): void {
    this.proxier.start()
    if (this.#node !== undefined) this.onNodeChange(this.#node)
  }

  stop(): void {
    this.proxier.stop()
  }

  /** This node was added or changed. Only its zone, its taints and whether it is being deleted count. */
  onNodeChange(node: Node): void {
    this.#node = node
    const zone = node.metadata.labels?.[ZONE_LABEL]
    if (zone === this.#zone) return
    this.#zone = zone
    this.proxier.onTopologyChange(zone === undefined ? {} : { [ZONE_LABEL]: zone })
  }
}

/** Whether kube-proxy's informers would show it the object, for callers that cannot select. */
export function isProxied(object: Service | EndpointSlice): boolean {
  const labels = object.metadata.labels ?? {}
  if (object.kind === 'EndpointSlice') return !('service.kubernetes.io/headless' in labels)
  return !('service.kubernetes.io/service-proxy-name' in labels) && object.spec.clusterIP !== 'None'
}

/** The node's addresses, loopback where it has none (cmd/kube-proxy/app: detectNodeIPs). */
export function detectNodeIPs(node: Node, bindAddress: string): Readonly<Record<Family, string>> {
  const nodeIPs: Record<Family, string> = { ipv4: '127.0.0.1', ipv6: '::1' }
  const addresses = node.status?.addresses ?? []
  for (const type of ['ExternalIP', 'InternalIP'] as const)
    for (const entry of addresses.toReversed()) {
      const ip = entry.type === type ? parseIp(entry.address) : undefined
      if (ip !== undefined) nodeIPs[ip.family] = ip.text
    }
  const bound = parseIp(bindAddress)
  if (bound !== undefined && bound.bytes.some((byte) => byte !== 0)) nodeIPs[bound.family] = bound.text
  return nodeIPs
}

function resolveNodePortAddresses(
  configured: readonly string[],
  nodeIPs: Readonly<Record<Family, string>>,
): readonly string[] {
  if (configured.length !== 1 || configured[0] !== 'primary') return configured
  return FAMILIES.map((family) => parseIp(nodeIPs[family])!)
    .filter((ip) => !isLoopback(ip))
    .map(({ text, family }) => `${text}/${family === 'ipv4' ? 32 : 128}`)
}
