/**
 * One reflector and one local copy for all who care about a kind (client-go: cache/shared_informer.go). Handlers are
 * called from a timer, in the order of the queue, after the copy holds the change; they should only note a key and
 * leave. All handlers of one pump run at one instant of virtual time.
 */
import type { KubeObject } from '../apiserver/index.ts'
import type { Clock, TimerHandle } from '../sim/clock.ts'
import type { Random } from '../sim/random.ts'
import { DeltaFifo } from './delta-fifo.ts'
import type { Delta, DeltaQueue } from './delta.ts'
import { Indexer, type IndexFunction, type Lister } from './indexer.ts'
import type { ListWatcher } from './list-watcher.ts'
import { RealFifo } from './real-fifo.ts'
import { Reflector, type ReflectorCounters } from './reflector.ts'

export interface EventHandler<T extends KubeObject> {
  /** `initial`: part of what was there when the informer began. */
  added?(object: T, initial: boolean): void
  /** Also for a resync, then with the same resourceVersion twice. */
  updated?(old: T, object: T): void
  /** `finalStateUnknown`: the deletion itself was missed, `object` is the last that was seen. */
  deleted?(object: T, finalStateUnknown: boolean): void
}

export interface InformerOptions {
  readonly clock: Clock
  readonly random: Random
  /** `real`: in order, one by one (client-go since 1.33). `delta`: grouped by key. Default real. */
  readonly queue?: 'delta' | 'real'
  readonly watchList?: boolean
  /** Milliseconds after which handlers that do not say otherwise see everything again; 0: never. Default 0. */
  readonly resyncPeriod?: number
}

/** client-go does not resync more often than this. */
const MIN_RESYNC = 1000

interface Listener<T extends KubeObject> {
  readonly handler: EventHandler<T>
  readonly resyncPeriod: number
  nextResync: number
  /** Gets the events of the resync that is under way. */
  syncing: boolean
}

export class SharedInformer<T extends KubeObject> {
  readonly #clock: Clock
  readonly #indexer = new Indexer<T>()
  readonly #queue: DeltaQueue<T>
  readonly #reflector: Reflector<T>
  readonly #resyncPeriod: number
  /** Replaced, not changed: a handler may take itself off while it is called. */
  #listeners: readonly Listener<T>[] = []
  #pump: TimerHandle | undefined
  #started = false
  #handled = 0

  constructor(source: ListWatcher<T>, options: InformerOptions) {
    const { clock, random, queue = 'real', watchList = true, resyncPeriod = 0 } = options
    this.#clock = clock
    this.#resyncPeriod = resyncPeriod
    this.#queue = queue === 'real' ? new RealFifo(this.#indexer) : new DeltaFifo(this.#indexer)
    this.#reflector = new Reflector(source, this.#queue, {
      clock,
      random,
      watchList,
      resyncPeriod: resyncPeriod > 0 ? Math.max(MIN_RESYNC, resyncPeriod) : 0,
      shouldResync: () => this.#markResync(),
      onChange: () => this.#schedulePump(),
    })
  }

  get lister(): Lister<T> {
    return this.#indexer
  }

  get counters(): Readonly<ReflectorCounters> {
    return this.#reflector.counters
  }

  /** The resourceVersion up to which the server has been heard. */
  get lastResourceVersion(): string {
    return this.#reflector.lastResourceVersion
  }

  /** Deltas handled. */
  get handled(): number {
    return this.#handled
  }

  addIndex(name: string, of: IndexFunction<T>): void {
    this.#indexer.addIndex(name, of)
  }

  /** A handler added late is told of what is there. Returns how to take it off. */
  addHandler(handler: EventHandler<T>, options: { readonly resyncPeriod?: number } = {}): () => void {
    const period = options.resyncPeriod ?? this.#resyncPeriod
    const resyncPeriod = period > 0 ? Math.max(MIN_RESYNC, period) : 0
    const listener: Listener<T> = {
      handler,
      resyncPeriod,
      nextResync: this.#clock.now() + resyncPeriod,
      syncing: false,
    }
    this.#listeners = [...this.#listeners, listener]
    if (this.#indexer.size > 0) for (const object of this.#indexer.list()) handler.added?.(object, true)
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#reflector.start()
  }

  stop(): void {
    this.#reflector.stop()
    if (this.#pump !== undefined) this.#clock.clearTimer(this.#pump)
  }

  /** Whether all that was there at the start has been handled. */
  hasSynced(): boolean {
    return this.#queue.hasSynced()
  }

  #schedulePump(): void {
    if (this.#pump !== undefined || this.#queue.length === 0) return
    this.#pump = this.#clock.setTimer(0, () => {
      this.#pump = undefined
      for (;;) {
        const initial = !this.#queue.hasSynced()
        const deltas = this.#queue.pop()
        if (deltas === undefined) return
        for (const delta of deltas) this.#handle(delta, initial)
      }
    })
  }

  #handle(delta: Delta<T>, initial: boolean): void {
    this.#handled++
    const { key, object } = delta
    const old = this.#indexer.getByKey(key)
    if (delta.type === 'Deleted') {
      if (old === undefined) return
      this.#indexer.delete(key)
      for (const { handler } of this.#listeners) handler.deleted?.(object, delta.finalStateUnknown)
      return
    }
    this.#indexer.set(object)
    if (old === undefined) {
      for (const { handler } of this.#listeners) handler.added?.(object, initial)
      return
    }
    // What brings no news is for those who asked for a resync.
    const sync =
      delta.type === 'Sync' ||
      (delta.type === 'Replaced' && old.metadata.resourceVersion === object.metadata.resourceVersion)
    for (const { handler, syncing } of this.#listeners) if (!sync || syncing) handler.updated?.(old, object)
  }

  /** Which listeners are due (processor.shouldResync). */
  #markResync(): boolean {
    const now = this.#clock.now()
    let any = false
    for (const listener of this.#listeners) {
      listener.syncing = listener.resyncPeriod > 0 && now >= listener.nextResync
      if (!listener.syncing) continue
      any = true
      listener.nextResync = now + listener.resyncPeriod
    }
    return any
  }
}
