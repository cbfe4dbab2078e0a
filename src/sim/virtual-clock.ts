/**
 * A clock whose time moves only when someone runs it. Timers fire in the order of (time, order of setting), and while
 * one fires, `now()` is exactly the time it was set for. So a run is a function of what is set, and nothing else.
 *
 * ```
 *   setTimer ──▶ heap by (time, sequence) ──▶ runUntil(t)      everything up to t, then now = t
 *                                         └─▶ runUntilIdle()   until only background timers are left
 * ```
 *
 * A callback that throws leaves the clock usable: the timer is spent, the error goes to whoever runs the clock.
 */
import type { Clock, TimerHandle, TimerOptions } from './clock.ts'
import { Heap } from './heap.ts'

interface Timer extends TimerHandle {
  readonly time: number
  readonly background: boolean
  /** Undefined once it has fired or was cleared. */
  callback: (() => void) | undefined
}

export interface IdleResult {
  /** False when `limit` of virtual time went by and foreground timers were still waiting. */
  readonly idle: boolean
  /** Timers fired, of both sorts. */
  readonly fired: number
  /** Virtual milliseconds that passed. */
  readonly elapsed: number
}

/** 2024-01-01T00:00:00Z: where virtual time starts unless told otherwise. */
export const DEFAULT_EPOCH = 1_704_067_200_000

/** How much virtual time `runUntilIdle` may let pass: an hour. */
export const DEFAULT_IDLE_LIMIT = 3_600_000

export class VirtualClock implements Clock {
  #now: number
  #sequence = 0
  #foreground = 0
  #running = false
  readonly #timers = new Heap<Timer>((a, b) => a.time < b.time || (a.time === b.time && a.id < b.id))

  constructor(start: number = DEFAULT_EPOCH) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  setTimer(delay: number, callback: () => void, options?: TimerOptions): TimerHandle {
    if (!(delay >= 0)) throw new RangeError(`VirtualClock: delay must not be negative, got ${delay}`)
    const background = options?.background ?? false
    const timer: Timer = { id: ++this.#sequence, time: this.#now + delay, background, callback }
    if (!background) this.#foreground++
    this.#timers.push(timer)
    return timer
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as Timer
    if (timer.callback === undefined) return
    timer.callback = undefined
    if (!timer.background) this.#foreground--
  }

  /** Foreground timers still waiting. */
  get pending(): number {
    return this.#foreground
  }

  /** When the next timer is due, of either sort (or of the foreground ones; O(n)); undefined when there is none. */
  nextTimer(options: { readonly foreground?: boolean } = {}): number | undefined {
    if (options.foreground === true && this.#foreground === 0) return undefined
    this.#dropCleared()
    return options.foreground === true ? this.#nextForeground() : this.#timers.peek()?.time
  }

  /** Fires the next timer alone, of either sort. False when there is none. */
  step(): boolean {
    return this.#exclusively(() => {
      this.#dropCleared()
      if (this.#timers.peek() === undefined) return false
      this.#fireNext()
      return true
    })
  }

  /** Fires every timer due up to `time` (ms since the epoch), also those set meanwhile; then it is `time`. Returns how many fired. */
  runUntil(time: number): number {
    if (time < this.#now)
      throw new RangeError(`VirtualClock: time cannot go back from ${this.#now} to ${time}`)
    return this.#exclusively(() => {
      let fired = 0
      for (;;) {
        this.#dropCleared()
        const timer = this.#timers.peek()
        if (timer === undefined || timer.time > time) break
        this.#fireNext()
        fired++
      }
      this.#now = time
      return fired
    })
  }

  /** `runUntil` so many milliseconds from now. */
  advance(milliseconds: number): number {
    return this.runUntil(this.#now + milliseconds)
  }

  /**
   * Runs until no foreground timer waits. Time moves to the last timer fired and no further; background timers that it
   * passes fire too. Stops before the first timer beyond `limit` milliseconds from now.
   */
  runUntilIdle(options: { readonly limit?: number } = {}): IdleResult {
    const start = this.#now
    const end = start + (options.limit ?? DEFAULT_IDLE_LIMIT)
    return this.#exclusively(() => {
      let fired = 0
      while (this.#foreground > 0) {
        this.#dropCleared()
        if (this.#timers.peek()!.time > end) return { idle: false, fired, elapsed: this.#now - start }
        this.#fireNext()
        fired++
      }
      return { idle: true, fired, elapsed: this.#now - start }
    })
  }

  #exclusively<R>(run: () => R): R {
    if (this.#running) throw new Error('VirtualClock: a timer callback must not run the clock')
    this.#running = true
    try {
      return run()
    } finally {
      this.#running = false
    }
  }

  #fireNext(): void {
    const timer = this.#timers.pop()!
    const callback = timer.callback!
    timer.callback = undefined
    if (!timer.background) this.#foreground--
    this.#now = timer.time
    callback()
  }

  #dropCleared(): void {
    while (this.#timers.size > 0 && this.#timers.peek()!.callback === undefined) this.#timers.pop()
  }

  #nextForeground(): number | undefined {
    let next: number | undefined
    for (const { callback, background, time } of this.#timers)
      if (callback !== undefined && !background && (next === undefined || time < next)) next = time
    return next
  }
}
