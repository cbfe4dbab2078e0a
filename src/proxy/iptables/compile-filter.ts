/**
 * A service port's rules in table filter (pkg/proxy/iptables: syncProxyRules): who is refused, who is dropped, and
 * health check ports that a strict host must let in.
 *
 * | destination | chain | no endpoint anywhere | endpoints, but none that this traffic may use |
 * |---|---|---|---|
 * | cluster IP | KUBE-SERVICES | REJECT | DROP |
 * | external IP, balancer, node port | KUBE-EXTERNAL-SERVICES | REJECT | DROP |
 */
import type { ChainCommand } from '../../kernel/restore.ts'
import type { Match, RuleHeader, Target } from '../../kernel/ruleset.ts'
import { KUBE_EXTERNAL_SERVICES, KUBE_NODEPORTS, KUBE_PROXY_FIREWALL, KUBE_SERVICES } from './names.ts'
import { toAddress } from './plan.ts'
import type { PortPlan } from './plan.ts'
import * as rules from './rules.ts'

export function compileFilter(plan: PortPlan): ChainCommand[] {
  const { info, chains, origin, protocol, context } = plan
  const out: ChainCommand[] = []
  const add = (chain: string, header: RuleHeader, matches: readonly Match[], target: Target): void => {
    out.push(rules.append(chain, rules.rule(header, matches, target, origin)))
  }
  const { hasAny } = plan.categories
  const why = rules.comment(`${info.nameString} has no ${hasAny ? 'local ' : ''}endpoints`)
  const refuse: Target = hasAny
    ? rules.DROP
    : {
        kind: 'REJECT',
        rejectWith: context.family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable',
      }
  const toPort = rules.destinationPort(protocol, info.port)
  if (!plan.hasInternal) add(KUBE_SERVICES, toAddress(plan, info.clusterIP), [why, toPort], refuse)
  const refuseExternal = (address: string): void => {
    add(KUBE_EXTERNAL_SERVICES, toAddress(plan, address), [why, toPort], refuse)
  }
  if (!plan.hasExternal) for (const address of info.externalIPs) refuseExternal(address)
  if (plan.usesFirewallChain)
    for (const address of info.loadBalancerVIPs) {
      const text = `${info.nameString} traffic not accepted by ${chains.firewall}`
      add(KUBE_PROXY_FIREWALL, toAddress(plan, address), [rules.comment(text), toPort], rules.DROP)
    }
  if (!plan.hasExternal) for (const address of info.loadBalancerVIPs) refuseExternal(address)
  if (info.nodePort !== 0 && !plan.hasExternal) {
    const matches = [why, rules.DST_LOCAL, rules.destinationPort(protocol, info.nodePort)]
    add(KUBE_EXTERNAL_SERVICES, rules.protocolHeader(protocol), matches, refuse)
  }
  if (info.healthCheckNodePort !== 0) {
    const text = rules.comment(`${info.nameString} health check node port`)
    const matches = [text, rules.destinationPort('tcp', info.healthCheckNodePort)]
    add(KUBE_NODEPORTS, rules.protocolHeader('tcp'), matches, rules.ACCEPT)
  }
  return out
}
