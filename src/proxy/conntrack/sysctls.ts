/** The size and timeouts of the conntrack table that kube-proxy sets when it starts (pkg/proxy/conntrack: SetSysctls). */
import type { Sysctl } from '../node.ts'

export interface ConntrackConfig {
  /** Entries per CPU; 0 leaves the size alone. `--conntrack-max-per-core` */
  readonly maxPerCore: number
  /** At least so many entries. `--conntrack-min` */
  readonly min: number
  /** Timeouts in seconds; 0 leaves the kernel's. */
  readonly tcpEstablishedTimeout: number
  readonly tcpCloseWaitTimeout: number
  readonly udpTimeout: number
  readonly udpStreamTimeout: number
  readonly tcpBeLiberal: boolean
}

export const DEFAULT_CONNTRACK_CONFIG: ConntrackConfig = {
  maxPerCore: 32 * 1024,
  min: 128 * 1024,
  tcpEstablishedTimeout: 24 * 3600,
  tcpCloseWaitTimeout: 3600,
  udpTimeout: 0,
  udpStreamTimeout: 0,
  tcpBeLiberal: false,
}

/** However many CPUs there are. The limit also wins over a greater `min`. */
const MAX_ENTRIES = 1_048_576

/** Entries the table may hold; 0: leave the size alone. */
export function conntrackMax({ maxPerCore, min }: ConntrackConfig, cpus: number): number {
  if (maxPerCore <= 0) return 0
  const scaled = maxPerCore * cpus
  return scaled > MAX_ENTRIES ? MAX_ENTRIES : Math.max(scaled, min)
}

/** A value is written only when it differs; the hash table only grows. */
export function setConntrackSysctls(sysctl: Sysctl, config: ConntrackConfig, cpus: number): void {
  const max = conntrackMax(config, cpus)
  if (max > 0) {
    ensureSysctl(sysctl, 'net.netfilter.nf_conntrack_max', max)
    const buckets = sysctl.get('net.netfilter.nf_conntrack_buckets') ?? 0
    const wanted = Math.floor(max / 4)
    if (buckets < wanted) sysctl.set('net.netfilter.nf_conntrack_buckets', wanted)
  }
  const timeouts = [
    ['tcp_timeout_established', config.tcpEstablishedTimeout],
    ['tcp_timeout_close_wait', config.tcpCloseWaitTimeout],
    ['tcp_be_liberal', config.tcpBeLiberal ? 1 : 0],
    ['udp_timeout', config.udpTimeout],
    ['udp_timeout_stream', config.udpStreamTimeout],
  ] as const
  for (const [name, value] of timeouts)
    if (value > 0) ensureSysctl(sysctl, `net.netfilter.nf_conntrack_${name}`, value)
}

export function ensureSysctl(sysctl: Sysctl, key: string, value: number): void {
  if (sysctl.get(key) !== value) sysctl.set(key, value)
}
