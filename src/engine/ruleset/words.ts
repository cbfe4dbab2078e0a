/** A growing run of 32-bit words: where a chain's block is made before it goes to the engine's memory. */
export class Words {
  words = new Uint32Array(1 << 14)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** Makes room for `count` zeroed words and returns where they begin. */
  take(count: number): number {
    const start = this.length
    const end = start + count
    if (end > this.words.length) {
      const grown = new Uint32Array(Math.max(end, this.words.length * 2))
      grown.set(this.words.subarray(0, start))
      this.words = grown
    } else if (count > 64) this.words.fill(0, start, end)
    else for (let i = start; i < end; i++) this.words[i] = 0
    this.length = end
    return start
  }

  push(word: number): void {
    const at = this.length
    if (at === this.words.length) this.take(1)
    this.words[at] = word
    this.length = at + 1
  }

  /** Four words: an address as the engine keeps it. */
  pushAddress(address: readonly number[]): void {
    for (let i = 0; i < 4; i++) this.push(address[i]!)
  }

  /** Copies all of them; a block of a few words is copied faster by hand. */
  copyTo(to: Uint32Array, at: number): void {
    const { words, length } = this
    if (length > 256) to.set(words.subarray(0, length), at)
    else for (let i = 0; i < length; i++) to[at + i] = words[i]!
  }

  pushWords(words: Uint32Array): void {
    const at = this.take(words.length)
    this.words.set(words, at)
  }

  /** Text in `bytes` bytes, padded with zeros; longer text is cut. */
  pushText(text: string, bytes: number): void {
    for (let i = 0; i < bytes; i += 4) {
      let word = 0
      for (let k = 0; k < 4; k++) word |= (i + k < text.length ? text.charCodeAt(i + k) & 255 : 0) << (8 * k)
      this.push(word)
    }
  }
}
