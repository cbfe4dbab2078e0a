// The index over all conntrack entries of the engine: open addressing with linear probing, two keys an entry, at most
// half full. Deletion shifts the run behind the hole back, so that no tombstones pile up.
//
// The kernel hashes with siphash under a random key (nf_conntrack_core.c: hash_conntrack_raw). Here the hash is a sum
// of products under fixed odd multipliers, one a 64-bit word of the key, with one seed that the host sets: the same
// seed gives the same table, byte for byte.

import { Arena } from '../memory/arena.ts'
import { Ct, Ref } from './ct.ts'
import { Tuple } from './tuple.ts'
import {
  CT_CHUNK_ENTRIES,
  CT_KEY_HASH,
  CT_KEY_ZONE,
  CT_SLOT_REF,
  CT_SLOT_SIZE,
} from '../../src/abi/conntrack.ts'
import { TUPLE_DST, TUPLE_SPORT, TUPLE_SRC } from '../../src/abi/tuple.ts'

//     0       4      8      12     16
//     | slots | mask | used | ...  | seed |
const STATE = memory.data(24, 8)
const SLOTS = 0
const MASK = 4
const USED = 8
const SEED = 16

const K0: u64 = 0x9e3779b97f4a7c15
const K1: u64 = 0xbf58476d1ce4e5b9
const K2: u64 = 0x94d049bb133111eb
const K3: u64 = 0xd6e8feb86659fd93
const K4: u64 = 0xa0761d6478bd642f
const K5: u64 = 0xe7037ed1a0b428db
const K6: u64 = 0x8ebc6af09c88c6e3

export abstract class Table {
  @inline static setSeed(seed: u32): void {
    store<u64>(STATE, (seed as u64) * K0, SEED)
  }

  @inline static slots(): usize {
    return load<u32>(STATE, SLOTS)
  }

  @inline static mask(): u32 {
    return load<u32>(STATE, MASK)
  }

  @inline static used(): u32 {
    return load<u32>(STATE, USED)
  }

  /**
   * Hash of a key. An address's low half is turned so that IPv4, which sits in the upper 32 bits of a word, meets all
   * of its multiplier.
   */
  @inline static hash(tuple: usize, lastWord: u64, zone: u32): u32 {
    let h = load<u64>(STATE, SEED)
    h += load<u64>(tuple, TUPLE_SRC) * K0
    h += rotl<u64>(load<u64>(tuple, TUPLE_SRC + 8), 32) * K1
    h += load<u64>(tuple, TUPLE_DST) * K2
    h += rotl<u64>(load<u64>(tuple, TUPLE_DST + 8), 32) * K3
    h += lastWord * K4
    h += (zone as u64) * K5
    h ^= h >> 29
    h *= K6
    return (h >> 32) as u32
  }

  /** Ports, protocol, family and namespace: the last word of a key. */
  @inline static lastWord(tuple: usize, netnsId: u32): u64 {
    return Tuple.lastWord(tuple) | ((netnsId as u64) << 48)
  }

  /** Room for `entries` entries, two keys each, at half load. False when memory cannot grow; the table stays. */
  static reserve(entries: u32): bool {
    let slots: u32 = 4 * CT_CHUNK_ENTRIES
    if (entries > slots >> 2) slots = entries << 2
    slots = (1 as u32) << (32 - clz<u32>(slots - 1))
    const old = Table.slots()
    const oldMask = Table.mask()
    if (old != 0 && slots <= oldMask + 1) return true
    const fresh = Arena.alloc((slots as usize) * CT_SLOT_SIZE)
    if (fresh == 0) return false
    const mask = slots - 1
    if (old != 0) {
      for (let i: u32 = 0; i <= oldMask; i++) {
        const word = load<u64>(old + (i as usize) * CT_SLOT_SIZE)
        if (word != 0) Table.place(fresh, mask, word)
      }
      Arena.free(old, ((oldMask + 1) as usize) * CT_SLOT_SIZE)
    }
    store<u32>(STATE, fresh as u32, SLOTS)
    store<u32>(STATE, mask, MASK)
    return true
  }

