/** The nodes that selectors select. Nodes and selectors of nodes are few: a change asks all of them. */
import { compileLabelSelector, type LabelPredicate, type LabelSelector } from '../../apiserver/index.ts'
import { selectorKey } from '../plan/plan.ts'
import type { NodeFacts } from './pod-facts.ts'

export interface NodeListener {
  added(node: NodeFacts): void
  removed(node: NodeFacts): void
}

export class NodeMembers {
  readonly #nodes = new Map<string, NodeFacts>()
  readonly #watched = new Map<string, { readonly matches: LabelPredicate; readonly listener: NodeListener }>()

  setNode(facts: NodeFacts): void {
    this.deleteNode(facts.name)
    this.#nodes.set(facts.name, facts)
    for (const { matches, listener } of this.#watched.values())
      if (matches(facts.labels)) listener.added(facts)
  }

  deleteNode(name: string): void {
    const facts = this.#nodes.get(name)
    if (facts === undefined) return
    this.#nodes.delete(name)
    for (const { matches, listener } of this.#watched.values())
      if (matches(facts.labels)) listener.removed(facts)
  }

  /** Nodes that are there are told at once. One listener a selector. */
  watch(selector: LabelSelector, listener: NodeListener): void {
    const matches = compileLabelSelector(selector)
    this.#watched.set(selectorKey(selector), { matches, listener })
    for (const facts of this.#nodes.values()) if (matches(facts.labels)) listener.added(facts)
  }

  unwatch(selector: LabelSelector): void {
    this.#watched.delete(selectorKey(selector))
  }
}
