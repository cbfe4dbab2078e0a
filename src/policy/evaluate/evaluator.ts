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
import { checkPriorities } from './cluster-tier.ts'
import { flips } from './flip.ts'
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from './options.ts'
import type { Context } from './party.ts'
import { PolicyIndex } from './policy-index.ts'
import type { Flip, PolicyState, PolicyVerdict, Question } from './question.ts'
import { verdict } from './verdict.ts'

export type PolicyObject = Pod | Namespace | Node | NetworkPolicy | ClusterNetworkPolicy

export class Evaluator {
  readonly index = new PolicyIndex()
  readonly options: PolicyOptions

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

  /** What is not there is not missed. */
  remove(kind: PolicyObject['kind'], namespace: string | undefined, name: string): void {
    switch (kind) {
      case 'Pod':
        return this.index.removePod(namespace ?? 'default', name)
      case 'Namespace':
        return this.index.removeNamespace(name)
      case 'Node':
        return this.index.removeNode(name)
      case 'NetworkPolicy':
        return this.index.removeNetworkPolicy(namespace ?? 'default', name)
      case 'ClusterNetworkPolicy':
        return this.index.removeClusterNetworkPolicy(name)
    }
  }

  /** @throws PolicyError for a question about what does not exist, or that the options make an error */
  verdict(question: Question): PolicyVerdict {
    return verdict(question, this.#context)
  }

  /** The options whose other value would turn the verdict over. */
  flips(question: Question): Flip[] {
    return flips(question, this.#context)
  }

  get #context(): Context {
    return { index: this.index, options: this.options }
  }
}
