// Accessors of the set record (src/abi/ipset.ts), and what all set types share: timeouts and counters of an element.

import {
  SETOPS_BYTES,
  SETOPS_BYTES_OP,
  SETOPS_PACKETS,
  SETOPS_PACKETS_OP,
  SETOP_EQ,
  SETOP_GT,
  SETOP_LT,
  SETOP_NE,
  SETREC_CAPACITY,
  SETREC_CHANGES,
  SETREC_DIMENSIONS,
  SETREC_ELEMENTS,
  SETREC_FAMILY,
  SETREC_FIRST_PORT,
  SETREC_FLAGS,
  SETREC_FREE,
  SETREC_F_COUNTERS,
  SETREC_F_TIMEOUT,
  SETREC_INDEX,
  SETREC_LAST_PORT,
  SETREC_MASK,
  SETREC_MAXELEM,
  SETREC_POOL,
  SETREC_TIMEOUT,
  SETREC_TYPE,
  SETREC_USED,
  SETADT_DEFAULT_TIMEOUT,
  SETTEST_SKIP_COUNTERS,
} from '../../src/abi/ipset.ts'
import { Time } from '../memory/time.ts'

const MICROSECONDS: u64 = 1000000

export abstract class Set {
  @inline static type(set: usize): u32 {
    return load<u8>(set, SETREC_TYPE)
  }

  @inline static family(set: usize): u32 {
    return load<u8>(set, SETREC_FAMILY)
  }

  @inline static dimensions(set: usize): u32 {
    return load<u8>(set, SETREC_DIMENSIONS)
  }

  @inline static flags(set: usize): u32 {
    return load<u8>(set, SETREC_FLAGS)
  }

  @inline static timeout(set: usize): u32 {
    return load<u32>(set, SETREC_TIMEOUT)
  }

  @inline static maxelem(set: usize): u32 {
    return load<u32>(set, SETREC_MAXELEM)
  }

  @inline static elements(set: usize): u32 {
    return load<u32>(set, SETREC_ELEMENTS)
  }

  @inline static setElements(set: usize, count: u32): void {
    store<u32>(set, count, SETREC_ELEMENTS)
  }

  @inline static index(set: usize): usize {
    return load<u32>(set, SETREC_INDEX)
  }

  @inline static mask(set: usize): u32 {
    return load<u32>(set, SETREC_MASK)
  }

  @inline static setIndex(set: usize, index: usize, mask: u32): void {
    store<u32>(set, index as u32, SETREC_INDEX)
    store<u32>(set, mask, SETREC_MASK)
  }

  @inline static pool(set: usize): usize {
    return load<u32>(set, SETREC_POOL)
  }

  @inline static capacity(set: usize): u32 {
    return load<u32>(set, SETREC_CAPACITY)
  }

  @inline static setPool(set: usize, pool: usize, capacity: u32): void {
    store<u32>(set, pool as u32, SETREC_POOL)
    store<u32>(set, capacity, SETREC_CAPACITY)
  }

  @inline static used(set: usize): u32 {
    return load<u32>(set, SETREC_USED)
  }

  @inline static setUsed(set: usize, used: u32): void {
    store<u32>(set, used, SETREC_USED)
  }

  @inline static free(set: usize): u32 {
    return load<u32>(set, SETREC_FREE)
  }

  @inline static setFree(set: usize, free: u32): void {
    store<u32>(set, free, SETREC_FREE)
  }

  @inline static firstPort(set: usize): u32 {
    return load<u16>(set, SETREC_FIRST_PORT)
  }

  @inline static lastPort(set: usize): u32 {
    return load<u16>(set, SETREC_LAST_PORT)
  }

  @inline static changed(set: usize): void {
    store<u32>(set, load<u32>(set, SETREC_CHANGES) + 1, SETREC_CHANGES)
  }

  @inline static hasExtensions(set: usize): bool {
    return Set.flags(set) != 0
  }

  /** Whether what expires at this time (0: never) is gone (ip_set_timeout.h: ip_set_timeout_expired). */
  @inline static expired(set: usize, expires: u64): bool {
    return (Set.flags(set) & SETREC_F_TIMEOUT) != 0 && expires != 0 && Time.now() > expires
  }

  /** When an element added now is gone; seconds 0 = never. */
  @inline static expiry(set: usize, seconds: u32): u64 {
    if ((Set.flags(set) & SETREC_F_TIMEOUT) == 0) return 0
    const lives = seconds == SETADT_DEFAULT_TIMEOUT ? Set.timeout(set) : seconds
    return lives == 0 ? 0 : Time.now() + (lives as u64) * MICROSECONDS
  }

  /**
   * ip_set_core.c: ip_set_match_extensions, for extensions in the order expires, packets, bytes at `ext`: a packet of
   * `bytes` bytes found the element. False when it is gone or its counters are not what `ops` (0: nothing) asks.
   */
  static matches(set: usize, ext: usize, bytes: u32, flags: u32, ops: usize): bool {
    if (Set.expired(set, load<u64>(ext))) return false
    if ((Set.flags(set) & SETREC_F_COUNTERS) == 0) return true
    let packets = load<u64>(ext, 8)
    let total = load<u64>(ext, 16)
    if ((flags & SETTEST_SKIP_COUNTERS) == 0) {
      packets += 1
      total += bytes as u64
      store<u64>(ext, packets, 8)
      store<u64>(ext, total, 16)
      Set.changed(set)
    }
    if (ops == 0) return true
    return (
      Set.compare(load<u8>(ops, SETOPS_PACKETS_OP), packets, load<u64>(ops, SETOPS_PACKETS)) &&
      Set.compare(load<u8>(ops, SETOPS_BYTES_OP), total, load<u64>(ops, SETOPS_BYTES))
    )
  }

  @inline private static compare(op: u32, counter: u64, value: u64): bool {
    switch (op) {
      case SETOP_EQ:
        return counter == value
      case SETOP_NE:
        return counter != value
      case SETOP_LT:
        return counter < value
      case SETOP_GT:
        return counter > value
      default:
        return true
    }
  }
}
