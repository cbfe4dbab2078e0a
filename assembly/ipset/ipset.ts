// IP sets as rules see them: `-m set` tests a packet, `-j SET` adds and deletes what it stands for
// (net/netfilter/ipset/ip_set_core.c: ip_set_test, ip_set_add, ip_set_del; the kadt functions of each type).
// Not modelled: skbinfo, forceadd, netmask, comments (they say nothing to a packet).

import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import {
  SETADT_MISMATCH,
  SETADT_OK,
  SETELEM_BYTES,
  SETELEM_EXPIRES,
  SETELEM_FIRST,
  SETELEM_PACKETS,
  SETELEM_PORT,
  SETELEM_PREFIX,
  SETELEM_PROTO,
  SETELEM_SECOND,
  SETELEM_SIZE,
  SETMEMBER_EXPIRES,
  SETMEMBER_SIZE,
  SETMEMBER_SLOT,
  SETSLOT_SET,
  SETTEST_RETURN_NOMATCH,
  SETTEST_SKIP_COUNTERS,
  SETTEST_SKIP_SUBCOUNTERS,
  SETTYPE_BITMAP_PORT,
  SETTYPE_HASH_IP_PORT_IP,
  SETTYPE_HASH_IP_PORT_NET,
  SETTYPE_HASH_IP,
  SETTYPE_HASH_NET,
  SETTYPE_LIST_SET,
} from '../../src/abi/ipset.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { SetBitmap } from './bitmap.ts'
import { SetHash } from './hash.ts'
import { SetPacket } from './packet.ts'
import { Set } from './set.ts'

/** The element a packet stands for; one test or change is in progress at a time. */
const KEY = memory.data(SETELEM_SIZE, 16)

export abstract class IpSet {
  /**
   * Whether the packet is in the set behind a slot. `sources`: bit i is set when dimension i reads the packet's
   * source; `dimensions`: how many the rule names; `flags`: SETTEST_*; `ops`: SETOPS_*, 0 = counters are not asked.
   */
  static test(slot: usize, skb: usize, dimensions: u32, sources: u32, flags: u32, ops: usize): bool {
    const set: usize = load<u32>(slot, SETSLOT_SET)
    if (Set.type(set) != SETTYPE_LIST_SET) return IpSet.testOne(set, skb, dimensions, sources, flags, ops)
    if (dimensions < 1) return false
    const bytes = Skb.l3len(skb)
    // Members are asked without regard to counters, and the list's own counters are asked afterwards.
    const inner = flags & SETTEST_SKIP_SUBCOUNTERS ? flags | SETTEST_SKIP_COUNTERS : flags
    const end = Set.pool(set) + (Set.elements(set) as usize) * SETMEMBER_SIZE
    for (let member = Set.pool(set); member < end; member += SETMEMBER_SIZE) {
      const other: usize = load<u32>(load<u32>(member, SETMEMBER_SLOT), SETSLOT_SET)
      if (!IpSet.testOne(other, skb, dimensions, sources, inner, 0)) continue
      if (Set.matches(set, member + SETMEMBER_EXPIRES, bytes, flags, ops)) return true
    }
    return false
  }

  /** The same for a set that is no list. */
  private static testOne(
    set: usize,
    skb: usize,
    dimensions: u32,
    sources: u32,
    flags: u32,
    ops: usize,
  ): bool {
    if (!IpSet.fits(set, skb, dimensions)) return false
    const type = Set.type(set)
    if (type == SETTYPE_BITMAP_PORT)
      return (
        IpSet.bitmapPort(skb, sources) &&
        SetBitmap.test(set, bswap<u16>(SetPacket.port as u16), Skb.l3len(skb), flags, ops)
      )
    if (!IpSet.key(type, skb, sources)) return false
    const found = SetHash.test(set, KEY, Skb.l3len(skb), flags, ops)
    if (flags & SETTEST_RETURN_NOMATCH && SetHash.netOffset(type) >= 0) return found < 0
    return found > 0
  }

  /** `-j SET --add-set`: seconds is SETADT_DEFAULT_TIMEOUT for the set's own timeout. */
  static add(slot: usize, skb: usize, dimensions: u32, sources: u32, exist: bool, seconds: u32): i32 {
    const set: usize = load<u32>(slot, SETSLOT_SET)
    if (Set.type(set) != SETTYPE_LIST_SET) return IpSet.addOne(set, skb, dimensions, sources, exist, seconds)
    const end = Set.pool(set) + (Set.elements(set) as usize) * SETMEMBER_SIZE
    for (let member = Set.pool(set); member < end; member += SETMEMBER_SIZE) {
      if (Set.expired(set, load<u64>(member, SETMEMBER_EXPIRES))) continue
      const other: usize = load<u32>(load<u32>(member, SETMEMBER_SLOT), SETSLOT_SET)
      if (IpSet.addOne(other, skb, dimensions, sources, exist, seconds) == SETADT_OK) return SETADT_OK
    }
    return SETADT_OK
  }

