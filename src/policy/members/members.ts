/**
 * The pods that selectors select, kept up to date. A pod that comes, goes or changes asks only the selectors that its
 * namespace and its labels may concern; a new selector looks only at the pods that have a label it demands.
 *
 * ```
 *   namespace ─▶ groups (selectors with the same namespaces) ─▶ buckets by a demanded label ─▶ selection
 *   selection ─▶ namespaces of its group ─▶ pods by label ─▶ members
 * ```
 */
import { compileLabelSelector, type LabelPredicate, type Labels } from '../../apiserver/index.ts'
import {
  namespaceSelectorKey,
  podSelectorKey,
  type NamespaceSelector,
  type PodSelector,
} from '../plan/plan.ts'
import type { PodFacts } from './pod-facts.ts'
import { demanded, offered, SelectorBuckets } from './selector-buckets.ts'

/** Told of a change while it happens: a pod that changed its facts goes and comes back. */
export interface MemberListener {
  added(pod: PodFacts): void
  removed(pod: PodFacts): void
}

/** The live members of a selector. */
export interface Selection {
  readonly selector: PodSelector
  readonly size: number
  members(): Iterable<PodFacts>
}

interface Selected extends Selection {
  readonly key: string
  readonly group: Group
  readonly matches: LabelPredicate
  readonly pods: Set<Entry>
  readonly listeners: Set<MemberListener>
}

/** Selectors with the same selector of namespaces. */
interface Group {
  readonly key: string
  readonly selector: NamespaceSelector
  readonly matches: (name: string, labels: Labels) => boolean
  readonly namespaces: Set<Namespace>
  readonly buckets: SelectorBuckets<Selected>
  readonly selected: Set<Selected>
}

interface Namespace {
  readonly name: string
  labels: Labels | undefined
  readonly groups: Set<Group>
  readonly pods: Set<Entry>
  readonly byLabel: Map<string, Set<Entry>>
}

interface Entry {
  readonly facts: PodFacts
  /** What its labels offer to selectors. */
  readonly words: readonly string[]
  readonly selected: Set<Selected>
}

export class PodMembers {
  readonly #namespaces = new Map<string, Namespace>()
  readonly #groups = new Map<string, Group>()
  readonly #selected = new Map<string, Selected>()
  readonly #pods = new Map<string, Entry>()

  /** A pod came or changed. */
  setPod(facts: PodFacts): void {
    this.deletePod(facts.key)
    const entry: Entry = { facts, words: offered(facts.labels), selected: new Set() }
    this.#pods.set(facts.key, entry)
    const namespace = this.#namespace(facts.namespace)
    namespace.pods.add(entry)
    for (const word of entry.words) {
      const bucket = namespace.byLabel.get(word)
      if (bucket === undefined) namespace.byLabel.set(word, new Set([entry]))
      else bucket.add(entry)
    }
    for (const group of namespace.groups) this.#offer(group, entry)
  }

  deletePod(key: string): void {
    const entry = this.#pods.get(key)
    if (entry === undefined) return
    this.#pods.delete(key)
    const namespace = this.#namespace(entry.facts.namespace)
    namespace.pods.delete(entry)
    for (const word of entry.words) {
      const bucket = namespace.byLabel.get(word)
      bucket?.delete(entry)
      if (bucket?.size === 0) namespace.byLabel.delete(word)
    }
    for (const selected of entry.selected) leave(selected, entry)
  }

  pod(key: string): PodFacts | undefined {
    return this.#pods.get(key)?.facts
  }

