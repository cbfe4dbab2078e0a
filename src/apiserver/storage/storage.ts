/**
 * What the apiserver asks of a store: the small part of etcd's v3 API that Kubernetes uses (get, ordered list, a
 * transaction that compares one key's mod revision, watch from a revision, compaction). One counter, the revision,
 * counts every write to any key.
 *
 * Values are immutable. Whoever writes gives a function of the revision the write will have, because an object carries
 * its own resourceVersion.
 */

/** The state of a key at some revision. */
export interface Entry<V> {
  readonly key: string
  readonly value: V
  /** Revision of the write that made this value. */
  readonly modRevision: number
  /** Revision at which the key last came into being. */
  readonly createRevision: number
  /** Writes since the key came into being, this one included: 1 for a new key. */
  readonly version: number
}

/** One committed write. */
export interface StorageEvent<V> {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly revision: number
  /** The new value, or for a delete the last words its writer gave. */
  readonly value: V
  /** The entry before this write; undefined when the key came into being. */
  readonly previous: Entry<V> | undefined
}

/** A write of one key, done only if the key's mod revision is `expected` (0: the key does not exist). */
export interface Write<V> {
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly expected: number
  readonly value: (revision: number) => V
}

export type WriteResult<V> =
  | { readonly done: true; readonly event: StorageEvent<V> }
  | { readonly done: false; readonly current: Entry<V> | undefined }

export interface ListOptions {
  /** Read as of this revision; absent: now. */
  readonly revision?: number
  /** At most so many entries; absent or 0: all. */
  readonly limit?: number
  /** Begin at this key (inclusive) instead of at the prefix. */
  readonly from?: string
}

export interface ListResult<V> {
  /** In the order of keys (by UTF-16 code unit, which for the ASCII keys of the API is byte order). */
  readonly entries: readonly Entry<V>[]
  /** The revision at which the list was read: `options.revision`, or the newest. */
  readonly revision: number
  /** Whether entries beyond `limit` exist, and how many. */
  readonly remaining: number
}

export type StorageObserver<V> = (event: StorageEvent<V>) => void

export interface StorageWatch {
  /** After this no event comes. */
  cancel(): void
}

export interface Storage<V> {
  /** Revision of the newest write. A fresh store is at 1, as etcd is. */
  readonly revision: number
  /** History up to here is gone; reads at an older revision, and watches of events up to here, fail. */
  readonly compactRevision: number

  /** @throws CompactedError, FutureRevisionError */
  get(key: string, revision?: number): Entry<V> | undefined
  /** All keys that start with `prefix`. @throws CompactedError, FutureRevisionError */
  list(prefix: string, options?: ListOptions): ListResult<V>
  /** Does the write if `expected` still holds; else changes nothing and says what is there. A write always takes one revision. */
  commit(write: Write<V>): WriteResult<V>
  /**
   * Calls `observer` for every event under `prefix` with a revision of at least `from`, in the order of revisions: those
   * of the past before this returns, those to come during their commit. An observer must not write.
   * @throws CompactedError when `from` ≤ `compactRevision`.
   */
  watch(prefix: string, from: number, observer: StorageObserver<V>): StorageWatch
  /** Forgets what only reads older than `revision` could see. @throws CompactedError, FutureRevisionError */
  compact(revision: number): void
}

/** etcd: "mvcc: required revision has been compacted". */
export class CompactedError extends Error {
  readonly compactRevision: number

  constructor(compactRevision: number) {
    super('mvcc: required revision has been compacted')
    this.name = 'CompactedError'
    this.compactRevision = compactRevision
  }
}

/** etcd: "mvcc: required revision is a future revision". */
export class FutureRevisionError extends Error {
  readonly revision: number

  constructor(revision: number) {
    super('mvcc: required revision is a future revision')
    this.name = 'FutureRevisionError'
    this.revision = revision
  }
}
