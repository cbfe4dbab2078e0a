/**
 * client-go's queue since 1.33 (cache/the_real_fifo.go): every change in the order in which it came, one at a time, over
 * all objects. Nothing is joined.
 */
import type { KubeObject } from '../apiserver/index.ts'
import { deleted, upsert, type Delta, type DeltaQueue, type KnownObjects } from './delta.ts'
import { keyOf } from './key.ts'

export class RealFifo<T extends KubeObject> implements DeltaQueue<T> {
  readonly #known: KnownObjects<T>
  #items: Delta<T>[] = []
  #head = 0
  #populated = false
  #initial = 0

  constructor(known: KnownObjects<T>) {
    this.#known = known
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  add(object: T): void {
    this.#populated = true
    this.#items.push(upsert('Added', keyOf(object), object))
  }

  update(object: T): void {
    this.#populated = true
    this.#items.push(upsert('Updated', keyOf(object), object))
  }

  delete(object: T): void {
    this.#populated = true
    this.#items.push(deleted(keyOf(object), object, false))
  }

  replace(objects: readonly T[]): void {
    const before = this.#items.length
    const keys = new Set(objects.map(keyOf))
    const queued = this.#lastQueued()
    for (const [key, last] of queued)
      if (!keys.has(key) && last.type !== 'Deleted') this.#items.push(deleted(key, last.object, true))
    for (const key of this.#known.keys())
      if (!keys.has(key) && !queued.has(key)) this.#items.push(deleted(key, this.#known.getByKey(key)!, true))
    for (const object of objects) this.#items.push(upsert('Replaced', keyOf(object), object))
    if (this.#populated) return
    this.#populated = true
    this.#initial = this.#items.length - before
  }

  resync(): void {
    const queued = this.#lastQueued()
    for (const key of this.#known.keys())
      if (!queued.has(key)) this.#items.push(upsert('Sync', key, this.#known.getByKey(key)!))
  }

  pop(): readonly Delta<T>[] | undefined {
    const delta = this.#items[this.#head]
    if (delta === undefined) return undefined
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    if (this.#initial > 0) this.#initial--
    return [delta]
  }

  hasSynced(): boolean {
    return this.#populated && this.#initial === 0
  }

  #lastQueued(): Map<string, Delta<T>> {
    const queued = new Map<string, Delta<T>>()
    for (let index = this.#head; index < this.#items.length; index++)
      queued.set(this.#items[index]!.key, this.#items[index]!)
    return queued
  }
}
