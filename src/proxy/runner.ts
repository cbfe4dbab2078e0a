/**
 * Runs a function when asked, but not too often, and now and then without being asked (pkg/proxy/runner:
 * BoundedFrequencyRunner), on virtual time. After a run nothing happens for `minInterval`; requests meanwhile are one
 * request, served at its end. A run that failed is repeated after `retryInterval`, any other after `maxInterval`.
 *
 * ```
 *   run()          run() run()        minInterval over       maxInterval over
 *     │ fn            │    │               │ fn                    │ fn
 *     ├───────────────┴────┴───────────────┼── · · · ──────────────┼──▶ time
 *     └────────────── minInterval ─────────┘
 * ```
 *
 * Intervals begin when the function has returned. What only time will bring is a background timer, so that a cluster
 * can settle; a requested run is not.
 */
import type { Clock, TimerHandle } from '../sim/clock.ts'

export interface RunnerIntervals {
  /** Milliseconds. `minInterval` must not be greater than `maxInterval`. */
  readonly minInterval: number
  readonly retryInterval: number
  readonly maxInterval: number
}

export class BoundedFrequencyRunner {
  readonly #clock: Clock
  readonly #work: () => boolean
  readonly #intervals: RunnerIntervals
  #started = false
  #requested = false
  /** No run may begin before this time. */
  #earliest = -Infinity
  #due = Infinity
  #timer: TimerHandle | undefined

  /** `work` returns false when it failed. It must not throw. */
  constructor(clock: Clock, work: () => boolean, intervals: RunnerIntervals) {
    if (intervals.maxInterval < intervals.minInterval)
      throw new RangeError('BoundedFrequencyRunner: maxInterval must not be less than minInterval')
    this.#clock = clock
    this.#work = work
    this.#intervals = intervals
  }

  /** Begins to serve requests, those made before included. */
  start(): void {
    if (this.#started) return
    this.#started = true
    this.#due = this.#clock.now() + this.#intervals.maxInterval
    this.#schedule()
  }

  stop(): void {
    this.#started = false
    this.#cancel()
  }

  /** Asks for a run as soon as allowed. Never runs before the caller has returned. */
  run(): void {
    if (this.#requested) return
    this.#requested = true
    this.#schedule()
  }

  #schedule(): void {
    if (!this.#started) return
    this.#cancel()
    const now = this.#clock.now()
    const time = Math.max(this.#requested ? now : this.#due, this.#earliest)
    this.#timer = this.#clock.setTimer(Math.max(0, time - now), () => this.#fire(), {
      background: !this.#requested,
    })
  }

  #fire(): void {
    this.#timer = undefined
    this.#requested = false
    const succeeded = this.#work()
    const now = this.#clock.now()
    const { minInterval, retryInterval, maxInterval } = this.#intervals
    this.#earliest = now + minInterval
    this.#due = now + (succeeded ? maxInterval : Math.min(retryInterval, maxInterval))
    this.#schedule()
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}
