/**
 * The point verdict: a connection is allowed if its source may send it and its destination may receive it. In each
 * direction the tiers are asked in their order; the first that allows or denies decides, and what nobody decides is
 * allowed.
 *
 * The set answer (`set-verdict.ts`) walks the same tiers on its own. That is on purpose: properties compare the two.
 */
import { askClusterTier, type ClusterTierOutcome } from './cluster-tier.ts'
import { exemptionsOf } from './exempt.ts'
import { askNetworkPolicies } from './network-policy-tier.ts'
import { describe, readQuestion, type Connection, type Context } from './party.ts'
import type { PolicyRule } from './policy.ts'
import type { Direction, DirectionVerdict, PolicyStep, PolicyVerdict, Question } from './question.ts'

export function verdict(question: Question, context: Context): PolicyVerdict {
  const connection = readQuestion(question, context)
  const egress = askDirection('egress', connection, context)
  const ingress = askDirection('ingress', connection, context)
  const allowed = egress.allowed && ingress.allowed
  const deciding = !egress.allowed ? [egress] : !ingress.allowed ? [ingress] : [egress, ingress]
  const why = deciding.map(({ direction, steps }) => `${direction}: ${steps.at(-1)!.reason}`).join('; ')
  return {
    allowed,
    egress,
    ingress,
    reason: `${textOf(connection)} ${allowed ? 'allowed' : 'denied'}: ${why}`,
  }
}

function textOf({ from, to, protocol, port }: Connection): string {
  return `${describe(from)} to ${describe(to)} ${protocol}${port === undefined ? '' : ` ${port}`}`
}

type Tier = () => ClusterTierOutcome

function askDirection(direction: Direction, connection: Connection, context: Context): DirectionVerdict {
  const exempt = exemptionsOf(direction, connection, context)
  if (exempt.NetworkPolicy !== undefined && exempt.ClusterNetworkPolicy !== undefined) {
    const step: PolicyStep = { tier: 'Exempt', outcome: 'Allow', reason: exempt.NetworkPolicy }
    return { direction, allowed: true, steps: [step] }
  }
  const skipped = (tier: PolicyStep['tier'], reason: string): ClusterTierOutcome => ({
    step: { tier, outcome: 'No-Op', reason },
    rivals: [],
  })
  const cluster = (tier: 'Admin' | 'Baseline') => (): ClusterTierOutcome =>
    exempt.ClusterNetworkPolicy === undefined
      ? askClusterTier(tier, direction, connection, context)
      : skipped(tier, exempt.ClusterNetworkPolicy)
  const namespaced = (): ClusterTierOutcome =>
    exempt.NetworkPolicy === undefined
      ? { step: askNetworkPolicies(direction, connection, context), rivals: [] }
      : skipped('NetworkPolicy', exempt.NetworkPolicy)
  return { direction, ...walk([cluster('Admin'), namespaced, cluster('Baseline')]) }
}

type Walk = Omit<DirectionVerdict, 'direction'>

/** Asks tier after tier until one decides. */
function walk([tier, ...later]: readonly Tier[]): Walk {
  if (tier === undefined) {
    const step: PolicyStep = {
      tier: 'Default',
      outcome: 'Allow',
      reason: 'nothing decided: allowed by default',
    }
    return { allowed: true, steps: [step] }
  }
  const { step, rivals } = tier()
  const after = (outcome: PolicyStep['outcome']): Walk =>
    outcome === 'Allow' || outcome === 'Deny' ? { allowed: outcome === 'Allow', steps: [] } : walk(later)
  const rest = after(step.outcome)
  const ambiguous =
    rivals
      .filter(({ action }) => after(action === 'Accept' ? 'Allow' : action).allowed !== rest.allowed)
      .map((rival) => ambiguity(step, rival))[0] ?? rest.ambiguous
  return {
    allowed: rest.allowed,
    steps: [step, ...rest.steps],
    ...(ambiguous === undefined ? {} : { ambiguous }),
  }
}

function ambiguity({ tier, rule, outcome }: PolicyStep, rival: PolicyRule): string {
  const one = `${rule!.policy} ${rule!.direction}[${rule!.index}] (${outcome === 'Allow' ? 'Accept' : outcome})`
  const other = `${rival.ref.policy} ${rival.ref.direction}[${rival.ref.index}] (${rival.action})`
  return `${tier} tier: ClusterNetworkPolicies of the same priority disagree: ${one} and ${other}; which one decides is not defined`
}
