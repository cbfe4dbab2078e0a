/**
 * The chains that find a pod's policies: one a direction and tier, and one a direction and namespace for NetworkPolicies,
 * which select pods of their own namespace only. So what a packet walks grows with the namespaces that have policies and
 * with the policies of one namespace, not with all policies; and never with pods.
 *
 * ```
 *   NETPOL-EGRESS       Admin policies by priority: subject ─▶ CNPE-…      end: goto -NP
 *   NETPOL-EGRESS-NP    namespaces: isolated pods of it ─▶ goto NSE-…      end: goto -BASE
 *   NSE-…               its policies: subject ─▶ NPE-…                     end: drop (isolated, and none allows it)
 *   NETPOL-EGRESS-BASE  Baseline policies: subject ─▶ CNPE-…               end: goto NETPOL-INGRESS
 * ```
 */
import type { Family, Rule } from '../../kernel/ruleset.ts'
import type { Direction, PolicyPlan, Tier } from '../plan/plan.ts'
import { afterTier } from './compile.ts'
import { GATES } from './fixed-chains.ts'
import { subjectSide } from './flow.ts'
import type { Lane } from './lane.ts'
import { hashedSet, namespaceChain, policyChain, tierChain } from './names.ts'
import { comment, goto, inSet, jump, originOf, rule } from './rules.ts'
import { podsSet } from './set-spec.ts'

/** The pods of a namespace on this node that any NetworkPolicy selects. */
export function isolatedSet(direction: Direction, namespace: string): string {
  return hashedSet(direction === 'egress' ? 'iso-e' : 'iso-i', namespace)
}

/** The line that leads to a policy's chain. */
export function jumpRule(plan: PolicyPlan, family: Family, { flow }: Lane): Rule {
  const { comment: text, origin } = originOf(plan, 'selects', flow)
  const { base } = podsSet(plan.subject, 'local')
  return rule(
    {},
    [text, inSet(base, family, subjectSide(plan.direction, flow))],
    jump(policyChain(plan, flow)),
    origin,
  )
}

/** A tier of ClusterNetworkPolicies; `jumps` are those of its policies in order. */
export function tierRules(
  direction: Direction,
  tier: Exclude<Tier, 'NetworkPolicy'>,
  family: Family,
  jumps: readonly Rule[],
  lane: Lane,
): Rule[] {
  return [
    ...(direction === 'ingress' && tier === 'Admin' ? [notSelected(family, lane)] : []),
    ...jumps,
    rule({}, [], afterTier(direction, tier, lane)),
  ]
}

/** Ingress is where everything ends up that egress lets go: most of it is for pods elsewhere. */
function notSelected(family: Family, { accept, flow }: Lane): Rule {
  const why = comment('not a pod that policies select for ingress')
  return rule({}, [why, inSet(GATES.ingress, family, subjectSide('ingress', flow), true)], accept)
}

/** The tier of NetworkPolicies. */
export function namespacesRules(
  direction: Direction,
  family: Family,
  namespaces: Iterable<string>,
  lane: Lane,
  ownNodeExempt: boolean,
): Rule[] {
  return [
    ...(ownNodeExempt && lane.flow === 'original' ? [OWN_NODE] : []),
    ...[...namespaces].sort().map((namespace) => {
      const why = comment(`NetworkPolicies of namespace ${namespace}, ${direction}`)
      const isolated = inSet(isolatedSet(direction, namespace), family, subjectSide(direction, lane.flow))
      return rule({}, [why, isolated], goto(namespaceChain(direction, namespace, lane.flow)))
    }),
    rule({}, [], afterTier(direction, 'NetworkPolicy', lane)),
  ]
}

/** NetworkPolicies are not asked about a pod's traffic to its own node. (Its replies are not asked about at all.) */
const OWN_NODE: Rule = rule(
  {},
  [comment('to the own node: no NetworkPolicy'), { kind: 'addrtype', dstType: { value: ['LOCAL'] } }],
  goto(tierChain('egress', 'Baseline', 'original')),
)

export function namespaceRules(direction: Direction, jumps: readonly Rule[], { deny, flow }: Lane): Rule[] {
  const why = comment(`isolated for ${direction}, and no NetworkPolicy allows it`)
  const reply = flow === 'reply' ? ({ reply: true } as const) : {}
  const origin = { policy: { decision: 'isolated', kind: 'NetworkPolicy', direction, ...reply } } as const
  return [...jumps, rule({}, [why], deny, origin)]
}
