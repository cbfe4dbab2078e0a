/** What a tier of ClusterNetworkPolicies has decided so far, as numbers: each state and each step is worked out once. */
import type { PolicyRule } from '../policy.ts'
import { PairMemo } from './pair-memo.ts'
import { ALL_ID, EMPTY_ID, type SetId, type SetTable } from './set-table.ts'

export type DecisionId = number

/** The part that is in none of the three is denied. */
interface Decision {
  readonly accepted: SetId
  readonly passed: SetId
  /** No rule has matched it. */
  readonly open: SetId
}

/** No rule has matched anything. */
export const UNDECIDED: DecisionId = 0

export class DecisionTable {
  readonly #sets: SetTable
  readonly #decisions: Decision[] = []
  readonly #ids = new Map<string, DecisionId>()
  readonly #steps = { Accept: new PairMemo(), Deny: new PairMemo(), Pass: new PairMemo() }
  readonly #results = new PairMemo()

  constructor(sets: SetTable) {
    this.#sets = sets
    this.#id({ accepted: EMPTY_ID, passed: EMPTY_ID, open: ALL_ID })
  }

  /** After a rule that matches the peer. Asking the same rule twice changes nothing. */
  step(decision: DecisionId, action: PolicyRule['action'], matched: SetId): DecisionId {
    const memo = this.#steps[action]
    const known = memo.get(decision, matched)
    if (known !== undefined) return known
    const { accepted, passed, open } = this.#decisions[decision]!
    const taken = this.#sets.intersection(open, matched)
    const next = this.#id({
      accepted: action === 'Accept' ? this.#sets.union(accepted, taken) : accepted,
      passed: action === 'Pass' ? this.#sets.union(passed, taken) : passed,
      open: this.#sets.difference(open, matched),
    })
    return memo.set(decision, matched, next)
  }

  /** What is allowed if the tiers below allow `below` of what they are asked about. */
  result(decision: DecisionId, below: SetId): SetId {
    if (decision === UNDECIDED) return below
    const known = this.#results.get(decision, below)
    if (known !== undefined) return known
    const { accepted, passed, open } = this.#decisions[decision]!
    const asked = this.#sets.intersection(this.#sets.union(open, passed), below)
    return this.#results.set(decision, below, this.#sets.union(accepted, asked))
  }

  #id(decision: Decision): DecisionId {
    const key = `${decision.accepted} ${decision.passed} ${decision.open}`
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#decisions.length
      this.#decisions.push(decision)
      this.#ids.set(key, id)
    }
    return id
  }
}
