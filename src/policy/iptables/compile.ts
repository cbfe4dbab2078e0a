/**
 * One direction of one policy as a chain: rules in the order of the policy's, each as many as it has (peer, port) pairs.
 * Every rule ends the walk of the direction, so the first that matches decides:
 *
 * ```
 *   egress    Accept ─▶ goto the ingress chains    Deny ─▶ drop    Pass ─▶ goto the next tier
 *   ingress   Accept ─▶ accept                     Deny ─▶ drop    Pass ─▶ goto the next tier
 * ```
 *
 * A chain is a function of the plan alone, whatever pods there are: these are members of sets.
 */
import type { Family, Rule, Target } from '../../kernel/ruleset.ts'
import { TIERS, type Direction, type PlanRule, type PolicyPlan, type Tier } from '../plan/plan.ts'
import type { Lane } from './lane.ts'
import { firstChain, tierChain } from './names.ts'
import { peerMatches } from './peers.ts'
import { portMatches } from './ports.ts'
import { goto, originOf, rule } from './rules.ts'
import type { SetSpec } from './set-spec.ts'

export interface CompiledPlan {
  readonly rules: readonly Rule[]
  /** Those that the rules name, of this family. */
  readonly sets: readonly SetSpec[]
}

export function compilePlan(plan: PolicyPlan, family: Family, lane: Lane): CompiledPlan {
  const sets = new Map<string, SetSpec>()
  const rules = plan.rules.flatMap((each) => {
    const { comment, origin } = originOf(plan, each.action, lane.flow, each)
    const target = targetOf(plan, each, lane)
    return peerMatches(each.peers, plan.direction, family, lane.flow).flatMap((peer) =>
      portMatches(each.ports, family, lane.flow).map((port) => {
        for (const spec of [...peer.sets, ...port.sets]) sets.set(spec.base, spec)
        const header = { ...peer.header, ...port.header }
        return rule(header, [comment, ...port.matches, ...peer.matches], target, origin)
      }),
    )
  })
  return { rules, sets: [...sets.values()] }
}

function targetOf({ direction, tier }: PolicyPlan, { action }: PlanRule, lane: Lane): Target {
  switch (action) {
    case 'Accept':
      return allowed(direction, lane)
    case 'Deny':
      return lane.deny
    case 'Pass':
      return afterTier(direction, tier, lane)
    default:
      return action satisfies never
  }
}

/** Egress that is allowed goes on to ingress; ingress that is allowed is done. */
export function allowed(direction: Direction, { accept, flow }: Lane): Target {
  return direction === 'egress' ? goto(firstChain('ingress', flow)) : accept
}

/** Where a packet goes that a tier has not decided. */
export function afterTier(direction: Direction, tier: Tier, lane: Lane): Target {
  const next = TIERS[TIERS.indexOf(tier) + 1]
  return next === undefined ? allowed(direction, lane) : goto(tierChain(direction, next, lane.flow))
}
