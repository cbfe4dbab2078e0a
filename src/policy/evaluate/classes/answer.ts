/**
 * What a profile says about one peer, or about every class of pods at once. The second is the first, a rule at a time:
 * a rule is laid over the classes that have one of its tokens.
 */
import type { Exemptions } from '../exempt.ts'
import type { TokenisedRule, PortShape } from './tokenised-policy.ts'
import { DecisionTable, UNDECIDED } from './decision-table.ts'
import type { Profile, Stage } from './profile.ts'
import { ALL_ID, EMPTY_ID, type SetId, type SetTable } from './set-table.ts'
import type { Token } from './token.ts'

/** The other end, as rules see it. */
export interface RulePeer {
  readonly has: (token: Token) => boolean
  /** Undefined when it is no pod. */
  readonly shape: PortShape | undefined
  /** The stages that ask for a token it has, where these are known: others say what they say about anybody. */
  readonly concerns?: ReadonlySet<object>
}

/** Classes by their numbers; there may be gaps. */
export interface PeerClasses {
  readonly length: number
  readonly shape: (index: number) => PortShape | undefined
}

/** Of a tier a decision, of NetworkPolicies a set. */
type StageAnswer = number

export class Answers {
  readonly sets: SetTable
  readonly #decisions: DecisionTable

  constructor(sets: SetTable) {
    this.sets = sets
    this.#decisions = new DecisionTable(sets)
  }

  /** `known` keeps what stages say about this peer, for the profiles that share them. */
  at(
    profile: Profile | undefined,
    peer: RulePeer,
    exempt: Exemptions = {},
    known: Map<Stage, StageAnswer> = new Map(),
  ): SetId {
    if (profile === undefined) return ALL_ID
    const { admin, networkPolicies, baseline } = profile
    const cluster = exempt.ClusterNetworkPolicy === undefined
    const ask = (stage: Stage): StageAnswer => {
      let answer = known.get(stage)
      if (answer === undefined) {
        answer = peer.concerns?.has(stage) === false ? this.#base(stage, peer) : this.#stageAt(stage, peer)
        known.set(stage, answer)
      }
      return answer
    }
    const first = admin !== undefined && cluster ? ask(admin) : UNDECIDED
    if (networkPolicies !== undefined && exempt.NetworkPolicy === undefined)
      return this.#decisions.result(first, ask(networkPolicies))
    const last = baseline !== undefined && cluster ? ask(baseline) : UNDECIDED
    return this.#decisions.result(first, this.#decisions.result(last, ALL_ID))
  }

  /** One set a class. `known` keeps what tiers say. Cost: the classes, and for each rule the classes that its peers match. */
  row(
    profile: Profile | undefined,
    classes: PeerClasses,
    known: Map<Stage, Int32Array> = new Map(),
  ): Int32Array {
    const { admin, networkPolicies, baseline } = profile ?? {}
    const ask = (stage: Stage): Int32Array => {
      let row = known.get(stage)
      if (row === undefined) {
        if (known.size >= MOST_ROWS) known.clear()
        known.set(stage, (row = this.#stageRow(stage, classes)))
      }
      return row
    }
    const row =
      networkPolicies === undefined
        ? new Int32Array(classes.length).fill(ALL_ID)
        : this.#stageRow(networkPolicies, classes)
    if (networkPolicies === undefined && baseline !== undefined) this.#lay(ask(baseline), row)
    if (admin !== undefined) this.#lay(ask(admin), row)
    return row
  }

  /** The decisions of a tier over what the tiers below it allow. */
  #lay(tier: Int32Array, row: Int32Array): void {
    for (let index = 0; index < row.length; index++)
      row[index] = this.#decisions.result(tier[index]!, row[index]!)
  }

  #base(stage: Stage, { shape }: RulePeer): StageAnswer {
    const key = stage.direction === 'egress' ? (shape?.id ?? -1) : 0
    let answer = stage.base.get(key)
    if (answer === undefined) {
      answer = this.#stageAt(stage, { shape, has: () => false })
      stage.base.set(key, answer)
    }
    return answer
  }

  #stageAt({ kind, rules, everything, shape, direction }: Stage, peer: RulePeer): StageAnswer {
    if (everything) return ALL_ID
    let answer = START[kind]
    for (const rule of rules) {
      if (rule.peers !== undefined && !rule.peers.some(peer.has)) continue
      const matched = rule.connections(direction === 'egress' ? peer.shape : shape)
      answer = this.#step(kind, answer, rule, matched)
    }
    return answer
  }

  #stageRow({ kind, rules, everything, shape, direction }: Stage, classes: PeerClasses): Int32Array {
    const row = new Int32Array(classes.length).fill(everything ? ALL_ID : START[kind])
    if (everything) return row
    for (const rule of rules) {
      const byPeer = direction === 'egress' && rule.named
      const same = byPeer ? EMPTY_ID : rule.connections(shape)
      const visit = (index: number): void => {
        const matched = byPeer ? rule.connections(classes.shape(index)) : same
        row[index] = this.#step(kind, row[index]!, rule, matched)
      }
      if (rule.peers === undefined) for (let index = 0; index < row.length; index++) visit(index)
      else for (const token of rule.peers) token.classes.forEach(visit)
    }
    return row
  }

  #step(kind: Stage['kind'], answer: StageAnswer, { rule }: TokenisedRule, matched: SetId): StageAnswer {
    return kind === 'union'
      ? this.sets.union(answer, matched)
      : this.#decisions.step(answer, rule.action, matched)
  }
}

const MOST_ROWS = 256

const START = { tier: UNDECIDED, union: EMPTY_ID } as const
