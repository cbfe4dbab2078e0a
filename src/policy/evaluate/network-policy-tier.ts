/**
 * The NetworkPolicy tier. A pod that no policy selects for the direction is open: the tier has no say. One that is
 * selected is isolated: what any rule of any selecting policy allows is allowed, the order does not matter, and
 * everything else is denied.
 *
 * `set-verdict.ts` walks the same tier with sets. That it is walked twice is on purpose: properties compare the two.
 */
import { matches, subjectOf } from './match.ts'
import type { Connection, Context } from './party.ts'
import type { NamespacedPolicy } from './policy.ts'
import type { Direction, PolicyStep } from './question.ts'
import { isolationOf } from './selecting.ts'

const tier = 'NetworkPolicy'

export function askNetworkPolicies(
  direction: Direction,
  connection: Connection,
  context: Context,
): PolicyStep {
  const subject = subjectOf(direction, connection)
  if (subject.kind !== 'pod') return { tier, outcome: 'No-Op', reason: 'no pod is policed' }
  const { pod } = subject
  const { policies, otherwise } = isolationOf(direction, pod, context)
  const selecting = policies.map(({ name }) => name)

  if (policies.length === 0) {
    if (otherwise !== undefined)
      return {
        tier,
        outcome: 'Allow',
        selecting,
        reason: `NetworkPolicy ${otherwise.name} selects ${pod.key} for the other direction only`,
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
    if (context.options.emptyRules === 'allow' && policy.emptyLists[direction])
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
