/** What a reflector puts into a queue and a shared informer takes out (client-go: cache/delta_fifo.go). */
import type { KubeObject } from '../apiserver/index.ts'

export type UpsertType = 'Added' | 'Updated' | 'Replaced' | 'Sync'

export type Delta<T extends KubeObject> =
  | { readonly type: UpsertType; readonly key: string; readonly object: T }
  | {
      readonly type: 'Deleted'
      readonly key: string
      /** The last state; of an object whose deletion was missed, the last state that was seen. */
      readonly object: T
      readonly finalStateUnknown: boolean
    }

/** The objects that a consumer of the queue already has. */
export interface KnownObjects<T extends KubeObject> {
  keys(): Iterable<string>
  getByKey(key: string): T | undefined
}

export interface DeltaQueue<T extends KubeObject> {
  readonly length: number
  add(object: T): void
  update(object: T): void
  delete(object: T): void
  /** The state of the world as a list says: what is not in it is deleted. */
  replace(objects: readonly T[]): void
  /** Queues what is known and not queued, so that handlers see it again. */
  resync(): void
  /** The next deltas to handle, all of one key, oldest first; undefined when empty. */
  pop(): readonly Delta<T>[] | undefined
  /** Whether everything of the first `replace` has been popped. */
  hasSynced(): boolean
}

export function upsert<T extends KubeObject>(type: UpsertType, key: string, object: T): Delta<T> {
  return { type, key, object }
}

export function deleted<T extends KubeObject>(key: string, object: T, finalStateUnknown: boolean): Delta<T> {
  return { type: 'Deleted', key, object, finalStateUnknown }
}
