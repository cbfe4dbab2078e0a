// The hash set types: elements of 64 bytes in a pool, found through an index of words with linear probing. The index
// is at most half full. A set of networks is probed once for each prefix length that occurs, longest first
// (ip_set_hash_gen.h: mtype_test_cidrs).

import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import {
  SETADT_EXISTS,
  SETADT_FULL,
  SETADT_MISSING,
  SETADT_NOMEM,
  SETADT_OK,
  SETELEM_EXPIRES,
  SETELEM_FIRST,
  SETELEM_FLAGS,
  SETELEM_F_NOMATCH,
  SETELEM_F_USED,
  SETELEM_PORT,
  SETELEM_PREFIX,
  SETELEM_SECOND,
  SETELEM_SIZE,
  SETREC_PREFIXES,
  SETREC_PREFIX_COUNTS,
  SETREC_SIZE,
  SETTYPE_HASH_IP_PORT_NET,
  SETTYPE_HASH_NET,
  SETTYPE_HASH_NET_PORT,
} from '../../src/abi/ipset.ts'
import { Arena } from '../memory/arena.ts'
import { Set } from './set.ts'

const SMALLEST_POOL: u32 = 16

export abstract class SetHash {
  /** Where the address is that a prefix length belongs to, in an element of the type; -1 when the type has none. */
  @inline static netOffset(type: u32): i32 {
    if (type == SETTYPE_HASH_NET || type == SETTYPE_HASH_NET_PORT) return SETELEM_FIRST
    return type == SETTYPE_HASH_IP_PORT_NET ? SETELEM_SECOND : -1
  }

  @inline private static hash(key: usize): u32 {
    const a = load<u64>(key) ^ rotl<u64>(load<u64>(key, 8), 23)
    const b = load<u64>(key, SETELEM_SECOND) ^ rotl<u64>(load<u64>(key, SETELEM_SECOND + 8), 29)
    let h = (a ^ rotl<u64>(b, 17) ^ ((load<u32>(key, SETELEM_PORT) as u64) << 11)) * 0x9e3779b97f4a7c15
    h ^= h >> 32
    h *= 0xd6e8feb86659fd93
    return (h >> 32) as u32
  }

  @inline private static same(a: usize, b: usize): bool {
    return (
      ((load<u64>(a) ^ load<u64>(b)) |
        (load<u64>(a, 8) ^ load<u64>(b, 8)) |
        (load<u64>(a, SETELEM_SECOND) ^ load<u64>(b, SETELEM_SECOND)) |
        (load<u64>(a, SETELEM_SECOND + 8) ^ load<u64>(b, SETELEM_SECOND + 8)) |
        ((load<u32>(a, SETELEM_PORT) ^ load<u32>(b, SETELEM_PORT)) as u64)) ==
      0
    )
  }

  /** The element with exactly this key, gone or not; 0 = none. */
  static find(set: usize, key: usize): usize {
    const index = Set.index(set)
    if (index == 0) return 0
    const mask = Set.mask(set)
    const pool = Set.pool(set)
    let at = SetHash.hash(key) & mask
    let number = load<u32>(index + ((at as usize) << 2))
    while (number != 0) {
      const element = pool + ((number - 1) as usize) * SETELEM_SIZE
      if (SetHash.same(element, key)) return element
      at = (at + 1) & mask
      number = load<u32>(index + ((at as usize) << 2))
    }
    return 0
  }

  /**
   * The element that holds for a packet: 1 found, 0 not, -1 found and it is an exception (nomatch). The key's network
   * is the packet's whole address; it is overwritten.
   */
  static test(set: usize, key: usize, bytes: u32, flags: u32, ops: usize): i32 {
    const at = SetHash.netOffset(Set.type(set))
    if (at < 0) {
      const element = SetHash.find(set, key)
      return element != 0 && Set.matches(set, element + SETELEM_EXPIRES, bytes, flags, ops) ? 1 : 0
    }
    const family = Set.family(set)
    let prefix = set + SETREC_PREFIXES
    let length: u32 = load<u8>(prefix)
    // Longest first, so each step only clears more bits of what is left.
    while (length != 0) {
      SetHash.mask(key + (at as usize), family, length)
      store<u8>(key, length, SETELEM_PREFIX)
      const element = SetHash.find(set, key)
      if (element != 0 && Set.matches(set, element + SETELEM_EXPIRES, bytes, flags, ops))
        return load<u8>(element, SETELEM_FLAGS) & SETELEM_F_NOMATCH ? -1 : 1
      length = load<u8>(++prefix)
    }
    return 0
  }

