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
import { AllPairs } from './classes/all-pairs.ts'
import { Partition } from './classes/partition.ts'
import { checkPriorities } from './cluster-tier.ts'
import { getOrMake } from './collect.ts'
import type { ConnectionSet } from './connections.ts'
import { exposedCells, type ExposedCell } from './exposure/cells.ts'
import { exposureOf, type Exposure } from './exposure/exposure.ts'
import type { ExposureOptions } from './exposure/subject.ts'
import { externalRanges, type ExternalOptions, type ExternalRange } from './external.ts'
import { flipsOf } from './flip.ts'
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from './options.ts'
import { holderOf, partiesOf, type Context } from './party.ts'
import { PolicyIndex } from './policy-index.ts'
import type { Direction, Endpoint, Flip, PolicyState, PolicyVerdict, Question } from './question.ts'
import { ascending } from './ranges.ts'
import { connectionsBetween } from './set-verdict.ts'
import { verdict } from './verdict.ts'

export type PolicyObject = Pod | Namespace | Node | NetworkPolicy | ClusterNetworkPolicy

/** The family of the packets, and whether they were sent to a Service: as in `Question`. */
export type EndsOptions = Pick<Question, 'family' | 'throughService'>

/**
 * Answers whether policies let connections pass: NetworkPolicy (networking.k8s.io/v1) and ClusterNetworkPolicy
 * (policy.networking.k8s.io/v1alpha2), as their API texts have it and, where these leave room, as `PolicyOptions` say.
 *
 * It takes objects as the apiserver stores them, and reads each when it comes, so that `verdict` and the sets are asked
 * of what is there at the moment. Objects are not copied: they must not be changed afterwards, but replaced by `upsert`.
 * Every mistake of the caller is a PolicyError. Cost: an object costs what it holds; a verdict the policies of the pod's
 * namespace and those of the cluster, and their rules; all pairs of pods pairs of classes (see `AllPairs`).
 */
export class Evaluator {
  /** The objects as policies see them. */
  readonly index = new PolicyIndex()
  /** All of them: those given, and the defaults of the others. */
  readonly options: PolicyOptions
  readonly #partitions = new Map<AddressFamily, Partition>()
  #prioritiesChecked = false
  readonly #taken = new Map<AddressFamily, readonly bigint[]>()

  /** @throws PolicyError for an object that cannot be evaluated, or one that contradicts the options. */
  constructor(state: Partial<PolicyState> = {}, options: Partial<PolicyOptions> = {}) {
    this.options = { ...DEFAULT_POLICY_OPTIONS, ...options }
    for (const object of state.namespaces ?? []) this.index.setNamespace(object)
    for (const object of state.nodes ?? []) this.index.setNode(object)
    for (const object of state.pods ?? []) this.index.setPod(object)
    for (const object of state.networkPolicies ?? []) this.index.setNetworkPolicy(object)
    for (const object of state.clusterNetworkPolicies ?? []) this.index.setClusterNetworkPolicy(object)
    this.#checkPriorities()
  }

  /** Adds the object, or replaces the one of its kind, namespace and name. @throws PolicyError, and nothing has changed */
  upsert(object: PolicyObject): void {
    const { kind, metadata } = object
    const { namespace = 'default', name } = metadata
    this.#change(kind, namespace, name, () => this.#set(object))
  }

  /** Takes the object away; one that is not there is not missed. A policy's or pod's namespace defaults to `default`. */
  remove(kind: PolicyObject['kind'], namespace: string | undefined, name: string): void {
    this.#change(kind, namespace ?? 'default', name, () => this.#delete(kind, namespace ?? 'default', name))
  }

