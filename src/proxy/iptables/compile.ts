/**
 * One service port to rules (pkg/proxy/iptables: syncProxyRules, the part inside its loop). A pure function: what comes
 * out is kept by the proxier and handed over again, the same objects, until something it was made from changes.
 *
 * ```
 *   KUBE-SERVICES ──clusterIP──────────────────────▶ SVC or SVL ─┬─▶ SEP ─▶ DNAT
 *        │  └──────externalIP, LB IP──▶ [FW] ─▶ EXT ─▶ SVC, SVL ─┘
 *        └─local address─▶ KUBE-NODEPORTS ─────▶ EXT
 * ```
 */
import type { ChainCommand, RestoreChain } from '../../kernel/restore.ts'
import type { Family, Match, RuleHeader, Target } from '../../kernel/ruleset.ts'
import type { Endpoint } from '../endpoint.ts'
import { cidrContains } from '../ip.ts'
import type { LocalDetector } from '../local-detector.ts'
import { compileFilter } from './compile-filter.ts'
import { KUBE_NODEPORTS, KUBE_SERVICES, NFACCT_LOCALHOST_NODEPORTS } from './names.ts'
import { planPort, toAddress } from './plan.ts'
import type { CompileContext, PortPlan, ServicePortInput } from './plan.ts'
import * as rules from './rules.ts'

export interface CompiledServicePort {
  /** Rules in chains of table filter. */
  readonly filter: readonly ChainCommand[]
  /** nat: rules in KUBE-SERVICES and KUBE-NODEPORTS, written in every sync. */
  readonly dispatch: readonly ChainCommand[]
  /** nat: the port's own chains and their rules, written only when the service changed. */
  readonly chainLines: readonly RestoreChain[]
  readonly chainRules: readonly ChainCommand[]
  /** The service has endpoints, but none here for traffic that must stay here. */
  readonly noLocalEndpoints: { readonly internal: boolean; readonly external: boolean }
}

export function compileServicePort(input: ServicePortInput, context: CompileContext): CompiledServicePort {
  const plan = planPort(input, context)
  const chainLines: RestoreChain[] = []
  const chainRules: ChainCommand[] = []
  addInternalMasquerade(plan, chainRules)
  if (plan.usesExternalChain) {
    chainLines.push(rules.chainLine(plan.chains.external))
    addExternalChain(plan, chainRules)
  }
  if (plan.usesFirewallChain) {
    chainLines.push(rules.chainLine(plan.chains.firewall))
    addFirewallChain(plan, chainRules)
  }
  for (const [chain, endpoints] of [
    [plan.chains.cluster, plan.categories.cluster],
    [plan.chains.local, plan.categories.local],
  ] as const) {
    if (endpoints.length === 0) continue
    chainLines.push(rules.chainLine(chain))
    addBalancing(plan, chain, endpoints, chainRules)
  }
  addEndpointChains(plan, chainLines, chainRules)
  const { hasAny } = plan.categories
  return {
    filter: compileFilter(plan),
    dispatch: compileDispatch(plan),
    chainLines,
    chainRules,
    noLocalEndpoints: { internal: hasAny && !plan.hasInternal, external: hasAny && !plan.hasExternal },
  }
}

