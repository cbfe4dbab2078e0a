/** How long a key that failed has to wait (client-go: util/workqueue/default_rate_limiters.go). Milliseconds. */
import type { Clock } from '../sim/clock.ts'

export interface RateLimiter {
  when(key: string): number
  forget(key: string): void
  requeues(key: string): number
}

/** base · 2^failures, at most `max`. */
export class ExponentialLimiter implements RateLimiter {
  readonly #base: number
  readonly #max: number
  readonly #failures = new Map<string, number>()

  constructor(base: number, max: number) {
    this.#base = base
    this.#max = max
  }

  when(key: string): number {
    const failures = this.requeues(key)
    this.#failures.set(key, failures + 1)
    return Math.min(this.#max, this.#base * 2 ** failures)
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  requeues(key: string): number {
    return this.#failures.get(key) ?? 0
  }
}

/** A token bucket over all keys: `burst` at once, then `qps` a second. */
export class BucketLimiter implements RateLimiter {
  readonly #clock: Clock
  readonly #interval: number
  readonly #burst: number
  /** When the bucket would be full again, if nobody took from it. */
  #fullAt: number

  constructor(clock: Clock, qps: number, burst: number) {
    this.#clock = clock
    this.#interval = 1000 / qps
    this.#burst = burst
    this.#fullAt = clock.now()
  }

  when(): number {
    const now = this.#clock.now()
    this.#fullAt = Math.max(this.#fullAt, now) + this.#interval
    return Math.max(0, this.#fullAt - now - this.#burst * this.#interval)
  }

  forget(): void {}

  requeues(): number {
    return 0
  }
}

/** The longest of several. */
export class MaxOfLimiter implements RateLimiter {
  readonly #limiters: readonly RateLimiter[]

  constructor(...limiters: readonly RateLimiter[]) {
    this.#limiters = limiters
  }

  when(key: string): number {
    return Math.max(...this.#limiters.map((limiter) => limiter.when(key)))
  }

  forget(key: string): void {
    for (const limiter of this.#limiters) limiter.forget(key)
  }

  requeues(key: string): number {
    return Math.max(...this.#limiters.map((limiter) => limiter.requeues(key)))
  }
}

/** What controllers use unless they say otherwise: 5 ms · 2ⁿ ≤ 1000 s for a key, 10 a second and 100 at once for all. */
export function controllerLimiter(clock: Clock): RateLimiter {
  return new MaxOfLimiter(new ExponentialLimiter(5, 1_000_000), new BucketLimiter(clock, 10, 100))
}
