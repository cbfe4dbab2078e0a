/**
 * Connection sets as numbers: equal sets have the same one, and what two of them make together is worked out once.
 * Millions of pairs then cost a look into a table each.
 */
import {
  ALL_CONNECTIONS,
  connectionsKey,
  intersectConnections,
  NO_CONNECTIONS,
  subtractConnections,
  unionConnections,
  type ConnectionSet,
} from '../connections.ts'

export type SetId = number

export const NOTHING: SetId = 0
export const EVERYTHING: SetId = 1

type Operation = (a: ConnectionSet, b: ConnectionSet) => ConnectionSet

export class SetTable {
  readonly #sets: ConnectionSet[] = []
  readonly #ids = new Map<string, SetId>()
  readonly #unions = new PairMemo()
  readonly #intersections = new PairMemo()
  readonly #differences = new PairMemo()

  constructor() {
    this.id(NO_CONNECTIONS)
    this.id(ALL_CONNECTIONS)
  }

  get size(): number {
    return this.#sets.length
  }

  id(set: ConnectionSet): SetId {
    const key = connectionsKey(set)
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#sets.length
      this.#sets.push(set)
      this.#ids.set(key, id)
    }
    return id
  }

  set(id: SetId): ConnectionSet {
    return this.#sets[id]!
  }

  union(a: SetId, b: SetId): SetId {
    if (a === b || b === NOTHING || a === EVERYTHING) return a
    if (a === NOTHING || b === EVERYTHING) return b
    return this.#memo(this.#unions, unionConnections, a, b)
  }

  intersection(a: SetId, b: SetId): SetId {
    if (a === b || a === NOTHING || b === EVERYTHING) return a
    if (b === NOTHING || a === EVERYTHING) return b
    return this.#memo(this.#intersections, intersectConnections, a, b)
  }

  difference(a: SetId, b: SetId): SetId {
    if (a === NOTHING || b === NOTHING) return a
    if (a === b || b === EVERYTHING) return NOTHING
    return this.#memo(this.#differences, subtractConnections, a, b)
  }

  #memo(memo: PairMemo, operation: Operation, a: SetId, b: SetId): SetId {
    return memo.get(a, b) ?? memo.set(a, b, this.id(operation(this.#sets[a]!, this.#sets[b]!)))
  }
}

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