/** `-m comment --comment TEXT -m P -p P -d ADDRESS --dport PORT` */
function compileDispatch(plan: PortPlan): ChainCommand[] {
  const { info, chains, context, origin, protocol } = plan
  const out: ChainCommand[] = []
  const toService = (address: string, comment: string, chain: string): void => {
    const matches = [
      rules.comment(`${info.nameString} ${comment}`),
      rules.destinationPort(protocol, info.port),
    ]
    const target = rules.jump(chain)
    out.push(rules.append(KUBE_SERVICES, rules.rule(toAddress(plan, address), matches, target, origin)))
  }
  if (plan.hasInternal) toService(info.clusterIP, 'cluster IP', internalChain(plan))
  if (!plan.categories.hasAny) return out
  for (const address of info.externalIPs) toService(address, 'external IP', chains.external)
  const balancerChain = plan.usesFirewallChain ? chains.firewall : chains.external
  for (const address of info.loadBalancerVIPs) toService(address, 'loadbalancer IP', balancerChain)
  if (info.nodePort === 0) return out
  const matches = [rules.comment(info.nameString), rules.destinationPort(protocol, info.nodePort)]
  const target = rules.jump(chains.external)
  if (context.countLocalhostNodePorts) {
    const header = { ...rules.protocolHeader(protocol), destination: LOCALHOST }
    const counted: Match[] = [...matches, { kind: 'nfacct', name: NFACCT_LOCALHOST_NODEPORTS }]
    out.push(rules.append(KUBE_NODEPORTS, rules.rule(header, counted, target, origin)))
  }
  const header = rules.protocolHeader(protocol)
  out.push(rules.append(KUBE_NODEPORTS, rules.rule(header, matches, target, origin)))
  return out
}

const LOCALHOST = { value: { address: '127.0.0.0', prefixLength: 8 } }

/** The chain that traffic to the cluster IP goes to. */
function internalChain({ info, chains }: PortPlan): string {
  return info.internalPolicyLocal ? chains.local : chains.cluster
}

/**
 * Traffic from outside to a cluster IP (someone routes the service range to a node) may have to go to another node, so
 * it must come back through this one.
 */
function addInternalMasquerade(plan: PortPlan, out: ChainCommand[]): void {
  const { info, context, origin, protocol } = plan
  if (!plan.hasInternal) return
  if (!context.masqueradeAll && context.detector.kind === 'none') return
  const address = toAddress(plan, info.clusterIP)
  const header = context.masqueradeAll ? address : { ...address, ...detectorHeader(context.detector, true) }
  const matches = [rules.comment(`${info.nameString} cluster IP`), rules.destinationPort(protocol, info.port)]
  const masquerade = rules.rule(header, matches, rules.MARK_MASQ, origin)
  out.push(rules.append(internalChain(plan), masquerade))
}

function detectorHeader(detector: LocalDetector, not: boolean): RuleHeader {
  switch (detector.kind) {
    case 'none':
      return rules.NO_HEADER
    case 'cidr':
      return { source: not ? { value: detector.source, not } : { value: detector.source } }
    case 'interface':
      return { inInterface: not ? { value: detector.inInterface, not } : { value: detector.inInterface } }
  }
}

/**
 * KUBE-EXT. Policy Cluster: all traffic is masqueraded, as it may cross nodes. Policy Local keeps the client's address,
 * but pods and the node itself are not bound to local endpoints: they get what a trip out to the balancer would get.
 */
function addExternalChain(plan: PortPlan, out: ChainCommand[]): void {
  const { info, chains, context, origin } = plan
  const add = (header: RuleHeader, matches: readonly Match[], target: Target): void => {
    out.push(rules.append(chains.external, rules.rule(header, matches, target, origin)))
  }
  const destinations = `${info.nameString} external destinations`
  if (!info.externalPolicyLocal) {
    add(rules.NO_HEADER, [rules.comment(`masquerade traffic for ${destinations}`)], rules.MARK_MASQ)
  } else {
    const toAll = rules.jump(chains.cluster)
    if (context.detector.kind !== 'none')
      add(detectorHeader(context.detector, false), [rules.comment(`pod traffic for ${destinations}`)], toAll)
    const masquerade = rules.comment(`masquerade LOCAL traffic for ${destinations}`)
    add(rules.NO_HEADER, [masquerade, rules.SRC_LOCAL], rules.MARK_MASQ)
    const route = rules.comment(`route LOCAL traffic for ${destinations}`)
    add(rules.NO_HEADER, [route, rules.SRC_LOCAL], toAll)
  }
  if (plan.hasExternal)
    add(
      rules.NO_HEADER,
      rules.NO_MATCHES,
      rules.jump(info.externalPolicyLocal ? chains.local : chains.cluster),
    )
}

