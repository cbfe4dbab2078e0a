/** Tokens about pods by one label that they demand, so that labels find the few that may select them. */
import type { Labels } from '../../../apiserver/types/index.ts'
import { getOrMake } from '../collect.ts'
import type { PodSet } from '../policy.ts'
import type { Selector } from '../select.ts'
import type { Token } from './token.ts'

/** `selector` is the one of the token's that these buckets are about: that of pods, or that of namespaces. */
export class LabelBuckets {
  readonly #byLabel = new Map<string, Set<Token>>()
  readonly #rest = new Set<Token>()

  add(token: Token, selector: Selector): void {
    const labels = labelsDemanded(selector)
    if (labels === undefined) this.#rest.add(token)
    for (const label of labels ?? []) getOrMake(this.#byLabel, label, () => new Set<Token>()).add(token)
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
export function labelsDemanded({ requirements }: Selector): string[] | undefined {
  const demand = requirements.find(({ operator }) => operator === 'In')
  return demand?.values.map((value) => `${demand.key}=${value}`)
}
