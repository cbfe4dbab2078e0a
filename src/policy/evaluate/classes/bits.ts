/** A set of small numbers, a bit each. */
export class Bits {
  #words = new Uint32Array(4)

  has(index: number): boolean {
    const word = this.#words[index >>> 5]
    return word !== undefined && (word & (1 << (index & 31))) !== 0
  }

  add(index: number): void {
    const at = index >>> 5
    if (at >= this.#words.length) {
      const larger = new Uint32Array(Math.max(at + 1, 2 * this.#words.length))
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words[at]! |= 1 << (index & 31)
  }

  delete(index: number): void {
    const at = index >>> 5
    if (at < this.#words.length) this.#words[at]! &= ~(1 << (index & 31))
  }

  /** In ascending order. */
  forEach(visit: (index: number) => void): void {
    for (let at = 0; at < this.#words.length; at++) {
      let word = this.#words[at]!
      while (word !== 0) {
        visit((at << 5) + 31 - Math.clz32(word & -word))
        word &= word - 1
      }
    }
  }
}
