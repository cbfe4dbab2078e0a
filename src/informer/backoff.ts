/** Delays that double, with jitter, and begin anew after a quiet time (apimachinery: util/wait/backoff.go). */
import type { Clock } from '../sim/clock.ts'
import type { Random } from '../sim/random.ts'

export interface BackoffOptions {
  /** Milliseconds. */
  readonly initial: number
  readonly cap: number
  /** Two requests so far apart: the second starts at `initial` again. */
  readonly reset: number
  readonly factor: number
  /** A delay d becomes uniform in [d, d·(1 + jitter)). */
  readonly jitter: number
}

/** The reflector's. */
export const REFLECTOR_BACKOFF: BackoffOptions = {
  initial: 800,
  cap: 30_000,
  reset: 120_000,
  factor: 2,
  jitter: 1,
}

export class Backoff {
  readonly #options: BackoffOptions
  readonly #clock: Clock
  readonly #random: Random
  #next: number
  #last = -Infinity

  constructor(options: BackoffOptions, clock: Clock, random: Random) {
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#next = options.initial
  }

  /** Milliseconds to wait now. */
  step(): number {
    const { initial, cap, reset, factor, jitter } = this.#options
    const now = this.#clock.now()
    if (now - this.#last > reset) this.#next = initial
    this.#last = now
    const delay = this.#next
    this.#next = Math.min(cap, delay * factor)
    return delay * (1 + jitter * this.#random.float())
  }
}
