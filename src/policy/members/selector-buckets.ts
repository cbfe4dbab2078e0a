/**
 * Selectors by a label that they demand, so that some labels find the few selectors that may match them, and a selector
 * finds the few objects that may match it. A selector that demands none (`NotIn`, `DoesNotExist`, empty) is always asked.
 */
import type { Labels, LabelSelector } from '../../apiserver/index.ts'

/**
 * What labels must have one of: `key=value` or `key`; undefined when the selector demands nothing. A key has no `=`, so
 * the two never meet.
 */
export function demanded({
  matchLabels = {},
  matchExpressions = [],
}: LabelSelector): readonly string[] | undefined {
  const [pair] = Object.entries(matchLabels)
  if (pair !== undefined) return [`${pair[0]}=${pair[1]}`]
  let shortest: readonly string[] | undefined
  for (const { key, operator, values = [] } of matchExpressions) {
    if (operator === 'Exists') shortest ??= [key]
    if (operator !== 'In' || (shortest !== undefined && shortest.length <= values.length)) continue
    shortest = values.map((value) => `${key}=${value}`)
  }
  return shortest
}

/** What `demanded` may name of these labels. */
export function offered(labels: Labels): string[] {
  const words: string[] = []
  for (const key in labels) words.push(`${key}=${labels[key]!}`, key)
  return words
}

export class SelectorBuckets<T> {
  readonly #demanding = new Map<string, Set<T>>()
  readonly #undemanding = new Set<T>()

  add(selector: LabelSelector, item: T): void {
    const words = demanded(selector)
    if (words === undefined) {
      this.#undemanding.add(item)
      return
    }
    for (const word of words) {
      const bucket = this.#demanding.get(word)
      if (bucket === undefined) this.#demanding.set(word, new Set([item]))
      else bucket.add(item)
    }
  }

  delete(selector: LabelSelector, item: T): void {
    this.#undemanding.delete(item)
    for (const word of demanded(selector) ?? []) {
      const bucket = this.#demanding.get(word)
      bucket?.delete(item)
      if (bucket?.size === 0) this.#demanding.delete(word)
    }
  }

  /** Visits whatever may match labels that offer these words; some of it perhaps twice. */
  visit(words: readonly string[], visitor: (item: T) => void): void {
    for (const item of this.#undemanding) visitor(item)
    for (const word of words) {
      const bucket = this.#demanding.get(word)
      if (bucket !== undefined) for (const item of bucket) visitor(item)
    }
  }
}