  private static addOne(
    set: usize,
    skb: usize,
    dimensions: u32,
    sources: u32,
    exist: bool,
    seconds: u32,
  ): i32 {
    if (!IpSet.element(set, skb, dimensions, sources)) return SETADT_MISMATCH
    store<u32>(KEY, 0, SETELEM_PREFIX + 1)
    store<u64>(KEY, Set.expiry(set, seconds), SETELEM_EXPIRES)
    store<u64>(KEY, 1, SETELEM_PACKETS)
    store<u64>(KEY, Skb.l3len(skb) as u64, SETELEM_BYTES)
    return Set.type(set) == SETTYPE_BITMAP_PORT
      ? SetBitmap.add(set, bswap<u16>(SetPacket.port as u16), KEY + SETELEM_EXPIRES, exist)
      : SetHash.add(set, KEY, exist, false)
  }

  /** `-j SET --del-set`. */
  static del(slot: usize, skb: usize, dimensions: u32, sources: u32): i32 {
    const set: usize = load<u32>(slot, SETSLOT_SET)
    if (Set.type(set) != SETTYPE_LIST_SET) return IpSet.delOne(set, skb, dimensions, sources)
    const end = Set.pool(set) + (Set.elements(set) as usize) * SETMEMBER_SIZE
    for (let member = Set.pool(set); member < end; member += SETMEMBER_SIZE) {
      if (Set.expired(set, load<u64>(member, SETMEMBER_EXPIRES))) continue
      const other: usize = load<u32>(load<u32>(member, SETMEMBER_SLOT), SETSLOT_SET)
      if (IpSet.delOne(other, skb, dimensions, sources) == SETADT_OK) return SETADT_OK
    }
    return SETADT_OK
  }

  private static delOne(set: usize, skb: usize, dimensions: u32, sources: u32): i32 {
    if (!IpSet.element(set, skb, dimensions, sources)) return SETADT_MISMATCH
    return Set.type(set) == SETTYPE_BITMAP_PORT
      ? SetBitmap.del(set, bswap<u16>(SetPacket.port as u16))
      : SetHash.del(set, KEY)
  }

  @inline private static fits(set: usize, skb: usize, dimensions: u32): bool {
    const family = Set.family(set)
    return dimensions >= Set.dimensions(set) && (family == 0 || family == Skb.family(skb))
  }

  /** The element that a packet adds or deletes: a network gets the longest prefix of the set. */
  private static element(set: usize, skb: usize, dimensions: u32, sources: u32): bool {
    if (!IpSet.fits(set, skb, dimensions)) return false
    const type = Set.type(set)
    if (type == SETTYPE_BITMAP_PORT) return IpSet.bitmapPort(skb, sources)
    if (!IpSet.key(type, skb, sources)) return false
    const at = SetHash.netOffset(type)
    if (at < 0) return true
    const length = SetHash.longestPrefix(set)
    SetHash.mask(KEY + (at as usize), Set.family(set), length)
    store<u8>(KEY, length, SETELEM_PREFIX)
    return true
  }

  /** bitmap:port takes TCP and UDP only. */
  @inline private static bitmapPort(skb: usize, sources: u32): bool {
    return SetPacket.read(skb, (sources & 1) != 0) && (SetPacket.proto == 6 || SetPacket.proto == 17)
  }

  /** Writes the key of a hash type; false when the packet has none. */
  private static key(type: u32, skb: usize, sources: u32): bool {
    IpSet.side(KEY + SETELEM_FIRST, skb, sources & 1)
    Address.clear(KEY + SETELEM_SECOND)
    store<u32>(KEY, 0, SETELEM_PORT)
    if (type == SETTYPE_HASH_NET) return true
    if (type == SETTYPE_HASH_IP) return !IpSet.unspecified(KEY + SETELEM_FIRST, skb)
    if (!SetPacket.read(skb, (sources & 2) != 0)) return false
    store<u16>(KEY, SetPacket.port, SETELEM_PORT)
    store<u8>(KEY, SetPacket.proto, SETELEM_PROTO)
    if (type == SETTYPE_HASH_IP_PORT_IP || type == SETTYPE_HASH_IP_PORT_NET)
      IpSet.side(KEY + SETELEM_SECOND, skb, sources & 4)
    return true
  }

  @inline private static side(to: usize, skb: usize, source: u32): void {
    Address.copy(to, source != 0 ? Skb.src(skb) : Skb.dst16(skb))
  }

  @inline private static unspecified(address: usize, skb: usize): bool {
    return Skb.family(skb) == NFPROTO_IPV4 ? Address.v4(address) == 0 : Address.isZero(address)
  }
}