  /** Clears the bits of an address behind its prefix; lengths count in the family's own bits. */
  static mask(address: usize, family: u32, length: u32): void {
    const keep = family == NFPROTO_IPV4 ? length + 96 : length
    if (keep >= 64) {
      if (keep < 128) store<u64>(address, load<u64>(address, 8) & SetHash.ones(keep - 64), 8)
    } else {
      store<u64>(address, 0, 8)
      store<u64>(address, load<u64>(address) & SetHash.ones(keep))
    }
  }

  /** The first `count` bits in network order, as a little-endian word. */
  @inline private static ones(count: u32): u64 {
    return count == 0 ? 0 : bswap<u64>((~0 as u64) << ((64 - count) as u64))
  }

  /** The longest prefix of the set: what an element that a packet adds gets; the whole address while there is none. */
  @inline static longestPrefix(set: usize): u32 {
    const length: u32 = load<u8>(set, SETREC_PREFIXES)
    if (length != 0) return length
    return Set.family(set) == NFPROTO_IPV4 ? 32 : 128
  }

  /**
   * Adds or renews the element with the key, flags and extensions of `from`. Only the host makes the set `grow`; a packet
   * takes what room there is, and is told what the kernel says when it has no memory.
   */
  static add(set: usize, from: usize, exist: bool, grow: bool): i32 {
    let element = SetHash.find(set, from)
    if (element == 0) {
      if (Set.elements(set) >= Set.maxelem(set)) {
        SetHash.sweep(set)
        if (Set.elements(set) >= Set.maxelem(set)) return SETADT_FULL
      }
      const room = grow ? SetHash.reserve(set, Set.elements(set) + 1) : SetHash.hasRoom(set)
      if (!room) return SETADT_NOMEM
      element = SetHash.take(set)
      memory.copy(element, from, SETELEM_SIZE)
      SetHash.link(set, element)
      SetHash.count(set, load<u8>(element, SETELEM_PREFIX), 1)
      Set.setElements(set, Set.elements(set) + 1)
    } else {
      if (!exist && !Set.expired(set, load<u64>(element, SETELEM_EXPIRES))) return SETADT_EXISTS
      memory.copy(element + SETELEM_FLAGS, from + SETELEM_FLAGS, SETELEM_SIZE - SETELEM_FLAGS)
    }
    store<u8>(element, load<u8>(element, SETELEM_FLAGS) | SETELEM_F_USED, SETELEM_FLAGS)
    Set.changed(set)
    return SETADT_OK
  }

  static del(set: usize, key: usize): i32 {
    const element = SetHash.find(set, key)
    if (element == 0) return SETADT_MISSING
    const gone = Set.expired(set, load<u64>(element, SETELEM_EXPIRES))
    SetHash.remove(set, element)
    return gone ? SETADT_MISSING : SETADT_OK
  }

  /** Room for this many elements; false when memory cannot grow, and nothing has changed then. */
  static reserve(set: usize, count: u32): bool {
    const capacity = Set.capacity(set)
    if (count <= capacity) return true
    let wanted = capacity == 0 ? SMALLEST_POOL : capacity
    while (wanted < count) wanted <<= 1
    const words = wanted << 1
    const pool = Arena.alloc((wanted as usize) * SETELEM_SIZE)
    const index = Arena.alloc((words as usize) << 2)
    if (pool == 0 || index == 0) {
      Arena.free(pool, (wanted as usize) * SETELEM_SIZE)
      Arena.free(index, (words as usize) << 2)
      return false
    }
    const used = Set.used(set)
    memory.copy(pool, Set.pool(set), (used as usize) * SETELEM_SIZE)
    SetHash.release(set)
    Set.setPool(set, pool, wanted)
    Set.setIndex(set, index, words - 1)
    for (let i: u32 = 0; i < used; i++) {
      const element = pool + (i as usize) * SETELEM_SIZE
      if (load<u8>(element, SETELEM_FLAGS) & SETELEM_F_USED) SetHash.link(set, element)
    }
    return true
  }

