/**
 * client-go's first queue (cache/delta_fifo.go): a queue of keys, and for each key the deltas since it was last popped.
 * All deltas of a key are handled together, when the key's turn comes: changes of different objects can change places.
 */
import type { KubeObject } from '../apiserver/index.ts'
import { deleted, upsert, type Delta, type DeltaQueue, type KnownObjects } from './delta.ts'
import { keyOf } from './key.ts'

export class DeltaFifo<T extends KubeObject> implements DeltaQueue<T> {
  readonly #known: KnownObjects<T>
  /** In the order of first insertion, which is the order of popping. */
  readonly #items = new Map<string, Delta<T>[]>()
  #populated = false
  #initial = 0

  constructor(known: KnownObjects<T>) {
    this.#known = known
  }

  get length(): number {
    return this.#items.size
  }

  add(object: T): void {
    this.#populated = true
    this.#queue(upsert('Added', keyOf(object), object))
  }

  update(object: T): void {
    this.#populated = true
    this.#queue(upsert('Updated', keyOf(object), object))
  }

  delete(object: T): void {
    this.#populated = true
    const key = keyOf(object)
    if (this.#known.getByKey(key) === undefined && !this.#items.has(key)) return
    this.#queue(deleted(key, object, false))
  }

  replace(objects: readonly T[]): void {
    const keys = new Set<string>()
    for (const object of objects) {
      const key = keyOf(object)
      keys.add(key)
      this.#queue(upsert('Replaced', key, object))
    }
    let deletions = 0
    for (const [key, deltas] of this.#items) {
      if (keys.has(key)) continue
      // What is queued last is the last that was seen of it, unless that was its deletion.
      const last = deltas.at(-1)!
      if (last.type === 'Deleted') continue
      if (this.#known.getByKey(key) === undefined) deletions++
      this.#queue(deleted(key, last.object, true))
    }
    for (const key of this.#known.keys()) {
      if (keys.has(key) || this.#items.has(key)) continue
      deletions++
      this.#queue(deleted(key, this.#known.getByKey(key)!, true))
    }
    if (this.#populated) return
    this.#populated = true
    this.#initial = keys.size + deletions
  }

  resync(): void {
    for (const key of this.#known.keys())
      if (!this.#items.has(key)) this.#queue(upsert('Sync', key, this.#known.getByKey(key)!))
  }

  pop(): readonly Delta<T>[] | undefined {
    const first = this.#items.entries().next().value
    if (first === undefined) return undefined
    const [key, deltas] = first
    this.#items.delete(key)
    if (this.#initial > 0) this.#initial--
    return deltas
  }

  hasSynced(): boolean {
    return this.#populated && this.#initial === 0
  }

  #queue(delta: Delta<T>): void {
    const deltas = this.#items.get(delta.key)
    if (deltas === undefined) this.#items.set(delta.key, [delta])
    else if (delta.type === 'Deleted' && deltas.at(-1)!.type === 'Deleted') {
      // Two deletions in a row are one; the one that knows the final state is better.
      if (!delta.finalStateUnknown) deltas[deltas.length - 1] = delta
    } else deltas.push(delta)
  }
}
