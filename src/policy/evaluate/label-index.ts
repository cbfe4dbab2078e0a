/** Named things found by their labels. Writing costs as much as the thing has labels, however many things there are. */
import type { Labels } from '../../apiserver/types/index.ts'
import { getOrMake } from './collect.ts'
import { selects, type Selector } from './select.ts'

export class LabelIndex<T extends { readonly name: string; readonly labels: Labels }> {
  readonly #byName = new Map<string, T>()
  readonly #byLabel = new Map<string, Set<T>>()

  get size(): number {
    return this.#byName.size
  }

  get(name: string): T | undefined {
    return this.#byName.get(name)
  }

  values(): IterableIterator<T> {
    return this.#byName.values()
  }

  /** Adds, or replaces what has the same name. */
  set(item: T): void {
    this.delete(item.name)
    this.#byName.set(item.name, item)
    for (const label of labelsOf(item)) getOrMake(this.#byLabel, label, () => new Set<T>()).add(item)
  }

  delete(name: string): T | undefined {
    const item = this.#byName.get(name)
    if (item === undefined) return undefined
    this.#byName.delete(name)
    for (const label of labelsOf(item)) {
      const holders = this.#byLabel.get(label)!
      holders.delete(item)
      if (holders.size === 0) this.#byLabel.delete(label)
    }
    return item
  }

  /** Looks only at what has the rarest of the labels that the selector demands. In no particular order. */
  *select(selector: Selector): Generator<T> {
    for (const item of this.#candidates(selector)) if (selects(selector, item.labels)) yield item
  }

  *#candidates({ requirements }: Selector): Generator<T> {
    let fewest = this.#byName.size
    let best: readonly (ReadonlySet<T> | undefined)[] | undefined
    for (const { key, operator, values } of requirements) {
      if (operator !== 'In') continue
      const holders = values.map((value) => this.#byLabel.get(`${key}=${value}`))
      const count = holders.reduce((sum, set) => sum + (set?.size ?? 0), 0)
      if (count < fewest || best === undefined) [fewest, best] = [count, holders]
    }
    if (best === undefined) yield* this.#byName.values()
    else for (const holders of best) if (holders !== undefined) yield* holders
  }
}

function labelsOf({ labels }: { readonly labels: Labels }): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`)
}
