/**
 * Keys to be worked on (client-go: util/workqueue). A key that is added while it waits is there once; one that is added
 * while it is worked on comes again afterwards. The worker runs from a timer.
 *
 * ```
 *   add ──▶ dirty ──▶ queue ──get──▶ processing ──done──▶ (dirty again? queue)
 *   addAfter, addRateLimited ──timer──▶ add
 * ```
 */
import type { Clock, TimerHandle } from '../sim/clock.ts'
import { controllerLimiter, type RateLimiter } from './rate-limiter.ts'

/**
 * How long a worker takes to come to a key. It lets what happens at one instant (a write, its event, the handlers of all
 * informers) be over first, so that a worker sees its own last write and one sync serves a burst of changes. Milliseconds.
 */
const WORKER_LATENCY = 1

/** A retry further away than this waits for the world to change: nobody waits for it. Milliseconds. */
const PATIENCE = 30_000

export interface WorkQueueOptions {
  readonly clock: Clock
  /** Does the work of a key. Throws to have it again later. */
  readonly work: (key: string) => void
  readonly limiter?: RateLimiter
  /** After so many failures a key is dropped. Default: never. */
  readonly maxRetries?: number
  /** Told of a failure; `dropped` when there will be no retry. */
  readonly onError?: (key: string, error: unknown, dropped: boolean) => void
}

interface Delayed {
  readonly time: number
  readonly timer: TimerHandle
}

export class WorkQueue {
  readonly #clock: Clock
  readonly #options: WorkQueueOptions
  readonly #limiter: RateLimiter
  #queue: string[] = []
  readonly #dirty = new Set<string>()
  readonly #processing = new Set<string>()
  readonly #delayed = new Map<string, Delayed>()
  #pump: TimerHandle | undefined
  #stopped = false

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#limiter = options.limiter ?? controllerLimiter(options.clock)
  }

  /** Keys ready to be worked on. */
  get length(): number {
    return this.#queue.length
  }

  add(key: string): void {
    if (this.#stopped || this.#dirty.has(key)) return
    this.#dirty.add(key)
    if (this.#processing.has(key)) return
    this.#queue.push(key)
    this.#schedule()
  }

  /** Adds the key after so many milliseconds; of two such requests for a key the earlier counts. */
  addAfter(key: string, delay: number, options: { readonly background?: boolean } = {}): void {
    if (this.#stopped) return
    if (delay <= 0) return this.add(key)
    const time = this.#clock.now() + delay
    const waiting = this.#delayed.get(key)
    if (waiting !== undefined) {
      if (waiting.time <= time) return
      this.#clock.clearTimer(waiting.timer)
    }
    const due = () => {
      this.#delayed.delete(key)
      this.add(key)
    }
    this.#delayed.set(key, { time, timer: this.#clock.setTimer(delay, due, options) })
  }

  /** Adds the key again after a failure, as late as the limiter says. */
  addRateLimited(key: string): void {
    const delay = this.#limiter.when(key)
    this.addAfter(key, delay, { background: delay > PATIENCE })
  }

  forget(key: string): void {
    this.#limiter.forget(key)
  }

  requeues(key: string): number {
    return this.#limiter.requeues(key)
  }

  stop(): void {
    this.#stopped = true
    if (this.#pump !== undefined) this.#clock.clearTimer(this.#pump)
    for (const { timer } of this.#delayed.values()) this.#clock.clearTimer(timer)
  }

  #schedule(): void {
    if (this.#pump !== undefined) return
    this.#pump = this.#clock.setTimer(WORKER_LATENCY, () => {
      this.#pump = undefined
      // What is added meanwhile is for the next pump: others who are due now come first.
      const batch = this.#queue
      this.#queue = []
      for (const key of batch) this.#process(key)
    })
  }

  #process(key: string): void {
    this.#dirty.delete(key)
    this.#processing.add(key)
    try {
      this.#options.work(key)
      this.#limiter.forget(key)
    } catch (error) {
      const { maxRetries = Infinity, onError } = this.#options
      const dropped = this.#limiter.requeues(key) >= maxRetries
      onError?.(key, error, dropped)
      if (dropped) this.#limiter.forget(key)
      else this.addRateLimited(key)
    } finally {
      this.#processing.delete(key)
      if (this.#dirty.has(key)) {
        this.#queue.push(key)
        this.#schedule()
      }
    }
  }
}