/** KUBE-FW. What falls through was not translated, and KUBE-PROXY-FIREWALL drops it. */
function addFirewallChain(plan: PortPlan, out: ChainCommand[]): void {
  const { info, chains, context, origin } = plan
  const matches = [rules.comment(`${info.nameString} loadbalancer IP`)]
  const target = rules.jump(chains.external)
  const allow = (header: RuleHeader): void => {
    out.push(rules.append(chains.firewall, rules.rule(header, matches, target, origin)))
  }
  for (const { network } of info.loadBalancerSourceRanges) allow({ source: { value: network } })
  // A balancer's address is often bound to the node; the node then sends to it from that address.
  const { nodeIP } = context
  if (nodeIP !== undefined && info.loadBalancerSourceRanges.some((range) => cidrContains(range, nodeIP)))
    for (const address of info.loadBalancerVIPs) allow(rules.sourceHeader(context.family, address))
  const rest = rules.comment(`other traffic to ${info.nameString} will be dropped by KUBE-PROXY-FIREWALL`)
  out.push(rules.append(chains.firewall, rules.rule(rules.NO_HEADER, [rest], null, origin)))
}

/** KUBE-SVC and KUBE-SVL: first who is bound to an endpoint, then one endpoint of n by falling odds. */
function addBalancing(
  plan: PortPlan,
  chain: string,
  endpoints: readonly Endpoint[],
  out: ChainCommand[],
): void {
  const { info, context, origin } = plan
  const add = (matches: readonly Match[], target: string): void => {
    out.push(rules.append(chain, rules.rule(rules.NO_HEADER, matches, rules.jump(target), origin)))
  }
  const described = ({ endpoint }: Endpoint, match: readonly Match[]): readonly Match[] =>
    context.largeCluster ? match : [rules.comment(`${info.nameString} -> ${endpoint}`), ...match]
  if (info.sessionAffinity === 'ClientIP')
    for (const endpoint of endpoints) {
      const recent = recentCheck(context.family, endpoint.name, info.stickyMaxAgeSeconds)
      add(described(endpoint, [recent]), endpoint.name)
    }
  let left = endpoints.length
  for (const endpoint of endpoints) add(described(endpoint, rules.oneIn(left--)), endpoint.name)
}

/** KUBE-SEP: a pod that reaches itself must be masqueraded, then the client is noted and the packet translated. */
function addEndpointChains(plan: PortPlan, lines: RestoreChain[], out: ChainCommand[]): void {
  const { info, context, origin, protocol } = plan
  const { family } = context
  const described = context.largeCluster ? rules.NO_MATCHES : [rules.comment(info.nameString)]
  const header = rules.protocolHeader(protocol)
  const plain = [...described, rules.protocolMatch(protocol)]
  let ports = { from: 0, to: 0 }
  for (const { name, ip, port } of plan.categories.reachable) {
    lines.push(rules.chainLine(name))
    const self = rules.rule(rules.sourceHeader(family, ip), described, rules.MARK_MASQ, origin)
    out.push(rules.append(name, self))
    if (ports.from !== port) ports = { from: port, to: port }
    const target: Target = { kind: 'DNAT', range: { addresses: { from: ip, to: ip }, ports } }
    const matches =
      info.sessionAffinity === 'ClientIP'
        ? [...described, recentSet(family, name), rules.protocolMatch(protocol)]
        : plain
    out.push(rules.append(name, rules.rule(header, matches, target, origin)))
  }
}

const WHOLE_MASK: Readonly<Record<Family, string>> = {
  ipv4: '255.255.255.255',
  ipv6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
}

/** `-m recent --name NAME --rcheck --seconds S --reap` */
function recentCheck(family: Family, name: string, seconds: number): Match {
  const mask = WHOLE_MASK[family]
  return { kind: 'recent', command: 'rcheck', name, side: 'rsource', mask, seconds, reap: true }
}

/** `-m recent --name NAME --set` */
function recentSet(family: Family, name: string): Match {
  return { kind: 'recent', command: 'set', name, side: 'rsource', mask: WHOLE_MASK[family] }
}
