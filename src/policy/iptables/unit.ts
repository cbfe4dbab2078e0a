/** One direction of one policy on a node: its plan, its chains and sets, and the pods of the node it is about. */
import type { Family, Rule } from '../../kernel/ruleset.ts'
import type { PodMembers, Selection } from '../members/members.ts'
import type { PodFacts } from '../members/pod-facts.ts'
import { planKey, type PolicyPlan } from '../plan/plan.ts'
import { compilePlan } from './compile.ts'
import type { CountedSet } from './counted-set.ts'
import { jumpRule } from './dispatch.ts'
import type { Lane } from './lane.ts'
import { policyChain } from './names.ts'
import { podsSet, type SetSpec } from './set-spec.ts'

/** The policy's rules for the packets of one lane, and the line that leads to them. */
export interface UnitChain {
  readonly name: string
  readonly jump: Readonly<Record<Family, Rule>>
  readonly rules: Readonly<Record<Family, readonly Rule[]>>
}

export class PolicyUnit {
  readonly key: string
  readonly plan: PolicyPlan
  /** One a lane, in the order of the lanes. */
  readonly chains: readonly UnitChain[]
  /** That its rules name. */
  readonly sets: readonly SetSpec[]
  readonly #members: PodMembers
  readonly #unions: readonly CountedSet[]
  readonly #selection: Selection

  /** `unions`: sets that hold the subjects of several policies. */
  constructor(plan: PolicyPlan, lanes: readonly Lane[], members: PodMembers, unions: readonly CountedSet[]) {
    this.key = planKey(plan)
    this.plan = plan
    const { chains, sets } = compiledOf(plan, lanes)
    this.chains = chains
    this.sets = sets
    this.#members = members
    this.#unions = unions
    this.#selection = members.select(plan.subject, this)
  }

  added(pod: PodFacts): void {
    for (const union of this.#unions) union.added(pod)
  }

  removed(pod: PodFacts): void {
    for (const union of this.#unions) union.removed(pod)
  }

  stop(): void {
    for (const pod of this.#selection.members()) this.removed(pod)
    this.#members.release(this.#selection, this)
  }
}

interface Compiled {
  readonly chains: readonly UnitChain[]
  readonly sets: readonly SetSpec[]
}

/** Nodes that have the same plan have the same chains: they are compiled once, and the engine knows them by identity. */
const known = new WeakMap<readonly Lane[], WeakMap<PolicyPlan, Compiled>>()

function compiledOf(plan: PolicyPlan, lanes: readonly Lane[]): Compiled {
  let plans = known.get(lanes)
  if (plans === undefined) known.set(lanes, (plans = new WeakMap()))
  let compiled = plans.get(plan)
  if (compiled === undefined) plans.set(plan, (compiled = compile(plan, lanes)))
  return compiled
}

function compile(plan: PolicyPlan, lanes: readonly Lane[]): Compiled {
  const subject = podsSet(plan.subject, 'local')
  const sets = new Map([[subject.base, subject]])
  const chains = lanes.map((lane): UnitChain => {
    const ipv4 = compilePlan(plan, 'ipv4', lane)
    const ipv6 = compilePlan(plan, 'ipv6', lane)
    for (const spec of [...ipv4.sets, ...ipv6.sets]) sets.set(spec.base, spec)
    return {
      name: policyChain(plan, lane.flow),
      jump: { ipv4: jumpRule(plan, 'ipv4', lane), ipv6: jumpRule(plan, 'ipv6', lane) },
      rules: { ipv4: ipv4.rules, ipv6: ipv6.rules },
    }
  })
  return { chains, sets: [...sets.values()] }
}
