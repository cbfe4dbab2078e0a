/** A growing run of 32-bit words: where a chain's bytes are made before they go to the engine's memory. */
export class Words {
  words = new Uint32Array(1 << 14)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** Makes room for `count` zeroed words and returns where they begin. */
  take(count: number): number {
    const start = this.length
    this.length += count
    if (this.length > this.words.length) {
      const grown = new Uint32Array(Math.max(this.length, this.words.length * 2))
      grown.set(this.words)
      this.words = grown
    } else this.words.fill(0, start, this.length)
    return start
  }

  push(word: number): void {
    if (this.length === this.words.length) {
      this.take(1)
      this.length--
    }
    this.words[this.length++] = word
  }

  /** Four words: an address as the engine keeps it. */
  pushAddress(address: readonly number[]): void {
    for (const word of address) this.push(word)
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
