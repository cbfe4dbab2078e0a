/**
 * Keeps a queue in step with the server (client-go: cache/reflector.go): first a list, or a watch that begins with what
 * there is; then a watch from there on, again and again; and a new list, after a delay, when the thread is lost.
 *
 * ```
 *        ┌──────────────── backoff 0.8 s · 2ⁿ ≤ 30 s, · (1..2) ◀────────────────┐
 *        ▼                                                                        │
 *   start ─▶ WatchList? ─yes─▶ watch sendInitialEvents ─ end bookmark ─▶ replace  │ 410, very short watch,
 *                 │ no, or refused ─▶ list rv=0 | last | "" ─▶ replace ─┐         │ any other error
 *                                                                       ▼         │
 *                                      watch rv=last ◀── closed ── events ────────┘
 * ```
 */
import {
  ApiError,
  INITIAL_EVENTS_END,
  isTooLargeResourceVersion,
  type KubeObject,
  type RequestQuery,
  type WatchEvent,
} from '../apiserver/index.ts'
import type { Clock, TimerHandle } from '../sim/clock.ts'
import type { Random } from '../sim/random.ts'
import { Backoff, REFLECTOR_BACKOFF } from './backoff.ts'
import type { DeltaQueue } from './delta.ts'
import { keyOf } from './key.ts'
import type { ListWatcher, WatchHandle } from './list-watcher.ts'

export interface ReflectorOptions {
  readonly clock: Clock
  readonly random: Random
  /** Begin with a watch that sends the initial state (client-go's default since 1.35) instead of a list. Default true. */
  readonly watchList?: boolean
  /** Milliseconds between resyncs; 0: never. */
  readonly resyncPeriod?: number
  /** Asked at each resync whether anybody wants it. */
  readonly shouldResync?: () => boolean
  /** Told after the queue has changed. */
  readonly onChange?: () => void
}

/** What the reflector did, for who watches it. */
export interface ReflectorCounters {
  /** Requests, one a page. */
  lists: number
  watches: number
  /** Watches that ended within a second and without an event. */
  shortWatches: number
  failures: number
}

const MIN_WATCH_TIMEOUT = 300
const PAGE_SIZE = 500
const SHORT_WATCH = 1000

type WatchEnd = { readonly kind: 'closed' } | { readonly kind: 'error'; readonly error: ApiError }

interface Listed<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
}

export class Reflector<T extends KubeObject> {
  readonly counters: ReflectorCounters = { lists: 0, watches: 0, shortWatches: 0, failures: 0 }
  readonly #source: ListWatcher<T>
  readonly #queue: DeltaQueue<T>
  readonly #options: ReflectorOptions
  readonly #backoff: Backoff
  #lastVersion = ''
  /** The server no longer knows, or does not yet know, the last version: ask for the newest. */
  #versionUnavailable = false
  #paginated = false
  #watch: WatchHandle | undefined
  #timer: TimerHandle | undefined
  #resyncTimer: TimerHandle | undefined
  #state: 'new' | 'running' | 'stopped' = 'new'

  constructor(source: ListWatcher<T>, queue: DeltaQueue<T>, options: ReflectorOptions) {
    this.#source = source
    this.#queue = queue
    this.#options = options
    this.#backoff = new Backoff(REFLECTOR_BACKOFF, options.clock, options.random)
  }

  /** The resourceVersion up to which the queue has seen everything; empty before the first list. */
  get lastResourceVersion(): string {
    return this.#lastVersion
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'running'
    this.#scheduleResync()
    this.#after(0, () => this.#listAndWatch())
  }

