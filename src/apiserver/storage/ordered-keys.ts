/**
 * A sorted set of strings in chunks: insert and delete move at most one chunk, a range is read in order. With n keys
 * an insert costs a binary search and a copy of at most CHUNK references.
 */
const CHUNK = 512

export class OrderedKeys {
  /** Never empty chunks, except that the only chunk may be. */
  readonly #chunks: string[][] = [[]]
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a key that is not there. */
  add(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]!
    chunk.splice(lowerBound(chunk, key), 0, key)
    this.#size++
    if (chunk.length > CHUNK) this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK >> 1))
  }

  /** Removes a key that is there. */
  delete(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]!
    chunk.splice(lowerBound(chunk, key), 1)
    this.#size--
    if (chunk.length === 0 && this.#chunks.length > 1) this.#chunks.splice(index, 1)
  }

  /** Calls `visit` with each key ≥ `from` in order, until it returns false. */
  forEachFrom(from: string, visit: (key: string) => boolean): void {
    let index = this.#chunkOf(from)
    let position = lowerBound(this.#chunks[index]!, from)
    for (; index < this.#chunks.length; index++, position = 0) {
      const chunk = this.#chunks[index]!
      for (; position < chunk.length; position++) if (!visit(chunk[position]!)) return
    }
  }

  /** The last chunk that begins at or before the key, or the first. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#chunks[middle]![0]! <= key) low = middle
      else high = middle
    }
    return low
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
