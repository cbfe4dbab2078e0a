/**
 * A component's local copy of the objects of a kind, with indexes (client-go: cache/thread_safe_store.go). Reads cost a
 * map lookup. What comes out is shared and frozen.
 */
import type { KubeObject, Labels } from '../apiserver/index.ts'
import { keyOf, metaKey } from './key.ts'

/** The values under which an object is found. */
export type IndexFunction<T> = (object: T) => readonly string[]

/** Read access: what a controller gets. */
export interface Lister<T extends KubeObject> {
  readonly size: number
  get(name: string, namespace?: string): T | undefined
  getByKey(key: string): T | undefined
  /** In the order in which the keys came in. */
  list(): T[]
  /** Objects of one namespace. */
  inNamespace(namespace: string): T[]
  /** Objects of a namespace whose labels pass. */
  select(namespace: string, matches: (labels: Labels | undefined) => boolean): T[]
  /** Objects that the named index has under the value. @throws when there is no such index */
  byIndex(index: string, value: string): T[]
}

export const BY_NAMESPACE = 'namespace'

interface Index<T> {
  readonly of: IndexFunction<T>
  readonly keys: Map<string, Set<string>>
}

export class Indexer<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, Index<T>>()

  constructor() {
    this.addIndex(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  }

  /** Adds an index over what is and what will be stored. Adding it a second time changes nothing. */
  addIndex(name: string, of: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return
    const index: Index<T> = { of, keys: new Map() }
    this.#indexes.set(name, index)
    for (const [key, object] of this.#objects) insert(index, key, object)
  }

  get size(): number {
    return this.#objects.size
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#objects.get(metaKey({ name, ...(namespace !== undefined && { namespace }) }))
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys()
  }

  inNamespace(namespace: string): T[] {
    return this.byIndex(BY_NAMESPACE, namespace)
  }

  select(namespace: string, matches: (labels: Labels | undefined) => boolean): T[] {
    return this.inNamespace(namespace).filter(({ metadata }) => matches(metadata.labels))
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index)
    if (found === undefined) throw new Error(`Indexer: no index ${index}`)
    return Array.from(found.keys.get(value) ?? [], (key) => this.#objects.get(key)!)
  }

  /** Adds or replaces. An object that stays under a value keeps its place there. */
  set(object: T): void {
    const key = keyOf(object)
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const index of this.#indexes.values()) {
      const values = index.of(object)
      const before = old === undefined ? NO_VALUES : index.of(old)
      if (values.length === before.length && values.every((value, position) => value === before[position]))
        continue
      for (const value of before) if (!values.includes(value)) remove(index, key, value)
      insert(index, key, object)
    }
  }

  delete(key: string): void {
    const old = this.#objects.get(key)
    if (old === undefined) return
    for (const index of this.#indexes.values()) for (const value of index.of(old)) remove(index, key, value)
    this.#objects.delete(key)
  }
}

const NO_VALUES: readonly string[] = []

function insert<T>({ of, keys }: Index<T>, key: string, object: T): void {
  for (const value of of(object)) {
    const set = keys.get(value)
    if (set === undefined) keys.set(value, new Set([key]))
    else set.add(key)
  }
}

function remove<T>({ keys }: Index<T>, key: string, value: string): void {
  const set = keys.get(value)
  set?.delete(key)
  if (set?.size === 0) keys.delete(value)
}
