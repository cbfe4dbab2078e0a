/**
 * Which tokens a pod has. Tokens about pods lie in buckets by one label that they demand, so that a pod looks at those
 * that its own labels name, however many there are.
 */
import { blockHolds } from '../address.ts'
import { getOrMake } from '../collect.ts'
import type { PodFacts } from '../facts.ts'
import type { Context, Party } from '../party.ts'
import type { PodSet } from '../policy.ts'
import { selects, type Selector } from '../select.ts'
import { BlockIndex } from './block-index.ts'
import { LabelBuckets, labelsDemanded } from './label-buckets.ts'
import type { Token } from './token.ts'

export class TokenFinder {
  readonly #context: Context
  readonly #ofNamespace = new Map<string, LabelBuckets>()
  /** Of tokens that select namespaces: by a label of the pod, or else of the namespace. */
  readonly #byPod = new LabelBuckets()
  readonly #byNamespace = new LabelBuckets()
  readonly #networks = new Set<Token>()
  readonly #nodes = new Set<Token>()
  /** Made when needed after a change of `#networks`. */
  #blocks: BlockIndex | undefined

  constructor(context: Context) {
    this.#context = context
  }

  add(token: Token): void {
    if (token.question.kind === 'nodes') this.#nodes.add(token)
    else if (token.question.kind === 'network') {
      this.#networks.add(token)
      this.#blocks = undefined
    } else {
      const [buckets, selector] = this.#place(token.question.set)
      buckets.add(token, selector)
    }
  }

  delete(token: Token): void {
    if (token.question.kind === 'nodes') this.#nodes.delete(token)
    else if (token.question.kind === 'network') {
      this.#networks.delete(token)
      this.#blocks = undefined
    } else {
      const [buckets, selector] = this.#place(token.question.set)
      buckets.delete(token, selector)
    }
  }

  /** In the order of their ids. */
  tokensOf(party: Party): Token[] {
    const found: Token[] = []
    if (party.kind === 'pod') this.#podTokens(party.pod, found)
    const { address } = party
    if (address !== undefined) {
      if (this.#seesAddress(party) && this.#networks.size > 0)
        for (const token of this.#blockIndex().at(address)) found.push(token)
      for (const token of this.#nodes) if (this.has(token, party)) found.push(token)
    }
    return found.sort((a, b) => a.id - b.id)
  }

  has({ question }: Token, party: Party): boolean {
    const { index } = this.#context
    switch (question.kind) {
      case 'pods':
        return party.kind === 'pod' && index.contains(question.set, party.pod)
      case 'network':
        return (
          party.address !== undefined && this.#seesAddress(party) && blockHolds(question.block, party.address)
        )
      case 'nodes':
        return (
          party.address !== undefined &&
          index.nodesAt(party.address).some(({ labels }) => selects(question.nodes, labels))
        )
    }
  }

  #seesAddress({ kind }: Party): boolean {
    return kind !== 'pod' || this.#context.options.ipBlockMatchesPods
  }

  #podTokens(pod: PodFacts, found: Token[]): void {
    const namespaceLabels = this.#context.index.namespace(pod.namespace).labels
    const keep = (token: Token, set: PodSet): void => {
      const { namespaces, pods } = set
      if ('selector' in namespaces && !selects(namespaces.selector, namespaceLabels)) return
      if (selects(pods, pod.labels)) found.push(token)
    }
    this.#ofNamespace.get(pod.namespace)?.forEach(pod.labels, keep)
    this.#byPod.forEach(pod.labels, keep)
    this.#byNamespace.forEach(namespaceLabels, keep)
  }

  #place({ namespaces, pods }: PodSet): readonly [LabelBuckets, Selector] {
    if ('name' in namespaces) {
      return [getOrMake(this.#ofNamespace, namespaces.name, () => new LabelBuckets()), pods]
    }
    return labelsDemanded(pods) === undefined ? [this.#byNamespace, namespaces.selector] : [this.#byPod, pods]
  }

  #blockIndex(): BlockIndex {
    return (this.#blocks ??= new BlockIndex([...this.#networks]))
  }
}