  /** The reference of the key equal to this tuple in this namespace and zone, expired or not; 0 when there is none. */
  static find(tuple: usize, netnsId: u32, zone: u32): u32 {
    const slots = Table.slots()
    if (slots == 0) return 0
    const lastWord = Table.lastWord(tuple, netnsId)
    return Table.probe(slots, Table.mask(), tuple, lastWord, zone, Table.hash(tuple, lastWord, zone))
  }

  /**
   * Three v128 compares, one branch: a key's hash is stored in it, so a slot that passes the 32-bit compare is nearly
   * always the one. (test/bench: `ct_lookup_batch`.)
   */
  @inline static probe(slots: usize, mask: u32, tuple: usize, lastWord: u64, zone: u32, hash: u32): u32 {
    const src = v128.load(tuple, TUPLE_SRC)
    const dst = v128.load(tuple, TUPLE_DST)
    const rest = i64x2.replace_lane(i64x2.splat(lastWord), 1, ((hash as u64) << 32) | (zone as u64))
    let i = hash & mask
    let word = load<u64>(slots + (i as usize) * CT_SLOT_SIZE)
    while (word != 0) {
      if ((word as u32) == hash) {
        const key = Ref.key((word >> 32) as u32)
        const equal = v128.and(
          v128.and(i32x4.eq(v128.load(key, TUPLE_SRC), src), i32x4.eq(v128.load(key, TUPLE_DST), dst)),
          i32x4.eq(v128.load(key, TUPLE_SPORT), rest),
        )
        if (i32x4.bitmask(equal) == 15) break
      }
      i = (i + 1) & mask
      word = load<u64>(slots + (i as usize) * CT_SLOT_SIZE)
    }
    return (word >> 32) as u32
  }

  /** Completes a key whose tuple is in place: namespace, zone and hash. */
  static seal(key: usize, netnsId: u32, zone: u32): void {
    const lastWord = Table.lastWord(key, netnsId)
    store<u64>(key, lastWord, TUPLE_SPORT)
    store<u32>(key, zone, CT_KEY_ZONE)
    store<u32>(key, Table.hash(key, lastWord, zone), CT_KEY_HASH)
  }

  /** Adds a sealed key of an entry. The caller knows that it is not there and that there is room. */
  static insert(ct: usize, dir: u32): void {
    const word = ((Ref.of(ct, dir) as u64) << 32) | (load<u32>(Ct.key(ct, dir), CT_KEY_HASH) as u64)
    Table.place(Table.slots(), Table.mask(), word)
    store<u32>(STATE, Table.used() + 1, USED)
  }

  /** Removes a key of an entry. False when it was not there. */
  static remove(ct: usize, dir: u32): bool {
    const slots = Table.slots()
    const mask = Table.mask()
    const ref = Ref.of(ct, dir)
    let hole = load<u32>(Ct.key(ct, dir), CT_KEY_HASH) & mask
    for (;;) {
      const at = slots + (hole as usize) * CT_SLOT_SIZE
      if (load<u64>(at) == 0) return false
      if (load<u32>(at, CT_SLOT_REF) == ref) break
      hole = (hole + 1) & mask
    }
    let i = hole
    for (;;) {
      i = (i + 1) & mask
      const word = load<u64>(slots + (i as usize) * CT_SLOT_SIZE)
      if (word == 0) break
      const home = (word as u32) & mask
      // A key may move to the hole unless its home lies between the hole and where it is now.
      if (((i - home) & mask) < ((i - hole) & mask)) continue
      store<u64>(slots + (hole as usize) * CT_SLOT_SIZE, word)
      hole = i
    }
    store<u64>(slots + (hole as usize) * CT_SLOT_SIZE, 0)
    store<u32>(STATE, Table.used() - 1, USED)
    return true
  }

  /** The reference in a slot, 0 when it is empty. */
  @inline static at(slot: u32): u32 {
    return load<u32>(Table.slots() + ((slot & Table.mask()) as usize) * CT_SLOT_SIZE, CT_SLOT_REF)
  }

  private static place(slots: usize, mask: u32, word: u64): void {
    let i = (word as u32) & mask
    while (load<u64>(slots + (i as usize) * CT_SLOT_SIZE) != 0) i = (i + 1) & mask
    store<u64>(slots + (i as usize) * CT_SLOT_SIZE, word)
  }
}
