/**
 * The NetworkPolicy tier. A pod that no policy selects for the direction is open: the tier has no say. One that is
 * selected is isolated: what any rule of any selecting policy allows is allowed, the order does not matter, and
 * everything else is denied.
 */
import { matches, subjectOf } from './match.ts'
import type { Connection, Context } from './party.ts'
import type { NamespacedPolicy } from './policy.ts'
import type { Direction, PolicyStep } from './question.ts'

const tier = 'NetworkPolicy'

export function askNetworkPolicies(
  direction: Direction,
  connection: Connection,
  context: Context,
): PolicyStep {
  const subject = subjectOf(direction, connection)
  if (subject.kind !== 'pod') return { tier, outcome: 'No-Op', reason: 'no pod is policed' }
  const { pod } = subject
  const { index, options } = context

  // Policies select pods of their own namespace only.
  const selectingPod = [...index.networkPoliciesOf(pod.namespace)]
    .filter((policy) => index.contains(policy.subject, pod))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const policies = selectingPod.filter((policy) => policy[direction] !== undefined)
  const selecting = policies.map(({ name }) => name)

  if (policies.length === 0) {
    if (selectingPod.length > 0 && options.baselineAfterNetworkPolicy === 'any-direction')
      return {
        tier,
        outcome: 'Allow',
        selecting,
        reason: `NetworkPolicy ${selectingPod[0]!.name} selects ${pod.key} for the other direction only`,
      }
    return {
      tier,
      outcome: 'No-Op',
      selecting,
      reason: `no NetworkPolicy isolates ${pod.key} for ${direction}`,
    }
  }

  for (const policy of policies) {
    const rule = policy[direction]!.find((rule) => matches(rule, connection, context))
    if (rule !== undefined) {
      const reason = `NetworkPolicy ${policy.name}: ${direction}[${rule.ref.index}] allows`
      return { tier, outcome: 'Allow', rule: rule.ref, selecting, reason }
    }
    if (options.emptyRules === 'allow' && policy.emptyLists[direction])
      return {
        tier,
        outcome: 'Allow',
        selecting,
        reason: `NetworkPolicy ${policy.name}: ${direction} is empty`,
      }
  }
  return {
    tier,
    outcome: 'Deny',
    selecting,
    reason: `${pod.key} is isolated for ${direction} by ${namesOf(policies)}, and no rule allows this`,
  }
}

function namesOf(policies: readonly NamespacedPolicy[]): string {
  const [first, ...others] = policies
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `NetworkPolicy ${first!.name}${more}`
}
