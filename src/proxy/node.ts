/**
 * The node as kube-proxy sees it: the tools it runs and the files it writes. Whoever owns the node (the cluster, a
 * test) gives these; a call that fails throws a `Problem`, and the state from before stands.
 */
import type { RestoreBatch } from '../kernel/restore.ts'
import type { Family, Rule, TableName } from '../kernel/ruleset.ts'
import type { ConntrackFlow } from './conntrack/cleanup.ts'

/** iptables, iptables-save and iptables-restore of one family (pkg/util/iptables: Interface). */
export interface Iptables {
  readonly family: Family
  /** MASQUERADE knows `--random-fully`: iptables 1.6.2 and later. */
  readonly hasRandomFully: boolean
  /** `-N`. False when the chain was there already. */
  ensureChain(table: TableName, chain: string): boolean
  /** `-C`, then `-I`: puts the rule in front unless the chain has an equal one. False when it had. */
  ensureRule(table: TableName, chain: string, rule: Rule): boolean
  chainExists(table: TableName, chain: string): boolean
  /** How many chains a table has. */
  chainCount(table: TableName): number
  /** The chains of a table (what `iptables-save -t` is run for); must not be kept. */
  chainNames(table: TableName): Iterable<string>
  /** `iptables-restore --noflush --counters`. */
  restore(batch: RestoreBatch): void
}

export interface Sysctl {
  /** `key` is dotted: `net.ipv4.conf.all.route_localnet`. Undefined when there is no such file. */
  get(key: string): number | undefined
  set(key: string, value: number): void
}

/** Named packet counters in the kernel (nfnetlink_acct). */
export interface Nfacct {
  ensure(name: string): void
}

export interface ConntrackTable {
  list(family: Family): Iterable<ConntrackFlow>
  /** Entries out of `list`. */
  delete(family: Family, flows: readonly ConntrackFlow[]): void
}

export interface ProxyNode {
  /** The Node object's name. */
  readonly name: string
  /** A family without iptables is not proxied. */
  readonly iptables: { readonly ipv4?: Iptables; readonly ipv6?: Iptables }
  readonly sysctl: Sysctl
  /** Undefined: the kernel has none, and rules do without their counters. */
  readonly nfacct?: Nfacct
  readonly conntrack: ConntrackTable
  readonly cpus: number
  /** Every address of every interface, both families. */
  interfaceAddresses(): readonly string[]
}
