/**
 * The jumps from the built-in chains to kube-proxy's (pkg/proxy/iptables: iptablesJumpChains). Each is put in front of
 * its chain, one after the other, so on a clean node they end up in reverse order.
 *
 * | hook | order on a clean node |
 * |---|---|
 * | filter INPUT | KUBE-FIREWALL, KUBE-PROXY-FIREWALL, KUBE-NODEPORTS, KUBE-EXTERNAL-SERVICES |
 * | filter FORWARD | KUBE-PROXY-FIREWALL, KUBE-FORWARD, KUBE-SERVICES, KUBE-EXTERNAL-SERVICES |
 * | filter OUTPUT | KUBE-FIREWALL, KUBE-PROXY-FIREWALL, KUBE-SERVICES |
 * | nat PREROUTING, OUTPUT | KUBE-SERVICES |
 * | nat POSTROUTING | KUBE-POSTROUTING |
 */
import type { Match, Rule, TableName } from '../../kernel/ruleset.ts'
import * as names from './names.ts'
import * as rules from './rules.ts'

export interface Jump {
  readonly table: TableName
  readonly from: string
  readonly to: string
  readonly rule: Rule
}

const NEW = rules.conntrack(false, 'NEW')

function jump(table: TableName, from: string, to: string, matches: readonly Match[]): Jump {
  return { table, from, to, rule: rules.rule(rules.NO_HEADER, matches, rules.jump(to)) }
}

const external = [NEW, rules.comment('kubernetes externally-visible service portals')]
const portals = [NEW, rules.comment('kubernetes service portals')]
const firewall = [NEW, rules.comment('kubernetes load balancer firewall')]
const healthChecks = [rules.comment('kubernetes health check service ports')]
const forwarding = [rules.comment('kubernetes forwarding rules')]
const natPortals = [rules.comment('kubernetes service portals')]
const postrouting = [rules.comment('kubernetes postrouting rules')]

/** In the order in which they are put in front. */
export const JUMPS: readonly Jump[] = [
  jump('filter', 'INPUT', names.KUBE_EXTERNAL_SERVICES, external),
  jump('filter', 'FORWARD', names.KUBE_EXTERNAL_SERVICES, external),
  jump('filter', 'INPUT', names.KUBE_NODEPORTS, healthChecks),
  jump('filter', 'FORWARD', names.KUBE_SERVICES, portals),
  jump('filter', 'OUTPUT', names.KUBE_SERVICES, portals),
  jump('filter', 'FORWARD', names.KUBE_FORWARD, forwarding),
  jump('filter', 'INPUT', names.KUBE_PROXY_FIREWALL, firewall),
  jump('filter', 'OUTPUT', names.KUBE_PROXY_FIREWALL, firewall),
  jump('filter', 'FORWARD', names.KUBE_PROXY_FIREWALL, firewall),
  jump('nat', 'OUTPUT', names.KUBE_SERVICES, natPortals),
  jump('nat', 'PREROUTING', names.KUBE_SERVICES, natPortals),
  jump('nat', 'POSTROUTING', names.KUBE_POSTROUTING, postrouting),
  // Kubelet makes these as well.
  jump('filter', 'INPUT', names.KUBE_FIREWALL, rules.NO_MATCHES),
  jump('filter', 'OUTPUT', names.KUBE_FIREWALL, rules.NO_MATCHES),
]
