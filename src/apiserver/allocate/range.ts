/**
 * Hands out numbers of a range, as the allocators of service addresses and node ports do (pkg/registry/core/service:
 * ipallocator, portallocator; KEP-3070): a low band is kept for those who ask for a number by name, dynamic requests
 * start at random in the upper band, go on upwards and around, and take from the low band only when the upper is full.
 *
 * ```
 *   0 ───── band ──────────────────────── size
 *   │ static │  dynamic: random start → …  │
 * ```
 */
import type { Random } from '../../sim/random.ts'

export class RangeAllocator {
  readonly size: number
  readonly #band: number
  readonly #random: Random
  readonly #taken = new Set<number>()
  #takenAbove = 0

  /** Numbers 0 … size − 1, the first `band` of them static. `size` is at most 2^32. */
  constructor(size: number, band: number, random: Random) {
    this.size = size
    this.#band = band
    this.#random = random
  }

  get used(): number {
    return this.#taken.size
  }

  has(number: number): boolean {
    return this.#taken.has(number)
  }

  /** Takes this number. False when somebody has it. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false
    this.#taken.add(number)
    if (number >= this.#band) this.#takenAbove++
    return true
  }

  /** Takes any number; undefined when the range is full. */
  next(): number | undefined {
    const number =
      this.#takenAbove < this.size - this.#band
        ? this.#free(this.#band, this.size)
        : this.#free(0, this.#band)
    if (number !== undefined) this.take(number)
    return number
  }

  release(number: number): void {
    if (this.#taken.delete(number) && number >= this.#band) this.#takenAbove--
  }

  #free(low: number, high: number): number | undefined {
    if (high <= low) return undefined
    const start = low + this.#random.below(high - low)
    for (let number = start; number < high; number++) if (!this.#taken.has(number)) return number
    for (let number = low; number < start; number++) if (!this.#taken.has(number)) return number
    return undefined
  }
}

/** How many numbers at the bottom are for explicit requests: min(max(16, size/step), most), none of a tiny range. */
export function staticBand(size: number, step: number, most: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / step)), most)
}