  /**
   * Whether one connection is allowed, and which rules or tiers decided that.
   * @throws PolicyError for a question about what does not exist, or that the options make an error
   */
  verdict(question: Question): PolicyVerdict {
    return verdict(question, this.#context)
  }

  /** The options whose other value would flip the verdict. Cost: a verdict for each value. @throws PolicyError as `verdict` */
  flips(question: Question): Flip[] {
    const { index, options } = this.#context
    return flipsOf(options, (other) => verdict(question, { index, options: other }).allowed)
  }

  /** Every connection that may be made, of all protocols and ports. @throws PolicyError as `verdict` */
  connections(from: Endpoint, to: Endpoint, options: EndsOptions = {}): ConnectionSet {
    const [source, destination] = partiesOf(from, to, options.family, this.#context)
    const { throughService = false } = options
    return connectionsBetween({ from: source, to: destination, throughService }, this.#context)
  }

  /**
   * The world outside of the cluster as ranges of addresses, and what the pod may connect to there or take from there.
   * @throws PolicyError when there is no such pod
   */
  external(
    pod: Endpoint,
    direction: Direction,
    family: AddressFamily,
    options: ExternalOptions = {},
  ): ExternalRange[] {
    return externalRanges(pod, direction, family, this.#addressesTaken(family), this.#context, options)
  }

  /**
   * What the pod is open to that does not exist yet: the entire cluster, and the sets of pods that rules name.
   * @throws PolicyError when there is no such pod, or `options.address` is none
   */
  exposure(pod: Endpoint, direction: Direction, options: ExposureOptions = {}): Exposure {
    return exposureOf(pod, direction, this.#context, options)
  }

  /**
   * The same for pods of any labels in any namespace: the exact answer, a cell for each that rules can tell apart.
   * @throws PolicyError when these are more than 100,000
   */
  exposedCells(pod: Endpoint, direction: Direction, options: ExposureOptions = {}): ExposedCell[] {
    return exposedCells(pod, direction, this.#context, options)
  }

  /**
   * All pairs of pods by classes of pods that no policy can tell apart: a live view, kept up to date as objects change.
   * `family` defaults to that of the first pod with an address.
   */
  allPairs({ family = this.#mainFamily(), throughService = false }: EndsOptions = {}): AllPairs {
    const partition = getOrMake(this.#partitions, family, () => new Partition(this.#context, family))
    return new AllPairs(partition, this.#context, throughService)
  }

  #mainFamily(): AddressFamily {
    for (const { name } of this.index.namespaces())
      for (const { addresses } of this.index.podsOf(name)) if (addresses[0]) return addresses[0].family
    return 'ipv4'
  }

  /** By somebody of the cluster, sorted. */
  #addressesTaken(family: AddressFamily): readonly bigint[] {
    return getOrMake(this.#taken, family, () => {
      const held = [...this.index.addresses(family)].filter(
        (one) => holderOf(one, this.#context) !== undefined,
      )
      return [...new Set(held.map(({ value }) => value))].sort(ascending)
    })
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

  /** Changes the index, and then everything that was made from it. */
  #change(kind: PolicyObject['kind'], namespace: string, name: string, write: () => void): void {
    const { index } = this
    const before = kind === 'Node' ? index.node(name) : undefined
    write()
    if (kind === 'Pod' || kind === 'Node') this.#taken.clear()
    if (kind === 'ClusterNetworkPolicy') this.#prioritiesChecked = false
    for (const partition of this.#partitions.values())
      switch (kind) {
        case 'Pod':
          partition.setPod(`${namespace}/${name}`, index.pod(namespace, name))
          break
        case 'Namespace':
          partition.setNamespace(name)
          break
        case 'Node':
          partition.setNode(name, before, index.node(name))
          break
        case 'NetworkPolicy':
          partition.setPolicy(`${namespace}/${name}`, index.networkPolicy(namespace, name))
          break
        case 'ClusterNetworkPolicy':
          partition.setPolicy(name, index.clusterPolicy(name))
      }
  }

  /** What every question is asked of. @throws PolicyError for policies that contradict the options */
  get #context(): Context {
    this.#checkPriorities()
    return { index: this.index, options: this.options }
  }

  #checkPriorities(): void {
    if (this.options.equalPriority !== 'error' || this.#prioritiesChecked) return
    checkPriorities(this.index.clusterPoliciesOf('Admin'))
    checkPriorities(this.index.clusterPoliciesOf('Baseline'))
    this.#prioritiesChecked = true
  }
}
