/** One direction of one policy on a node: its plan, its chains and sets, and the pods of the node it is about. */
import type { Family, Rule } from '../../kernel/ruleset.ts'
import type { PodMembers, Selection } from '../members/members.ts'
import type { PodFacts } from '../members/pod-facts.ts'
import { planKey, type PolicyPlan } from '../plan/plan.ts'
import { compilePlan, type CompiledPlan, type Verdicts } from './compile.ts'
import type { CountedSet } from './counted-set.ts'
import { jumpRule } from './dispatch.ts'
import { policyChain } from './names.ts'
import { podsSet, type SetSpec } from './set-spec.ts'

export class PolicyUnit {
  readonly key: string
  readonly plan: PolicyPlan
  readonly chain: string
  readonly jump: Readonly<Record<Family, Rule>>
  readonly rules: Readonly<Record<Family, readonly Rule[]>>
  /** That its rules name. */
  readonly sets: readonly SetSpec[]
  readonly #members: PodMembers
  readonly #unions: readonly CountedSet[]
  readonly #selection: Selection

  /** `unions`: sets that hold the subjects of several policies. */
  constructor(plan: PolicyPlan, verdicts: Verdicts, members: PodMembers, unions: readonly CountedSet[]) {
    this.key = planKey(plan)
    this.plan = plan
    this.chain = policyChain(plan)
    const compiled = compiledOf(plan, verdicts)
    this.rules = { ipv4: compiled.ipv4.rules, ipv6: compiled.ipv6.rules }
    this.jump = compiled.jump
    this.sets = compiled.sets
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

interface Compiled extends Readonly<Record<Family, CompiledPlan>> {
  readonly jump: Readonly<Record<Family, Rule>>
  readonly sets: readonly SetSpec[]
}

/** Nodes that have the same plan have the same chains: they are compiled once, and the engine knows them by identity. */
const known = new WeakMap<Verdicts, WeakMap<PolicyPlan, Compiled>>()

function compiledOf(plan: PolicyPlan, verdicts: Verdicts): Compiled {
  let plans = known.get(verdicts)
  if (plans === undefined) known.set(verdicts, (plans = new WeakMap()))
  let compiled = plans.get(plan)
  if (compiled === undefined) plans.set(plan, (compiled = compileBoth(plan, verdicts)))
  return compiled
}

function compileBoth(plan: PolicyPlan, verdicts: Verdicts): Compiled {
  const ipv4 = compilePlan(plan, 'ipv4', verdicts)
  const ipv6 = compilePlan(plan, 'ipv6', verdicts)
  const subject = podsSet(plan.subject, 'local')
  const sets = new Map([subject, ...ipv4.sets, ...ipv6.sets].map((spec) => [spec.base, spec]))
  return {
    ipv4,
    ipv6,
    jump: { ipv4: jumpRule(plan, 'ipv4'), ipv6: jumpRule(plan, 'ipv6') },
    sets: [...sets.values()],
  }
}
