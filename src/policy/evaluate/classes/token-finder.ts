/**
 * Which tokens a pod has. Tokens about pods lie in buckets by one label that they demand, so that a pod looks at those
 * that its own labels name, however many there are.
 */
import type { Address } from '../address.ts'
import { blockHolds } from '../address.ts'
import { getOrMake } from '../collect.ts'
import type { PodFacts } from '../facts.ts'
import type { Context, Party } from '../party.ts'
import type { PodSet } from '../policy.ts'
import { countBelow, pieces } from '../ranges.ts'
import { selects, type Selector } from '../select.ts'
import type { Labels } from '../../../apiserver/types/index.ts'
import type { Token } from './token.ts'

export class TokenFinder {
  readonly #context: Context
  readonly #ofNamespace = new Map<string, Buckets>()
  /** Of tokens that select namespaces: by a label of the pod, or else of the namespace. */
  readonly #byPod = new Buckets()
  readonly #byNamespace = new Buckets()
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

  #place({ namespaces, pods }: PodSet): readonly [Buckets, Selector] {
    if ('name' in namespaces) {
      return [getOrMake(this.#ofNamespace, namespaces.name, () => new Buckets()), pods]
    }
    return labelsDemanded(pods) === undefined ? [this.#byNamespace, namespaces.selector] : [this.#byPod, pods]
  }

  #blockIndex(): BlockIndex {
    return (this.#blocks ??= new BlockIndex([...this.#networks]))
  }
}

/** Tokens by a label that they demand. */
class Buckets {
  readonly #byLabel = new Map<string, Set<Token>>()
  readonly #rest = new Set<Token>()

  add(token: Token, selector: Selector): void {
    const labels = labelsDemanded(selector)
    if (labels === undefined) this.#rest.add(token)
    for (const label of labels ?? []) {
      getOrMake(this.#byLabel, label, () => new Set<Token>()).add(token)
    }
  }

  delete(token: Token, selector: Selector): void {
    this.#rest.delete(token)
    for (const label of labelsDemanded(selector) ?? []) {
      const bucket = this.#byLabel.get(label)
      bucket?.delete(token)
      if (bucket?.size === 0) this.#byLabel.delete(label)
    }
  }

  /** Every token that may select these labels, once. */
  forEach(labels: Labels, visit: (token: Token, set: PodSet) => void): void {
    const each = (token: Token): void => {
      if (token.question.kind === 'pods') visit(token, token.question.set)
    }
    this.#rest.forEach(each)
    if (this.#byLabel.size === 0) return
    for (const key in labels) this.#byLabel.get(`${key}=${labels[key]}`)?.forEach(each)
  }
}

/** One of these the selector needs; undefined when it may select what has no label. */
function labelsDemanded({ requirements }: Selector): string[] | undefined {
  const demand = requirements.find(({ operator }) => operator === 'In')
  return demand?.values.map((value) => `${demand.key}=${value}`)
}

/** The tokens of each stretch of addresses that no block tells apart. */
class BlockIndex {
  readonly #stretches: Record<Address['family'], { readonly starts: bigint[]; readonly tokens: Token[][] }>

  constructor(tokens: readonly Token[]) {
    const blocks = tokens.flatMap((token) =>
      token.question.kind === 'network' ? [{ token, block: token.question.block }] : [],
    )
    const ranges = blocks.flatMap(({ block: { range, except } }) => [range, ...except])
    const stretchesOf = (family: Address['family']) => {
      const starts = pieces(family, ranges).map(({ first }) => first)
      const lists = starts.map((): Token[] => [])
      for (const { token, block } of blocks) {
        if (block.range.family !== family) continue
        const end = place(starts, block.range.last)
        for (let at = place(starts, block.range.first); at <= end; at++)
          if (blockHolds(block, { family, value: starts[at]! })) lists[at]!.push(token)
      }
      return { starts, tokens: lists }
    }
    this.#stretches = { ipv4: stretchesOf('ipv4'), ipv6: stretchesOf('ipv6') }
  }

  at({ family, value }: Address): readonly Token[] {
    const { starts, tokens } = this.#stretches[family]
    return tokens[place(starts, value)]!
  }
}

/** Of the last start that is not above the value. */
function place(starts: readonly bigint[], value: bigint): number {
  return countBelow(starts, value + 1n) - 1
}
