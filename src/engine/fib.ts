/** Reads the forwarding tables in the engine's memory: what a route must be checked against, and what `ip route` shows. */
import { NETNS_FIB } from '../abi/netns.ts'
import * as R from '../abi/route.ts'
import type { Family } from '../kernel/ruleset.ts'
import { type AddressWords, addressWords } from './address.ts'
import { type Instance, required } from './instance.ts'

export type Table = 'main' | 'local'

export class Fib {
  readonly #instance: Instance
  readonly #netns: number
  #scratch = 0

  constructor(instance: Instance, netns: number) {
    this.#instance = instance
    this.#netns = netns
  }

  /** The routes of exactly this prefix, as addresses of their records, by metric. Bits beyond the prefix are ignored. */
  exact(family: Family, prefix: AddressWords, prefixLength: number, table: Table): number[] {
    const { exports } = this.#instance
    this.#scratch ||= required(this.#instance.alloc(64))
    this.#instance.words.set(prefix, this.#scratch >>> 2)
    const number = table === 'local' ? R.RT_TABLE_LOCAL : R.RT_TABLE_MAIN
    const routes: number[] = []
    let at = exports.route_exact(this.#netns, familyWord(family), this.#scratch, prefixLength, number) >>> 0
    for (; at !== 0; at = this.#instance.word(at + R.ROUTE_NEXT)) routes.push(at)
    return routes
  }

  /** The first route to an address that `fits`, the longest prefix first; 0 when there is none. */
  lookup(family: Family, address: string, table: Table, fits: (route: number) => boolean): number {
    const words = addressWords(address, family)
    const fib = this.#fib(family)
    const lengths = fib + (table === 'local' ? R.FIB_LENGTHS_LOCAL : R.FIB_LENGTHS_MAIN)
    const count = this.#instance.word(lengths)
    for (let i = 0; i < count; i++) {
      const prefixLength = this.#instance.bytes[lengths + 4 + i]!
      const found = this.exact(family, words, prefixLength, table).find(fits)
      if (found !== undefined) return found
    }
    return 0
  }

  /** Every route of both tables: those of one prefix follow one another by metric, else in no order. */
  all(family: Family): number[] {
    const fib = this.#fib(family)
    const buckets = this.#instance.word(fib + R.FIB_BUCKETS)
    const count = this.#instance.word(fib + R.FIB_MASK) + 1
    const routes: number[] = []
    for (let i = 0; i < count; i++) {
      let group = this.#instance.word(buckets + 4 * i)
      for (; group !== 0; group = this.#instance.word(group + R.ROUTE_CHAIN))
        for (let at = group; at !== 0; at = this.#instance.word(at + R.ROUTE_NEXT)) routes.push(at)
    }
    return routes
  }

  #fib(family: Family): number {
    return this.#instance.word(this.#netns + NETNS_FIB + (family === 'ipv4' ? 0 : 4))
  }
}

const familyWord = (family: Family): number => (family === 'ipv4' ? 2 : 10)
