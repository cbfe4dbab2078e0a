/**
 * The Admin or the Baseline tier: ClusterNetworkPolicies by ascending priority, rules in the order of the object; the
 * first that matches decides. There is no isolation: without a match the tier has no say.
 */
import { matches, subjectOf } from './match.ts'
import type { Connection, Context } from './party.ts'
import type { ClusterPolicy, PolicyRule } from './policy.ts'
import { PolicyError } from './policy-error.ts'
import type { Direction, PolicyStep } from './question.ts'

export interface ClusterTierOutcome {
  readonly step: PolicyStep
  /** Rules of other policies of the same priority that would have decided otherwise: the API does not say which does. */
  readonly rivals: readonly PolicyRule[]
}

export function askClusterTier(
  tier: ClusterPolicy['tier'],
  direction: Direction,
  connection: Connection,
  context: Context,
): ClusterTierOutcome {
  const policies = context.index.clusterPoliciesOf(tier)
  let decided: { readonly policy: ClusterPolicy; readonly rule: PolicyRule } | undefined
  const rivals: PolicyRule[] = []
  for (const policy of policies) {
    if (decided !== undefined && policy.priority !== decided.policy.priority) break
    const rule = firstMatch(policy, direction, connection, context)
    if (rule === undefined) continue
    if (decided === undefined) decided = { policy, rule }
    else if (rule.action !== decided.rule.action) rivals.push(rule)
  }
  if (decided === undefined) return { step: noOp(tier, policies.length), rivals }
  const { action, ref } = decided.rule
  const outcome = action === 'Accept' ? 'Allow' : action
  const reason = `ClusterNetworkPolicy ${ref.policy} (${tier} tier, priority ${decided.policy.priority}): ${ruleText(decided.rule)}`
  return { step: { tier, outcome, rule: ref, reason }, rivals }
}

function firstMatch(
  policy: ClusterPolicy,
  direction: Direction,
  connection: Connection,
  context: Context,
): PolicyRule | undefined {
  const subject = subjectOf(direction, connection)
  if (subject.kind !== 'pod' || !context.index.contains(policy.subject, subject.pod)) return undefined
  return policy[direction]?.find((rule) => matches(rule, connection, context))
}

function noOp(tier: ClusterPolicy['tier'], policies: number): PolicyStep {
  const reason = policies === 0 ? `no policy in the ${tier} tier` : `no rule of the ${tier} tier matches`
  return { tier, outcome: 'No-Op', reason }
}

/** `egress[0] "deny all" denies`. */
function ruleText({ action, ref: { direction, index, name } }: PolicyRule): string {
  const verb = { Accept: 'accepts', Deny: 'denies', Pass: 'passes' }[action]
  return `${direction}[${index}]${name === undefined ? '' : ` ${JSON.stringify(name)}`} ${verb}`
}

/** @throws PolicyError when two policies of a tier have the same priority, as option `equalPriority: 'error'` wants. */
export function checkPriorities(policies: readonly ClusterPolicy[]): void {
  policies.forEach((policy, position) => {
    const before = policies[position - 1]
    if (before?.priority === policy.priority)
      throw new PolicyError(
        `has the priority of ${before.name} (${policy.priority}) in the ${policy.tier} tier`,
        `ClusterNetworkPolicy ${policy.name}`,
        'spec.priority',
      )
  })
}