  /** A namespace came or changed its labels; undefined: it went. */
  setNamespace(name: string, labels: Labels | undefined): void {
    const namespace = this.#namespace(name)
    namespace.labels = labels
    for (const group of this.#groups.values()) this.#place(group, namespace)
  }

  /** Members that are there are told at once. The same selector gives the same selection. */
  select(selector: PodSelector, listener: MemberListener): Selection {
    const key = podSelectorKey(selector)
    let selected = this.#selected.get(key)
    if (selected === undefined) {
      selected = this.#begin(key, selector)
      this.#selected.set(key, selected)
    }
    selected.listeners.add(listener)
    for (const { facts } of selected.pods) listener.added(facts)
    return selected
  }

  /** The listener is not told that the members are gone. */
  release(selection: Selection, listener: MemberListener): void {
    const selected = selection as Selected
    selected.listeners.delete(listener)
    if (selected.listeners.size > 0 || this.#selected.get(selected.key) !== selected) return
    this.#selected.delete(selected.key)
    for (const entry of selected.pods) entry.selected.delete(selected)
    const { group } = selected
    group.buckets.delete(selected.selector.pods, selected)
    group.selected.delete(selected)
    if (group.selected.size > 0) return
    this.#groups.delete(group.key)
    for (const namespace of group.namespaces) namespace.groups.delete(group)
  }

  #begin(key: string, selector: PodSelector): Selected {
    const group = this.#group(selector.namespaces)
    const pods = new Set<Entry>()
    const selected: Selected = {
      key,
      selector,
      group,
      matches: compileLabelSelector(selector.pods),
      pods,
      listeners: new Set(),
      get size() {
        return pods.size
      },
      *members() {
        for (const { facts } of pods) yield facts
      },
    }
    group.buckets.add(selector.pods, selected)
    group.selected.add(selected)
    for (const namespace of group.namespaces)
      for (const entry of candidates(namespace, selected))
        if (selected.matches(entry.facts.labels)) join(selected, entry)
    return selected
  }

  #group(selector: NamespaceSelector): Group {
    const key = namespaceSelectorKey(selector)
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const group: Group = {
      key,
      selector,
      matches: namespacePredicate(selector),
      namespaces: new Set(),
      buckets: new SelectorBuckets(),
      selected: new Set(),
    }
    this.#groups.set(key, group)
    const own = 'name' in selector ? [this.#namespace(selector.name)] : this.#namespaces.values()
    for (const namespace of own) this.#place(group, namespace)
    return group
  }

  #namespace(name: string): Namespace {
    let namespace = this.#namespaces.get(name)
    if (namespace !== undefined) return namespace
    namespace = { name, labels: undefined, groups: new Set(), pods: new Set(), byLabel: new Map() }
    this.#namespaces.set(name, namespace)
    const own = this.#groups.get(namespaceSelectorKey({ name }))
    if (own !== undefined) this.#place(own, namespace)
    return namespace
  }

  /** Whether a group selects a namespace may have changed. */
  #place(group: Group, namespace: Namespace): void {
    const named = 'name' in group.selector
    const inside = named
      ? group.selector.name === namespace.name
      : namespace.labels !== undefined && group.matches(namespace.name, namespace.labels)
    if (inside === group.namespaces.has(namespace)) return
    if (inside) {
      group.namespaces.add(namespace)
      namespace.groups.add(group)
      for (const entry of namespace.pods) this.#offer(group, entry)
      return
    }
    group.namespaces.delete(namespace)
    namespace.groups.delete(group)
    for (const entry of namespace.pods)
      for (const selected of entry.selected) if (selected.group === group) leave(selected, entry)
  }

  #offer(group: Group, entry: Entry): void {
    const { labels } = entry.facts
    group.buckets.visit(entry.words, (selected) => {
      if (!entry.selected.has(selected) && selected.matches(labels)) join(selected, entry)
    })
  }
}

function namespacePredicate(selector: NamespaceSelector): Group['matches'] {
  if ('name' in selector) return (name) => name === selector.name
  const matches = compileLabelSelector(selector.labels)
  return (_, labels) => matches(labels)
}

function candidates(namespace: Namespace, { selector }: Selected): Iterable<Entry> {
  const words = demanded(selector.pods)
  if (words === undefined) return namespace.pods
  return new Set(words.flatMap((word) => [...(namespace.byLabel.get(word) ?? [])]))
}

function join(selected: Selected, entry: Entry): void {
  selected.pods.add(entry)
  entry.selected.add(selected)
  for (const listener of selected.listeners) listener.added(entry.facts)
}

function leave(selected: Selected, entry: Entry): void {
  selected.pods.delete(entry)
  entry.selected.delete(selected)
  for (const listener of selected.listeners) listener.removed(entry.facts)
}
