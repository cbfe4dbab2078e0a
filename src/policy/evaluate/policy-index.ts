/**
 * The objects as policies see them, each read once when it comes, and found by namespace, by label and by address.
 * Independent of options. A change costs what the changed object holds: nothing scans all pods.
 */
import type {
  ClusterNetworkPolicy,
  KubeObject,
  NetworkPolicy,
  Node,
  Pod,
} from '../../apiserver/types/index.ts'
import type { Address } from './address.ts'
import { getOrMake } from './collect.ts'
import {
  namespaceFacts,
  readNamespace,
  readNode,
  readPod,
  type NamespaceFacts,
  type NodeFacts,
  type PodFacts,
} from './facts.ts'
import { LabelIndex } from './label-index.ts'
import type { ClusterPolicy, NamespacedPolicy, PodSet } from './policy.ts'
import { readClusterNetworkPolicy } from './read-cluster-network-policy.ts'
import { readNetworkPolicy } from './read-network-policy.ts'
import { selects } from './select.ts'

interface NamespaceEntry {
  readonly name: string
  readonly pods: LabelIndex<PodFacts>
  /** By the policy's own name. */
  readonly policies: Map<string, NamespacedPolicy>
  /** There is an object; otherwise pods or policies imply the namespace. */
  given: boolean
}

export class PolicyIndex {
  readonly #namespaces = new LabelIndex<NamespaceFacts>()
  readonly #entries = new Map<string, NamespaceEntry>()
  readonly #nodes = new LabelIndex<NodeFacts>()
  readonly #podsByAddress = new AddressIndex<PodFacts>()
  readonly #nodesByAddress = new AddressIndex<NodeFacts>()
  readonly #clusterPolicies = new Map<string, ClusterPolicy>()
  /** Of the tier, in the order in which they are asked; made when first needed after a change. */
  readonly #tiers = new Map<ClusterPolicy['tier'], readonly ClusterPolicy[]>()

  setNamespace(object: KubeObject): void {
    const facts = readNamespace(object)
    this.#entry(facts.name).given = true
    this.#namespaces.set(facts)
  }

  removeNamespace(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    entry.given = false
    this.#namespaces.set(namespaceFacts(name))
    this.#dropIfEmpty(entry)
  }

  setPod(object: Pod): void {
    const pod = readPod(object)
    const { pods } = this.#entry(pod.namespace)
    this.#podsByAddress.delete(pods.get(pod.name))
    pods.set(pod)
    this.#podsByAddress.add(pod)
  }

  removePod(namespace: string, name: string): void {
    const entry = this.#entries.get(namespace)
    if (entry === undefined) return
    this.#podsByAddress.delete(entry.pods.delete(name))
    this.#dropIfEmpty(entry)
  }

  setNode(object: Node): void {
    const node = readNode(object)
    this.#nodesByAddress.delete(this.#nodes.get(node.name))
    this.#nodes.set(node)
    this.#nodesByAddress.add(node)
  }

  removeNode(name: string): void {
    this.#nodesByAddress.delete(this.#nodes.delete(name))
  }

  setNetworkPolicy(object: NetworkPolicy): void {
    const policy = readNetworkPolicy(object)
    this.#entry(policy.namespace).policies.set(object.metadata.name, policy)
  }

  removeNetworkPolicy(namespace: string, name: string): void {
    const entry = this.#entries.get(namespace)
    if (entry === undefined) return
    entry.policies.delete(name)
    this.#dropIfEmpty(entry)
  }

  setClusterNetworkPolicy(object: ClusterNetworkPolicy): void {
    const policy = readClusterNetworkPolicy(object)
    this.#clusterPolicies.set(policy.name, policy)
    this.#tiers.clear()
  }

  removeClusterNetworkPolicy(name: string): void {
    this.#clusterPolicies.delete(name)
    this.#tiers.clear()
  }

  namespace(name: string): NamespaceFacts {
    return this.#namespaces.get(name) ?? namespaceFacts(name)
  }

  namespaces(): Iterable<NamespaceFacts> {
    return this.#namespaces.values()
  }

