/** Memory taken for sets before anything changes: all of it, or none. */
import {
  SETELEM_SIZE,
  SETMEMBER_SIZE,
  SETREC_F_COUNTERS,
  SETREC_F_TIMEOUT,
  SETSLOT_SIZE,
} from '../../abi/ipset.ts'
import type { SetHeader } from '../../kernel/ipset.ts'
import { Problem } from '../../kernel/problem.ts'
import { familyNumber, limitOf, TYPE_NUMBERS } from './encode.ts'
import { BATCH, type SetMemory } from './memory.ts'

interface Fresh {
  readonly set: number
  /** 0 when the name has one. */
  readonly slot: number
}

export class Staged {
  readonly #memory: SetMemory
  readonly #fresh = new Map<string, Fresh>()

  constructor(memory: SetMemory) {
    this.#memory = memory
    memory.scratch()
  }

  /** Runs what takes memory; all of it is given back when a Problem comes out. */
  guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      for (const { set, slot } of this.#fresh.values()) {
        this.#memory.exports.ipset_destroy(set)
        this.#memory.free(slot, SETSLOT_SIZE)
      }
      throw error
    }
  }

  /** An empty record for the set, and a slot when its name is new. Returns the record. */
  create(header: SetHeader, isNew: boolean): number {
    const { name, type, timeout, counters } = header
    const flags = (timeout === undefined ? 0 : SETREC_F_TIMEOUT) | (counters ? SETREC_F_COUNTERS : 0)
    const { exports } = this.#memory
    const number = TYPE_NUMBERS[type]
    const set = exports.ipset_create(number, familyNumber(header), flags, timeout ?? 0, limitOf(header)) >>> 0
    if (set === 0) throw new Problem('no memory left for the set', { field: name })
    this.#fresh.set(name, { set, slot: 0 })
    if (isNew) this.#fresh.set(name, { set, slot: this.#memory.alloc(SETSLOT_SIZE) })
    return set
  }

  /** Room for so many elements or members in a record, and to hand them over. */
  reserve(set: number, { name, type }: SetHeader, count: number): void {
    if (type === 'list:set') this.#memory.scratch(Math.max(BATCH * SETELEM_SIZE, count * SETMEMBER_SIZE))
    if (this.#memory.exports.ipset_reserve(set, count) === 0)
      throw new Problem('no memory left for the set', { field: name })
  }

  record(name: string): number | undefined {
    return this.#fresh.get(name)?.set
  }

  slot(name: string): number {
    return this.#fresh.get(name)!.slot
  }
}