  /** Gives the pool and the index back. */
  static release(set: usize): void {
    Arena.free(Set.pool(set), (Set.capacity(set) as usize) * SETELEM_SIZE)
    Arena.free(Set.index(set), ((Set.mask(set) + 1) as usize) << 2)
    Set.setPool(set, 0, 0)
    Set.setIndex(set, 0, 0)
  }

  static flush(set: usize): void {
    SetHash.release(set)
    Set.setUsed(set, 0)
    Set.setFree(set, 0)
    Set.setElements(set, 0)
    memory.fill(set + SETREC_PREFIXES, 0, SETREC_SIZE - SETREC_PREFIXES)
  }

  /** Whether one more fits without growing, at last by sweeping out what is gone. */
  private static hasRoom(set: usize): bool {
    if (Set.elements(set) < Set.capacity(set)) return true
    SetHash.sweep(set)
    return Set.elements(set) < Set.capacity(set)
  }

  /** Takes out what is gone. */
  private static sweep(set: usize): void {
    const pool = Set.pool(set)
    for (let i = Set.used(set); i > 0; i--) {
      const element = pool + ((i - 1) as usize) * SETELEM_SIZE
      if ((load<u8>(element, SETELEM_FLAGS) & SETELEM_F_USED) == 0) continue
      if (Set.expired(set, load<u64>(element, SETELEM_EXPIRES))) SetHash.remove(set, element)
    }
  }

  /** A free element of the pool; the caller has reserved one. */
  private static take(set: usize): usize {
    const free = Set.free(set)
    const pool = Set.pool(set)
    if (free != 0) {
      const element = pool + ((free - 1) as usize) * SETELEM_SIZE
      Set.setFree(set, load<u32>(element))
      return element
    }
    const used = Set.used(set)
    Set.setUsed(set, used + 1)
    return pool + (used as usize) * SETELEM_SIZE
  }

  private static link(set: usize, element: usize): void {
    const index = Set.index(set)
    const mask = Set.mask(set)
    let at = SetHash.hash(element) & mask
    while (load<u32>(index + ((at as usize) << 2)) != 0) at = (at + 1) & mask
    store<u32>(index + ((at as usize) << 2), SetHash.number(set, element))
  }

  @inline private static number(set: usize, element: usize): u32 {
    return (((element - Set.pool(set)) / SETELEM_SIZE) as u32) + 1
  }

  private static remove(set: usize, element: usize): void {
    SetHash.unlink(set, element)
    SetHash.count(set, load<u8>(element, SETELEM_PREFIX), -1)
    store<u8>(element, 0, SETELEM_FLAGS)
    store<u32>(element, Set.free(set))
    Set.setFree(set, SetHash.number(set, element))
    Set.setElements(set, Set.elements(set) - 1)
    Set.changed(set)
  }

  /** Empties the element's word of the index and moves later words of the run back, so that no run is broken. */
  private static unlink(set: usize, element: usize): void {
    const index = Set.index(set)
    const mask = Set.mask(set)
    const pool = Set.pool(set)
    const number = SetHash.number(set, element)
    let hole = SetHash.hash(element) & mask
    while (load<u32>(index + ((hole as usize) << 2)) != number) hole = (hole + 1) & mask
    let at = hole
    for (;;) {
      at = (at + 1) & mask
      const other = load<u32>(index + ((at as usize) << 2))
      if (other == 0) break
      const home = SetHash.hash(pool + ((other - 1) as usize) * SETELEM_SIZE) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      store<u32>(index + ((hole as usize) << 2), other)
      hole = at
    }
    store<u32>(index + ((hole as usize) << 2), 0)
  }

  /** One element more or less of a prefix length; keeps the list of lengths that occur, longest first. */
  private static count(set: usize, length: u32, change: i32): void {
    if (length == 0) return
    const counter = set + SETREC_PREFIX_COUNTS + ((length as usize) << 2)
    const before = load<u32>(counter)
    store<u32>(counter, before + change)
    let at = set + SETREC_PREFIXES
    if (before == 0) {
      while ((load<u8>(at) as u32) > length) at++
      const from = at
      while (load<u8>(at) != 0) at++
      memory.copy(from + 1, from, at - from)
      store<u8>(from, length)
    } else if (before + change == 0) {
      while ((load<u8>(at) as u32) != length) at++
      for (; load<u8>(at) != 0; at++) store<u8>(at, load<u8>(at, 1))
    }
  }
}