  pod(namespace: string, name: string): PodFacts | undefined {
    return this.#entries.get(namespace)?.pods.get(name)
  }

  podsOf(namespace: string): Iterable<PodFacts> {
    return this.#entries.get(namespace)?.pods.values() ?? []
  }

  /** All that have it: host-network pods share their node's, finished ones may have lost it to another. */
  podsAt(address: Address): readonly PodFacts[] {
    return this.#podsByAddress.at(address)
  }

  node(name: string): NodeFacts | undefined {
    return this.#nodes.get(name)
  }

  nodesAt(address: Address): readonly NodeFacts[] {
    return this.#nodesByAddress.at(address)
  }

  /** Of pods and nodes in any state; one that both have comes twice. In no particular order. */
  *addresses(family: Address['family']): Generator<Address> {
    for (const value of this.#podsByAddress.values(family)) yield { family, value }
    for (const value of this.#nodesByAddress.values(family)) yield { family, value }
  }

  /** In no particular order. */
  networkPoliciesOf(namespace: string): Iterable<NamespacedPolicy> {
    return this.#entries.get(namespace)?.policies.values() ?? []
  }

  networkPolicy(namespace: string, name: string): NamespacedPolicy | undefined {
    return this.#entries.get(namespace)?.policies.get(name)
  }

  clusterPolicy(name: string): ClusterPolicy | undefined {
    return this.#clusterPolicies.get(name)
  }

  /** By priority, and by name where that is equal. */
  clusterPoliciesOf(tier: ClusterPolicy['tier']): readonly ClusterPolicy[] {
    return getOrMake(this.#tiers, tier, () =>
      [...this.#clusterPolicies.values()]
        .filter((policy) => policy.tier === tier)
        .sort((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1)),
    )
  }

  contains({ namespaces, pods }: PodSet, pod: PodFacts): boolean {
    return (
      ('name' in namespaces
        ? namespaces.name === pod.namespace
        : selects(namespaces.selector, this.namespace(pod.namespace).labels)) && selects(pods, pod.labels)
    )
  }

  /** Every pod of the set, host-network and finished ones included, in no particular order. */
  *podsIn(set: PodSet): Generator<PodFacts> {
    for (const name of this.namespacesIn(set)) {
      const entry = this.#entries.get(name)
      if (entry !== undefined) yield* entry.pods.select(set.pods)
    }
  }

  /** By name: those in which the pods of the set are. */
  namespacesIn({ namespaces }: PodSet): string[] {
    return 'name' in namespaces
      ? [namespaces.name]
      : [...this.#namespaces.select(namespaces.selector)].map(({ name }) => name)
  }

  #entry(name: string): NamespaceEntry {
    return getOrMake(this.#entries, name, () => {
      this.#namespaces.set(namespaceFacts(name))
      return { name, pods: new LabelIndex(), policies: new Map(), given: false }
    })
  }

  #dropIfEmpty({ name, given, pods, policies }: NamespaceEntry): void {
    if (given || pods.size > 0 || policies.size > 0) return
    this.#entries.delete(name)
    this.#namespaces.delete(name)
  }
}

class AddressIndex<T extends { readonly addresses: readonly Address[] }> {
  readonly #holders: Readonly<Record<Address['family'], Map<bigint, T[]>>> = {
    ipv4: new Map(),
    ipv6: new Map(),
  }

  at({ family, value }: Address): readonly T[] {
    return this.#holders[family].get(value) ?? []
  }

  values(family: Address['family']): IterableIterator<bigint> {
    return this.#holders[family].keys()
  }

  add(item: T): void {
    for (const { family, value } of item.addresses) {
      getOrMake(this.#holders[family], value, (): T[] => []).push(item)
    }
  }

  delete(item: T | undefined): void {
    for (const { family, value } of item?.addresses ?? []) {
      const holders = this.#holders[family].get(value)?.filter((other) => other !== item) ?? []
      if (holders.length === 0) this.#holders[family].delete(value)
      else this.#holders[family].set(value, holders)
    }
  }
}
