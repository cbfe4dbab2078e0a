/**
 * The reference answer to policy questions, from the API's objects alone. It shares no code with what turns policies
 * into rules for packets, so that the two can be compared.
 */
import type {
  ClusterNetworkPolicy,
  Namespace,
  NetworkPolicy,
  Node,
  Pod,
} from '../../apiserver/types/index.ts'
import type { AddressFamily } from './address.ts'
import { checkPriorities } from './cluster-tier.ts'
import type { ConnectionSet } from './connections.ts'
import { externalRanges, type ExternalOptions, type ExternalRange } from './external.ts'
import { flips } from './flip.ts'
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from './options.ts'
import { holderOf, partiesOf, type Context } from './party.ts'
import { PolicyIndex } from './policy-index.ts'
import type { Direction, Endpoint, Flip, PolicyState, PolicyVerdict, Question } from './question.ts'
import { ascending } from './ranges.ts'
import { connectionsBetween } from './set-verdict.ts'
import { verdict } from './verdict.ts'

export type PolicyObject = Pod | Namespace | Node | NetworkPolicy | ClusterNetworkPolicy

/** Of the packets, and whether they were sent to a Service, as in `Question`. */
export type EndsOptions = Pick<Question, 'family' | 'throughService'>

export class Evaluator {
  readonly index = new PolicyIndex()
  readonly options: PolicyOptions
  readonly #taken = new Map<AddressFamily, readonly bigint[]>()

  /** @throws PolicyError for an object that cannot be evaluated, or one that contradicts the options. */
  constructor(state: Partial<PolicyState> = {}, options: Partial<PolicyOptions> = {}) {
    this.options = { ...DEFAULT_POLICY_OPTIONS, ...options }
    for (const object of state.namespaces ?? []) this.index.setNamespace(object)
    for (const object of state.nodes ?? []) this.index.setNode(object)
    for (const object of state.pods ?? []) this.index.setPod(object)
    for (const object of state.networkPolicies ?? []) this.index.setNetworkPolicy(object)
    for (const object of state.clusterNetworkPolicies ?? []) this.index.setClusterNetworkPolicy(object)
    if (this.options.equalPriority === 'error') {
      checkPriorities(this.index.clusterPoliciesOf('Admin'))
      checkPriorities(this.index.clusterPoliciesOf('Baseline'))
    }
  }

  /** Adds the object, or replaces the one of its kind, namespace and name. @throws PolicyError, and nothing has changed */
  upsert(object: PolicyObject): void {
    this.#set(object)
    this.#changed(object.kind)
  }

  /** What is not there is not missed. */
  remove(kind: PolicyObject['kind'], namespace: string | undefined, name: string): void {
    this.#delete(kind, namespace ?? 'default', name)
    this.#changed(kind)
  }

  /** @throws PolicyError for a question about what does not exist, or that the options make an error */
  verdict(question: Question): PolicyVerdict {
    return verdict(question, this.#context)
  }

  /** The options whose other value would turn the verdict over. */
  flips(question: Question): Flip[] {
    return flips(question, this.#context)
  }

  /** Every connection that may be made, of all protocols and ports. Family as in `Question`. */
  connections(from: Endpoint, to: Endpoint, options: EndsOptions = {}): ConnectionSet {
    const [source, destination] = partiesOf(from, to, options.family, this.#context)
    const { throughService = false } = options
    return connectionsBetween({ from: source, to: destination, throughService }, this.#context)
  }

  /** The world outside of the cluster as ranges of addresses, and what the pod may connect to there or take from there. */
  external(
    pod: Endpoint,
    direction: Direction,
    family: AddressFamily,
    options: ExternalOptions = {},
  ): ExternalRange[] {
    return externalRanges(pod, direction, family, this.#addressesTaken(family), this.#context, options)
  }

  /** By somebody of the cluster, sorted. */
  #addressesTaken(family: AddressFamily): readonly bigint[] {
    let taken = this.#taken.get(family)
    if (taken === undefined) {
      const held = [...this.index.addresses(family)].filter(
        (one) => holderOf(one, this.#context) !== undefined,
      )
      taken = [...new Set(held.map(({ value }) => value))].sort(ascending)
      this.#taken.set(family, taken)
    }
    return taken
  }

  #set(object: PolicyObject): void {
    switch (object.kind) {
      case 'Pod':
        return this.index.setPod(object)
      case 'Namespace':
        return this.index.setNamespace(object)
      case 'Node':
        return this.index.setNode(object)
      case 'NetworkPolicy':
        return this.index.setNetworkPolicy(object)
      case 'ClusterNetworkPolicy':
        return this.index.setClusterNetworkPolicy(object)
    }
  }

  #delete(kind: PolicyObject['kind'], namespace: string, name: string): void {
    switch (kind) {
      case 'Pod':
        return this.index.removePod(namespace, name)
      case 'Namespace':
        return this.index.removeNamespace(name)
      case 'Node':
        return this.index.removeNode(name)
      case 'NetworkPolicy':
        return this.index.removeNetworkPolicy(namespace, name)
      case 'ClusterNetworkPolicy':
        return this.index.removeClusterNetworkPolicy(name)
    }
  }

  #changed(kind: PolicyObject['kind']): void {
    if (kind === 'Pod' || kind === 'Node') this.#taken.clear()
  }

  get #context(): Context {
    return { index: this.index, options: this.options }
  }
}
