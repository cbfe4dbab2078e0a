/**
 * The embedded store: etcd's multi-version key space in memory. A key has its history (values and tombstones by
 * revision), the whole has a log of events in the order of revisions for watches. Compaction cuts both.
 *
 * ```
 *   keys:   ordered set ──▶ history  [ 3: v, 7: v', 9: ✝, 12: v'' ]
 *   log:    [ compacted+1 … revision ]   one event a revision
 * ```
 *
 * Not modelled: leases, transactions over several keys, disk. Cost: commit O(log keys + watched prefixes), get of the
 * newest O(1), of an older revision O(log history), watch O(events since).
 */
import { OrderedKeys } from './ordered-keys.ts'
import {
  CompactedError,
  FutureRevisionError,
  type Entry,
  type ListOptions,
  type ListResult,
  type Storage,
  type StorageEvent,
  type StorageObserver,
  type StorageWatch,
  type Write,
  type WriteResult,
} from './storage.ts'

interface Tombstone {
  readonly modRevision: number
  readonly entry: undefined
}

interface Live<V> {
  readonly modRevision: number
  readonly entry: Entry<V>
}

/** Oldest first; never empty. */
type History<V> = (Live<V> | Tombstone)[]

/** Drop the log's dead head when it is longer than this and than what is alive. */
const LOG_SLACK = 1024

export class MvccStorage<V> implements Storage<V> {
  #revision = 1
  #compactRevision = 0
  readonly #histories = new Map<string, History<V>>()
  readonly #keys = new OrderedKeys()
  /** Events from `#logHead` on; the one of revision r is at `r - #logFirst`. */
  #log: StorageEvent<V>[] = []
  #logFirst = 2
  readonly #observers = new Map<string, Set<StorageObserver<V>>>()

  get revision(): number {
    return this.#revision
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  get(key: string, revision?: number): Entry<V> | undefined {
    if (revision !== undefined) this.#check(revision)
    const history = this.#histories.get(key)
    return history && at(history, revision)
  }

  list(prefix: string, options: ListOptions = {}): ListResult<V> {
    const { revision, limit = 0 } = options
    if (revision !== undefined) this.#check(revision)
    const entries: Entry<V>[] = []
    let remaining = 0
    const from = options.from !== undefined && options.from > prefix ? options.from : prefix
    this.#keys.forEachFrom(from, (key) => {
      if (!key.startsWith(prefix)) return false
      const entry = at(this.#histories.get(key)!, revision)
      if (entry !== undefined) {
        if (limit > 0 && entries.length === limit) remaining++
        else entries.push(entry)
      }
      return true
    })
    return { entries, revision: revision ?? this.#revision, remaining }
  }

  commit(write: Write<V>): WriteResult<V> {
    const { key } = write
    const history = this.#histories.get(key)
    const previous = history && at(history)
    if (
      (previous?.modRevision ?? 0) !== write.expected ||
      (write.type === 'delete' && previous === undefined)
    )
      return { done: false, current: previous }
    const revision = this.#revision + 1
    const value = write.value(revision)
    const version: Live<V> | Tombstone =
      write.type === 'delete'
        ? { modRevision: revision, entry: undefined }
        : {
            modRevision: revision,
            entry: {
              key,
              value,
              modRevision: revision,
              createRevision: previous?.createRevision ?? revision,
              version: (previous?.version ?? 0) + 1,
            },
          }
    this.#revision = revision
    if (history === undefined) {
      this.#histories.set(key, [version])
      this.#keys.add(key)
    } else history.push(version)
    const event: StorageEvent<V> = { type: write.type, key, revision, value, previous }
    this.#log.push(event)
    for (const [prefix, observers] of this.#observers)
      if (key.startsWith(prefix)) for (const observer of observers) observer(event)
    return { done: true, event }
  }

  watch(prefix: string, from: number, observer: StorageObserver<V>): StorageWatch {
    if (from <= this.#compactRevision) throw new CompactedError(this.#compactRevision)
    for (let index = Math.max(0, from - this.#logFirst); index < this.#log.length; index++) {
      const event = this.#log[index]!
      if (event.key.startsWith(prefix)) observer(event)
    }
    // A watch may begin in the future; until then nothing is for it.
    const filtered: StorageObserver<V> =
      from > this.#revision + 1
        ? (event) => event.revision >= from && observer(event)
        : (event) => observer(event)
    const observers = this.#observers.get(prefix)
    if (observers === undefined) this.#observers.set(prefix, new Set([filtered]))
    else observers.add(filtered)
    return { cancel: () => this.#unwatch(prefix, filtered) }
  }

  compact(revision: number): void {
    if (revision <= this.#compactRevision) throw new CompactedError(this.#compactRevision)
    if (revision > this.#revision) throw new FutureRevisionError(revision)
    const touched = new Set<string>()
    const end = Math.min(this.#log.length, revision - this.#logFirst + 1)
    const start = Math.max(0, this.#compactRevision - this.#logFirst + 1)
    for (let index = start; index < end; index++) touched.add(this.#log[index]!.key)
    this.#compactRevision = revision
    for (const key of touched) this.#compactKey(key, revision)
    if (end > LOG_SLACK && end > this.#log.length - end) {
      this.#log = this.#log.slice(end)
      this.#logFirst += end
    }
  }

  /** Keeps the newest version at or before `revision` (unless it is a tombstone) and all after it. */
  #compactKey(key: string, revision: number): void {
    const history = this.#histories.get(key)
    if (history === undefined) return
    let keep = newestAt(history, revision)
    if (keep < 0) return
    if (history[keep]!.entry === undefined) keep++
    history.splice(0, keep)
    if (history.length > 0) return
    this.#histories.delete(key)
    this.#keys.delete(key)
  }

  #unwatch(prefix: string, observer: StorageObserver<V>): void {
    const observers = this.#observers.get(prefix)
    observers?.delete(observer)
    if (observers?.size === 0) this.#observers.delete(prefix)
  }

  #check(revision: number): void {
    if (revision > this.#revision) throw new FutureRevisionError(revision)
    if (revision < this.#compactRevision) throw new CompactedError(this.#compactRevision)
  }
}

/** The entry at a revision, or the newest. */
function at<V>(history: History<V>, revision?: number): Entry<V> | undefined {
  return history[revision === undefined ? history.length - 1 : newestAt(history, revision)]?.entry
}

/** Index of the newest version not newer than `revision`, or -1. */
function newestAt<V>(history: History<V>, revision: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (history[middle]!.modRevision <= revision) low = middle + 1
    else high = middle
  }
  return low - 1
}
