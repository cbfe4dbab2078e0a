/** What was made of two small numbers: two array reads. */
export class PairMemo {
  readonly #rows: (number | undefined)[][] = []

  get(a: number, b: number): number | undefined {
    return this.#rows[a]?.[b]
  }

  /** Gives `result` back. */
  set(a: number, b: number, result: number): number {
    const row = (this.#rows[a] ??= [])
    row[b] = result
    return result
  }
}