  stop(): void {
    this.#state = 'stopped'
    this.#watch?.stop()
    this.#watch = undefined
    for (const timer of [this.#timer, this.#resyncTimer])
      if (timer !== undefined) this.#options.clock.clearTimer(timer)
  }

  #listAndWatch(): void {
    if (this.#options.watchList ?? true) this.#watchList()
    else this.#list()
  }

  /** Every way out of list-and-watch ends here: wait, then begin anew. */
  #again(): void {
    this.#after(this.#backoff.step(), () => this.#listAndWatch())
  }

  #list(): void {
    const first = this.#versionUnavailable ? '' : this.#lastVersion === '' ? '0' : this.#lastVersion
    this.#listPages(first, (outcome) => {
      if (outcome instanceof ApiError && versionIsGone(outcome)) {
        this.#versionUnavailable = true
        this.#listPages('', (second) => this.#listed(second))
      } else this.#listed(outcome)
    })
  }

  #listed(outcome: Listed<T> | ApiError): void {
    if (outcome instanceof ApiError) {
      this.counters.failures++
      this.#again()
      return
    }
    this.#versionUnavailable = false
    this.#replace(outcome.items, outcome.resourceVersion)
    this.#watchFrom()
  }

  /** Reads a list by pages; a token that expires on the way makes it one full list (client-go: tools/pager). */
  #listPages(resourceVersion: string, done: (outcome: Listed<T> | ApiError) => void): void {
    const limit = this.#paginated || resourceVersion === '' || resourceVersion === '0' ? PAGE_SIZE : 0
    const items: T[] = []
    const page = (query: RequestQuery) => {
      this.counters.lists++
      this.#source.list(query, (outcome) => {
        if (this.#state !== 'running') return
        if (outcome.kind === 'failed') {
          if (query.continue === undefined || !isExpired(outcome.error)) return done(outcome.error)
          items.length = 0
          return page({ resourceVersion })
        }
        const { metadata, items: found } = outcome.list
        for (const item of found) items.push(item)
        if (!metadata.continue) return done({ items, resourceVersion: metadata.resourceVersion })
        if (resourceVersion === '0') this.#paginated = true
        page({ limit, continue: metadata.continue })
      })
    }
    page({ resourceVersion, ...(limit > 0 && { limit }) })
  }

  /** The initial state by a watch. What the server refuses is done by a list. */
  #watchList(): void {
    const query: RequestQuery = {
      resourceVersion: this.#versionUnavailable ? '' : this.#lastVersion,
      resourceVersionMatch: 'NotOlderThan',
      sendInitialEvents: true,
      allowWatchBookmarks: true,
      timeoutSeconds: this.#watchTimeout(),
    }
    const retry = (error: ApiError) => {
      this.counters.failures++
      if (error.code === 429) this.#after(this.#backoff.step(), () => this.#watchList())
      else if (versionIsGone(error)) {
        this.#versionUnavailable = true
        this.#after(0, () => this.#watchList())
      } else this.#list()
    }
    this.#open(query, retry, (watch) => {
      const gathered = new Map<string, T>()
      let synced = false
      const event = (event: WatchEvent) => {
        if (synced) this.#apply(event)
        else if (event.type === 'BOOKMARK') {
          if (event.object.metadata.annotations?.[INITIAL_EVENTS_END] !== 'true') return
          synced = true
          this.#versionUnavailable = false
          this.#replace([...gathered.values()], event.object.metadata.resourceVersion)
        } else if (event.type === 'DELETED') gathered.delete(keyOf(event.object))
        else if (event.type !== 'ERROR') gathered.set(keyOf(event.object), event.object as T)
      }
      this.#consume(watch, event, (end) => {
        if (synced) this.#watchEnded(end)
        else if (end.kind === 'error') retry(end.error)
        else this.#after(0, () => this.#watchList())
      })
    })
  }

  #watchFrom(): void {
    const query: RequestQuery = {
      resourceVersion: this.#lastVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: this.#watchTimeout(),
    }
    const failed = (error: ApiError) => this.#watchEnded({ kind: 'error', error })
    this.#open(query, failed, (watch) => {
      this.#consume(
        watch,
        (event) => this.#apply(event),
        (end) => this.#watchEnded(end),
      )
    })
  }

  #watchEnded(end: WatchEnd): void {
    if (end.kind === 'closed') return this.#after(0, () => this.#watchFrom())
    this.counters.failures++
    if (end.error.code === 429) this.#after(this.#backoff.step(), () => this.#watchFrom())
    else this.#again()
  }

  #open(query: RequestQuery, failed: (error: ApiError) => void, opened: (watch: WatchHandle) => void): void {
    this.counters.watches++
    this.#source.watch(query, (outcome) => {
      if (outcome.kind === 'failed') {
        if (this.#state === 'running') failed(outcome.error)
      } else if (this.#state === 'running') opened(outcome.watch)
      else outcome.watch.stop()
    })
  }

  /** Reads a watch to its end. One that ends at once and said nothing counts as an error: the server is not well. */
  #consume(watch: WatchHandle, event: (event: WatchEvent) => void, ended: (end: WatchEnd) => void): void {
    const begun = this.#options.clock.now()
    let count = 0
    let over = false
    this.#watch = watch
    const finish = (end: WatchEnd) => {
      over = true
      this.#watch = undefined
      ended(end)
    }
    watch.subscribe({
      events: (batch) => {
        for (const item of batch) {
          if (over || this.#state !== 'running') return
          count++
          if (item.type === 'ERROR') {
            watch.stop()
            finish({ kind: 'error', error: new ApiError(item.object) })
          } else event(item)
        }
        this.#options.onChange?.()
      },
      closed: () => {
        if (over || this.#state !== 'running') return
        if (count > 0 || this.#options.clock.now() - begun >= SHORT_WATCH) return finish({ kind: 'closed' })
        this.counters.shortWatches++
        finish({ kind: 'error', error: veryShortWatch() })
      },
    })
  }

  #apply(event: WatchEvent): void {
    switch (event.type) {
      case 'ADDED':
        this.#queue.add(event.object as T)
        break
      case 'MODIFIED':
        this.#queue.update(event.object as T)
        break
      case 'DELETED':
        this.#queue.delete(event.object as T)
        break
      case 'BOOKMARK':
        break
      case 'ERROR':
        return
    }
    this.#lastVersion = event.object.metadata.resourceVersion
  }

  #replace(items: readonly T[], resourceVersion: string): void {
    this.#queue.replace(items)
    this.#lastVersion = resourceVersion
    this.#options.onChange?.()
  }

  /** Seconds, uniform in [5 min, 10 min). */
  #watchTimeout(): number {
    return Math.floor(MIN_WATCH_TIMEOUT * (1 + this.#options.random.float()))
  }

  #scheduleResync(): void {
    const { clock, resyncPeriod = 0, shouldResync, onChange } = this.#options
    if (resyncPeriod <= 0) return
    this.#resyncTimer = clock.setTimer(
      resyncPeriod,
      () => {
        if (shouldResync?.() ?? true) {
          this.#queue.resync()
          onChange?.()
        }
        this.#scheduleResync()
      },
      { background: true },
    )
  }

  #after(delay: number, step: () => void): void {
    this.#timer = this.#options.clock.setTimer(delay, () => {
      if (this.#state === 'running') step()
    })
  }
}

function isExpired(error: ApiError): boolean {
  return error.reason === 'Expired' || error.code === 410
}

function versionIsGone(error: ApiError): boolean {
  return isExpired(error) || isTooLargeResourceVersion(error)
}

function veryShortWatch(): ApiError {
  return new ApiError({
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    message:
      'very short watch: Unexpected watch close - watch lasted less than a second and no items received',
    code: 0,
  })
}
