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
import { PairMemo } from './pair-memo.ts'

export type SetId = number

/** Of no connections, and of all. */
export const EMPTY_ID: SetId = 0
export const ALL_ID: SetId = 1

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
    if (a === b || b === EMPTY_ID || a === ALL_ID) return a
    if (a === EMPTY_ID || b === ALL_ID) return b
    return this.#memo(this.#unions, unionConnections, a, b)
  }

  intersection(a: SetId, b: SetId): SetId {
    if (a === b || a === EMPTY_ID || b === ALL_ID) return a
    if (b === EMPTY_ID || a === ALL_ID) return b
    return this.#memo(this.#intersections, intersectConnections, a, b)
  }

  difference(a: SetId, b: SetId): SetId {
    if (a === EMPTY_ID || b === EMPTY_ID) return a
    if (a === b || b === ALL_ID) return EMPTY_ID
    return this.#memo(this.#differences, subtractConnections, a, b)
  }

  #memo(memo: PairMemo, operation: Operation, a: SetId, b: SetId): SetId {
    return memo.get(a, b) ?? memo.set(a, b, this.id(operation(this.#sets[a]!, this.#sets[b]!)))
  }
}
