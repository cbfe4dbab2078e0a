/** A policy with its peers as tokens, and its ports as numbers of connection sets. */
import type { NamedPort } from '../facts.ts'
import type { PolicyOptions } from '../options.ts'
import type { ClusterPolicy, NamespacedPolicy, PolicyRule } from '../policy.ts'
import type { Direction } from '../question.ts'
import { connectionsOfRule, namesOf } from '../rule-connections.ts'
import type { SetId, SetTable } from './set-table.ts'
import { questionKey, questionsOf, subjectKey, type Token, type TokenQuestion } from './token.ts'

export interface TokenisedPolicy {
  /** Never given twice: the same policy tokenised again has another. */
  readonly id: number
  readonly policy: NamespacedPolicy | ClusterPolicy
  readonly subject: Token
  readonly egress: readonly TokenisedRule[] | undefined
  readonly ingress: readonly TokenisedRule[] | undefined
}

/** Pods with the same named ports share one. */
export interface PortShape {
  readonly id: number
  readonly namedPorts: readonly NamedPort[]
}

export class TokenisedRule {
  readonly rule: PolicyRule
  /** Undefined: anybody. */
  readonly peers: readonly Token[] | undefined
  /** The ports depend on the destination. */
  readonly named: boolean
  readonly #options: PolicyOptions
  readonly #sets: SetTable
  readonly #byShape = new Map<number, SetId>()

  constructor(rule: PolicyRule, peers: readonly Token[] | undefined, sets: SetTable, options: PolicyOptions) {
    this.rule = rule
    this.peers = peers
    this.named = rule.ports?.some(({ kind }) => kind === 'named') ?? false
    this.#sets = sets
    this.#options = options
  }

  /** What the rule is about when the destination has these ports; undefined for a destination that is no pod. */
  connections(shape: PortShape | undefined): SetId {
    const key = this.named && shape !== undefined ? shape.id : -1
    let id = this.#byShape.get(key)
    if (id === undefined) {
      const names = shape === undefined ? undefined : namesOf(shape.namedPorts)
      id = this.#sets.id(connectionsOfRule(this.rule, names, this.#options))
      this.#byShape.set(key, id)
    }
    return id
  }
}

/** `token` gives the token of that key, made if need be. */
export function tokenise(
  id: number,
  policy: NamespacedPolicy | ClusterPolicy,
  token: (key: string, question: TokenQuestion, role: 'subject' | 'peer') => Token,
  sets: SetTable,
  options: PolicyOptions,
): TokenisedPolicy {
  const peersOf = ({ peers }: PolicyRule): Token[] | undefined =>
    peers?.flatMap(questionsOf).map((question) => token(questionKey(question), question, 'peer'))
  const rules = (direction: Direction): TokenisedRule[] | undefined =>
    policy[direction]?.map((rule) => new TokenisedRule(rule, peersOf(rule), sets, options))
  return {
    id,
    policy,
    subject: token(subjectKey(policy.subject), { kind: 'pods', set: policy.subject }, 'subject'),
    egress: rules('egress'),
    ingress: rules('ingress'),
  }
}

/** Every token of the policy, each as often as it is held. */
export function tokensOf({ subject, egress = [], ingress = [] }: TokenisedPolicy): Token[] {
  return [subject, ...[...egress, ...ingress].flatMap(({ peers = [] }) => peers)]
}
