// What the host does to sets: make them, fill them, take them away. Sizes are settled here, before packets come.

import {
  SETADT_NOMEM,
  SETADT_OK,
  SETELEM_EXPIRES,
  SETELEM_FLAGS,
  SETELEM_F_NOMATCH,
  SETELEM_PORT,
  SETELEM_SIZE,
  SETMEMBER_SIZE,
  SETREC_DIMENSIONS,
  SETREC_FAMILY,
  SETREC_FIRST_PORT,
  SETREC_FLAGS,
  SETREC_LAST_PORT,
  SETREC_MAXELEM,
  SETREC_SIZE,
  SETREC_TIMEOUT,
  SETREC_TYPE,
  SETTEST_SKIP_COUNTERS,
  SETTYPE_BITMAP_PORT,
  SETTYPE_HASH_IP_PORT_IP,
  SETTYPE_HASH_IP_PORT_NET,
  SETTYPE_HASH_IP_PORT,
  SETTYPE_HASH_NET_PORT,
  SETTYPE_LIST_SET,
} from '../../src/abi/ipset.ts'
import { Arena } from '../memory/arena.ts'
import { SetBitmap } from './bitmap.ts'
import { SetHash } from './hash.ts'
import { Set } from './set.ts'

/** Room for a key while a set of networks is tried. */
const KEY = memory.data(SETELEM_SIZE, 16)

export abstract class SetLoad {
  /** A new, empty set; `limit` is maxelem, or the port range (first in the low half) of bitmap:port. 0: no memory. */
  static create(type: u32, family: u32, flags: u32, timeout: u32, limit: u32): usize {
    const set = Arena.alloc(SETREC_SIZE)
    if (set == 0) return 0
    store<u8>(set, type, SETREC_TYPE)
    store<u8>(set, family, SETREC_FAMILY)
    store<u8>(set, SetLoad.dimensionsOf(type), SETREC_DIMENSIONS)
    store<u8>(set, flags, SETREC_FLAGS)
    store<u32>(set, timeout, SETREC_TIMEOUT)
    store<u32>(set, limit, SETREC_MAXELEM)
    if (type != SETTYPE_BITMAP_PORT) return set
    store<u16>(set, limit & 0xffff, SETREC_FIRST_PORT)
    store<u16>(set, limit >> 16, SETREC_LAST_PORT)
    if (SetBitmap.prepare(set)) return set
    Arena.free(set, SETREC_SIZE)
    return 0
  }

  private static dimensionsOf(type: u32): u32 {
    switch (type) {
      case SETTYPE_HASH_IP_PORT:
      case SETTYPE_HASH_NET_PORT:
        return 2
      case SETTYPE_HASH_IP_PORT_IP:
      case SETTYPE_HASH_IP_PORT_NET:
        return 3
      default:
        return 1
    }
  }

  static destroy(set: usize): void {
    if (set == 0) return
    const type = Set.type(set)
    if (type == SETTYPE_BITMAP_PORT) SetBitmap.release(set)
    else if (type == SETTYPE_LIST_SET)
      Arena.free(Set.pool(set), (Set.capacity(set) as usize) * SETMEMBER_SIZE)
    else SetHash.release(set)
    Arena.free(set, SETREC_SIZE)
  }

  /** Room for `count` elements or members; false when memory cannot grow. */
  static reserve(set: usize, count: u32): bool {
    const type = Set.type(set)
    if (type == SETTYPE_BITMAP_PORT) return true
    if (type != SETTYPE_LIST_SET) return SetHash.reserve(set, count)
    const capacity = Set.capacity(set)
    if (count <= capacity) return true
    const pool = Arena.alloc((count as usize) * SETMEMBER_SIZE)
    if (pool == 0) return false
    memory.copy(pool, Set.pool(set), (Set.elements(set) as usize) * SETMEMBER_SIZE)
    Arena.free(Set.pool(set), (capacity as usize) * SETMEMBER_SIZE)
    Set.setPool(set, pool, count)
    return true
  }

  static flush(set: usize): void {
    const type = Set.type(set)
    if (type == SETTYPE_BITMAP_PORT) SetBitmap.flush(set)
    else if (type == SETTYPE_LIST_SET) Set.setElements(set, 0)
    else SetHash.flush(set)
  }

  /** Adds or renews `count` elements that stand one behind the other; the first answer that is not OK, or OK. */
  static add(set: usize, elements: usize, count: u32): i32 {
    for (let i: u32 = 0; i < count; i++) {
      const element = elements + (i as usize) * SETELEM_SIZE
      const answer =
        Set.type(set) == SETTYPE_BITMAP_PORT
          ? SetBitmap.add(set, SetLoad.port(element), element + SETELEM_EXPIRES, true)
          : SetHash.add(set, element, true, true)
      if (answer != SETADT_OK) return answer
    }
    return SETADT_OK
  }

  /** Takes `count` elements out; those that are not there are passed over. */
  static del(set: usize, elements: usize, count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const element = elements + (i as usize) * SETELEM_SIZE
      if (Set.type(set) == SETTYPE_BITMAP_PORT) SetBitmap.del(set, SetLoad.port(element))
      else SetHash.del(set, element)
    }
  }

  /** Makes `count` members (records of src/abi/ipset.ts) the members of a list. */
  static members(set: usize, members: usize, count: u32): i32 {
    if (!SetLoad.reserve(set, count)) return SETADT_NOMEM
    memory.copy(Set.pool(set), members, (count as usize) * SETMEMBER_SIZE)
    Set.setElements(set, count)
    return SETADT_OK
  }

  /**
   * `ipset test`: whether an element is in the set, counters left alone. A whole address is looked for in every
   * network of a set of networks. 1 yes, 0 no.
   */
  static probe(set: usize, element: usize, whole: bool): i32 {
    if (Set.type(set) == SETTYPE_BITMAP_PORT)
      return SetBitmap.test(set, SetLoad.port(element), 0, SETTEST_SKIP_COUNTERS, 0) ? 1 : 0
    if (whole && SetHash.netOffset(Set.type(set)) >= 0) {
      memory.copy(KEY, element, SETELEM_SIZE)
      return SetHash.test(set, KEY, 0, SETTEST_SKIP_COUNTERS, 0) > 0 ? 1 : 0
    }
    const found = SetHash.find(set, element)
    if (found == 0) return 0
    return Set.matches(set, found + SETELEM_EXPIRES, 0, SETTEST_SKIP_COUNTERS, 0) &&
      !(load<u8>(found, SETELEM_FLAGS) & SETELEM_F_NOMATCH)
      ? 1
      : 0
  }

  @inline private static port(element: usize): u32 {
    return bswap<u16>(load<u16>(element, SETELEM_PORT))
  }
}
