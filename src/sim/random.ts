/** A seeded source of randomness (PCG-XSH-RR 32 on two 32-bit halves). Same seed, same sequence, everywhere. */
export class Random {
  #state: bigint

  constructor(seed: number) {
    this.#state = 0n
    this.#step()
    this.#state = (this.#state + BigInt.asUintN(64, BigInt(Math.trunc(seed)))) & MASK64
    this.#step()
  }

  /** A uniform unsigned 32-bit integer. */
  uint32(): number {
    const old = this.#state
    this.#step()
    const xorshifted = Number((((old >> 18n) ^ old) >> 27n) & 0xffffffffn)
    const rotation = Number(old >> 59n)
    return ((xorshifted >>> rotation) | (xorshifted << (-rotation & 31))) >>> 0
  }

  /** A uniform integer in [0, bound), 1 ≤ bound ≤ 2^32. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const draw = this.uint32()
      if (draw < limit) return draw % bound
    }
  }

  /** A uniform number in [0, 1). */
  float(): number {
    return this.uint32() / 2 ** 32
  }

  #step(): void {
    this.#state = (this.#state * 6364136223846793005n + 1442695040888963407n) & MASK64
  }
}

const MASK64 = (1n << 64n) - 1n
