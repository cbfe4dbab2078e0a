/** A node for kube-proxy to run on, all in memory, and a proxier on it. */
import type { EndpointSlice, Service } from '../../../src/apiserver/types/index.ts'
import { emptyTable } from '../../../src/kernel/iptables/index.ts'
import type { Family, Ruleset, TableName } from '../../../src/kernel/ruleset.ts'
import type { ConntrackFlow } from '../../../src/proxy/conntrack/cleanup.ts'
import { IptablesProxier } from '../../../src/proxy/iptables/proxier.ts'
import type { IptablesProxierOptions, SyncReport } from '../../../src/proxy/iptables/proxier.ts'
import { printKubeProxyRestore } from '../../../src/proxy/iptables/restore-text.ts'
import { RulesetIptables } from '../../../src/proxy/iptables/ruleset-iptables.ts'
import { parseCidr } from '../../../src/proxy/ip.ts'
import type { ProxyNode } from '../../../src/proxy/node.ts'
import { VirtualClock } from '../../../src/sim/virtual-clock.ts'

export const NODE_NAME = 'node-1'
export const NODE_IP = '192.168.0.2'
export const NODE_IP6 = '2001:db8::1:2'

export function emptyRuleset(family: Family): Ruleset {
  const names: readonly TableName[] = ['mangle', 'nat', 'filter']
  return { family, tables: new Map(names.map((name) => [name, emptyTable(name)])) }
}

export interface FakeHostOptions {
  readonly nfacct?: boolean
  readonly randomFully?: boolean
  /** Of one family, the ruleset's. */
  readonly iptables?: RulesetIptables
}

export class FakeHost implements ProxyNode {
  readonly name = NODE_NAME
  readonly cpus = 4
  readonly sysctls = new Map<string, number>([
    ['net.ipv4.conf.all.route_localnet', 0],
    ['net.netfilter.nf_conntrack_tcp_be_liberal', 0],
    ['net.netfilter.nf_conntrack_max', 65536],
    ['net.netfilter.nf_conntrack_buckets', 16384],
  ])
  readonly written: string[] = []
  readonly counters = new Set<string>()
  readonly flows: ConntrackFlow[] = []
  readonly addresses = ['127.0.0.1', '::1', NODE_IP, '10.20.30.51', NODE_IP6]
  readonly iptables: { readonly ipv4: RulesetIptables; readonly ipv6: RulesetIptables }
  readonly sysctl = {
    get: (key: string) => this.sysctls.get(key),
    set: (key: string, value: number) => {
      this.sysctls.set(key, value)
      this.written.push(`${key}=${value}`)
    },
  }
  readonly nfacct? = { ensure: (name: string) => void this.counters.add(name) }
  readonly conntrack = {
    list: () => this.flows,
    delete: (_: Family, stale: readonly ConntrackFlow[]) => {
      for (const flow of stale) this.flows.splice(this.flows.indexOf(flow), 1)
    },
  }

  constructor(options: FakeHostOptions = {}) {
    if (options.nfacct === false) this.nfacct = undefined
    const hasRandomFully = options.randomFully ?? true
    const of = (family: Family): RulesetIptables =>
      options.iptables?.ruleset.family === family
        ? options.iptables
        : new RulesetIptables(emptyRuleset(family), { hasRandomFully })
    this.iptables = { ipv4: of('ipv4'), ipv6: of('ipv6') }
  }

  interfaceAddresses() {
    return this.addresses
  }
}

export const DEFAULT_OPTIONS: IptablesProxierOptions = {
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  nodePortAddresses: [],
  syncPeriod: 30_000,
  minSyncPeriod: 1000,
  detector: { kind: 'cidr', source: parseCidr('10.0.0.0/8')!.network },
  nodeIP: NODE_IP,
}

export interface HarnessOptions extends Partial<IptablesProxierOptions> {
  readonly family?: Family
  readonly host?: FakeHost
}

export type Watched = Service | EndpointSlice

/** A started proxier with its clock, its host and all its syncs. */
export class ProxierHarness {
  readonly clock = new VirtualClock()
  readonly host: FakeHost
  readonly family: Family
  readonly proxier: IptablesProxier
  readonly reports: SyncReport[] = []
  readonly #current = new Map<string, Watched>()

  constructor({ family = 'ipv4', host = new FakeHost(), ...options }: HarnessOptions = {}) {
    this.host = host
    this.family = family
    const detector = parseCidr(family === 'ipv4' ? '10.0.0.0/8' : 'fd00:10::/64')!.network
    this.proxier = new IptablesProxier(this.clock, host, host.iptables[family], {
      ...DEFAULT_OPTIONS,
      detector: { kind: 'cidr', source: detector },
      nodeIP: family === 'ipv4' ? NODE_IP : NODE_IP6,
      onSync: (report) => this.reports.push(report),
      ...options,
    })
    this.proxier.start()
  }

  /** All that there is now. */
  get objects(): readonly Watched[] {
    return [...this.#current.values()]
  }

  /** Adds or changes objects, without letting time pass. */
  put(...objects: readonly Watched[]): this {
    for (const object of objects) {
      const key = keyOf(object)
      const previous = this.#current.get(key)
      this.#current.set(key, object)
      if (object.kind === 'Service')
        if (previous === undefined) this.proxier.onServiceAdd(object)
        else this.proxier.onServiceUpdate(previous as Service, object)
      else if (previous === undefined) this.proxier.onEndpointSliceAdd(object)
      else this.proxier.onEndpointSliceUpdate(previous as EndpointSlice, object)
    }
    return this
  }

  remove(...objects: readonly Watched[]): this {
    for (const object of objects) {
      const last = this.#current.get(keyOf(object)) ?? object
      this.#current.delete(keyOf(object))
      if (last.kind === 'Service') this.proxier.onServiceDelete(last)
      else this.proxier.onEndpointSliceDelete(last)
    }
    return this
  }

  /** Both lists have come: the first sync. */
  listed(): this {
    this.proxier.onServiceSynced()
    this.proxier.onEndpointSlicesSynced()
    return this
  }

  /** Until nothing is pending. */
  settle(): this {
    this.clock.runUntilIdle()
    return this
  }

  get last(): SyncReport {
    const report = this.reports.at(-1)
    if (report === undefined) throw new Error('the proxier has not synced yet')
    return report
  }

  /** What was fed to iptables-restore by the last sync. */
  get text(): string {
    return printKubeProxyRestore(this.last.batch!)
  }

  /** The rules of one chain as fed by the last sync, without `-A CHAIN`. */
  fed(table: 'filter' | 'nat', chain: string): string[] {
    const section = this.text.split('COMMIT\n').find((part) => part.startsWith(`*${table}\n`))!
    return section
      .split('\n')
      .filter((line) => line.startsWith(`-A ${chain} `))
      .map((line) => line.slice(`-A ${chain} `.length))
  }
}

function keyOf({ kind, metadata }: Watched): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`
}
