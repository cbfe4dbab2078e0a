/**
 * A profile is all that polices a pod in one direction, in the order in which it is asked. Pods with the same profile
 * answer alike. It is made of up to three stages, which profiles share: the Admin tier, the NetworkPolicies, the
 * Baseline tier. A profile never changes; when policies do, pods get another one.
 */
import type { PolicyOptions } from '../options.ts'
import type { ClusterPolicy } from '../policy.ts'
import type { Direction } from '../question.ts'
import type { TokenisedPolicy, TokenisedRule, PortShape } from './tokenised-policy.ts'
import type { Token } from './token.ts'

export interface Profile {
  readonly key: string
  readonly direction: Direction
  readonly admin: Stage | undefined
  /** Undefined: the pod is not isolated. */
  readonly networkPolicies: Stage | undefined
  readonly baseline: Stage | undefined
  /** How many classes have it. */
  users: number
}

export interface Stage {
  readonly key: string
  readonly direction: Direction
  /** A tier's rules decide in their order; NetworkPolicies allow what any of them does. */
  readonly kind: 'tier' | 'union'
  readonly rules: readonly TokenisedRule[]
  /** The stage allows everything, whatever its rules. */
  readonly everything: boolean
  /** Of the subject, when it is the destination and a rule names ports. */
  readonly shape: PortShape | undefined
  /** What it says about a peer without any token, by the number of the destination's ports where these matter. */
  readonly base: Map<number, number>
  users: number
}

export class ProfileTable {
  readonly #options: PolicyOptions
  readonly #profiles = new Map<string, Profile>()
  readonly #stages = new Map<string, Stage>()

  constructor(options: PolicyOptions) {
    this.#options = options
  }

  /** Of a pod that these policies select. The caller releases it. */
  acquire(direction: Direction, policies: readonly TokenisedPolicy[], shape: PortShape): Profile {
    const admin = this.#tier('Admin', direction, policies, shape)
    const networkPolicies = this.#networkPolicies(direction, policies, shape)
    const baseline = this.#tier('Baseline', direction, policies, shape)
    const key = [direction, admin?.key, networkPolicies?.key, baseline?.key].join('|')
    let profile = this.#profiles.get(key)
    if (profile === undefined) {
      profile = { key, direction, admin, networkPolicies, baseline, users: 0 }
      this.#profiles.set(key, profile)
      for (const stage of [admin, networkPolicies, baseline]) if (stage) stage.users++
    }
    profile.users++
    return profile
  }

  release(profile: Profile): void {
    if (--profile.users > 0) return
    this.#profiles.delete(profile.key)
    for (const stage of [profile.admin, profile.networkPolicies, profile.baseline])
      if (stage !== undefined && --stage.users === 0) {
        this.#stages.delete(stage.key)
        for (const token of peersOf(stage)) token.stages.delete(stage)
      }
  }

  #tier(
    tier: ClusterPolicy['tier'],
    direction: Direction,
    policies: readonly TokenisedPolicy[],
    shape: PortShape,
  ): Stage | undefined {
    const asked = policies.flatMap((tokenised) =>
      tokenised.policy.kind === 'ClusterNetworkPolicy' && tokenised.policy.tier === tier
        ? [{ tokenised, policy: tokenised.policy }]
        : [],
    )
    asked.sort((a, b) => a.policy.priority - b.policy.priority || (a.policy.name < b.policy.name ? -1 : 1))
    const rules = asked.flatMap(({ tokenised }) => tokenised[direction] ?? [])
    if (rules.length === 0) return undefined
    const ids = asked.map(({ tokenised }) => tokenised.id)
    return this.#stage(tier, ids, direction, rules, false, shape)
  }

  #networkPolicies(
    direction: Direction,
    policies: readonly TokenisedPolicy[],
    shape: PortShape,
  ): Stage | undefined {
    const selecting = policies.filter(({ policy }) => policy.kind === 'NetworkPolicy')
    const isolating = selecting.filter((tokenised) => tokenised[direction] !== undefined)
    if (isolating.length === 0)
      return selecting.length > 0 && this.#options.baselineAfterNetworkPolicy === 'any-direction'
        ? this.#stage('NetworkPolicy', [], direction, [], true, shape)
        : undefined
    const everything =
      this.#options.emptyRules === 'allow' &&
      isolating.some(({ policy }) => 'emptyLists' in policy && policy.emptyLists[direction])
    const ids = isolating.map(({ id }) => id).sort((a, b) => a - b)
    const rules = isolating.flatMap((tokenised) => tokenised[direction]!)
    return this.#stage('NetworkPolicy', ids, direction, rules, everything, shape)
  }

  #stage(
    name: 'Admin' | 'NetworkPolicy' | 'Baseline',
    ids: readonly number[],
    direction: Direction,
    rules: readonly TokenisedRule[],
    everything: boolean,
    subject: PortShape,
  ): Stage {
    const shape = direction === 'ingress' && rules.some(({ named }) => named) ? subject : undefined
    const key = `${direction} ${name} ${ids} ${shape?.id ?? ''}`
    const kind = name === 'NetworkPolicy' ? 'union' : 'tier'
    let stage = this.#stages.get(key)
    if (stage === undefined) {
      stage = { key, direction, kind, rules, everything, shape, base: new Map(), users: 0 }
      this.#stages.set(key, stage)
      for (const token of peersOf(stage)) token.stages.add(stage)
    }
    return stage
  }
}

function peersOf({ rules }: Stage): Token[] {
  return rules.flatMap(({ peers = [] }) => peers)
}
