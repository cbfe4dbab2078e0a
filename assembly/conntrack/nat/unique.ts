// Choosing what a flow is mapped to, so that its replies can be told from everybody else's
// (net/netfilter/nf_nat_core.c: get_unique_tuple, find_appropriate_src, find_best_ips_proto,
// nf_nat_l4proto_unique_tuple).
//
// Ports that the kernel draws with get_random_u16 come from the engine's seeded generator.

import { Random } from '../../memory/random.ts'
import { BySource } from '../bysource.ts'
import { Ct } from '../ct.ts'
import { CtNet } from '../ctnet.ts'
import { Taken } from '../taken.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  Tuple,
} from '../tuple.ts'
import { Jhash } from './jhash.ts'
import { NatRange } from './range.ts'
import { IP_CT_DIR_ORIGINAL, IP_CT_DIR_REPLY } from '../../../src/abi/conntrack.ts'
import {
  NF_NAT_MANIP_DST,
  NF_NAT_MANIP_SRC,
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_PERSISTENT,
  NF_NAT_RANGE_PROTO_OFFSET,
  NF_NAT_RANGE_PROTO_RANDOM_ALL,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from '../../../src/abi/nat.ts'
import { ADDR_LAST_WORD, TUPLE_DPORT, TUPLE_DST, TUPLE_SPORT, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4 } from '../../../src/abi/verdict.ts'

/** NF_NAT_MAX_ATTEMPTS: ports tried in a row before the search jumps elsewhere. */
const MAX_ATTEMPTS: u32 = 128
/** Below this a search is not continued elsewhere. */
const MIN_ATTEMPTS: u32 = 16

export abstract class Unique {
  /**
   * Writes to `tuple` what `original` becomes in the range. It may not be unique when the range is used up: then
   * confirmation drops the packet.
   */
  static choose(tuple: usize, original: usize, range: usize, ct: usize, manip: i32): void {
    const random = NatRange.has(range, NF_NAT_RANGE_PROTO_RANDOM_ALL)
    if (manip == NF_NAT_MANIP_SRC && !random) {
      if (NatRange.holdsSource(range, original)) {
        if (!Taken.byNew(original, ct)) {
          Tuple.copy(tuple, original)
          return
        }
      } else if (Unique.sameSource(tuple, original, range, ct)) {
        if (!Taken.by(tuple, ct)) return
      }
    }

    Tuple.copy(tuple, original)
    Unique.chooseAddress(tuple, range, ct, manip)

    if (!random) {
      if (NatRange.has(range, NF_NAT_RANGE_PROTO_SPECIFIED)) {
        const fits =
          !NatRange.has(range, NF_NAT_RANGE_PROTO_OFFSET) && NatRange.holdsPort(range, tuple, manip)
        if (fits && (NatRange.minPort(range) == NatRange.maxPort(range) || !Taken.by(tuple, ct))) return
      } else if (!Taken.by(tuple, ct)) {
        return
      }
    }
    Unique.choosePort(tuple, range, ct, manip)
  }

  /** A mapping that this source already has, if the range allows it. */
  private static sameSource(tuple: usize, original: usize, range: usize, ct: usize): bool {
    const id = CtNet.netnsId(Ct.net(ct))
    const zone = Ct.zone(ct, IP_CT_DIR_ORIGINAL)
    for (let other = BySource.first(original, id); other != 0; other = BySource.next(other)) {
      if (!BySource.isSame(other, original, id, zone)) continue
      Tuple.copy(tuple, original)
      const reply = Ct.reply(other)
      Tuple.copyAddress(tuple + TUPLE_SRC, reply + TUPLE_DST)
      // An ICMP id is in the same place in both directions.
      const icmp = Tuple.proto(original) == IPPROTO_ICMP || Tuple.proto(original) == IPPROTO_ICMPV6
      store<u16>(tuple, icmp ? load<u16>(reply, TUPLE_SPORT) : load<u16>(reply, TUPLE_DPORT), TUPLE_SPORT)
      if (NatRange.holdsSource(range, tuple)) return true
    }
    return false
  }

  /** An address of the range, by a hash of source and destination: the same client is always seen as the same one. */
  private static chooseAddress(tuple: usize, range: usize, ct: usize, manip: i32): void {
    if (!NatRange.has(range, NF_NAT_RANGE_MAP_IPS)) return
    const changed = tuple + (manip == NF_NAT_MANIP_SRC ? TUPLE_SRC : TUPLE_DST)
    const min = NatRange.minAddress(range)
    const max = NatRange.maxAddress(range)
    if (Tuple.addressEqual(min, max)) {
      Tuple.copyAddress(changed, min)
      return
    }
    const persistent = NatRange.has(range, NF_NAT_RANGE_PERSISTENT)
    const zone = Ct.zone(ct, IP_CT_DIR_ORIGINAL) | Ct.zone(ct, IP_CT_DIR_REPLY)
    const salt = persistent ? 0 : load<u32>(tuple, TUPLE_DST + ADDR_LAST_WORD) ^ zone
    if (Ct.l3num(ct) == NFPROTO_IPV4) {
      const hash = Jhash.four(load<u32>(tuple, TUPLE_SRC + ADDR_LAST_WORD), 0, 0, 0, salt)
      const lowest = bswap<u32>(load<u32>(min, ADDR_LAST_WORD))
      const count = bswap<u32>(load<u32>(max, ADDR_LAST_WORD)) - lowest + 1
      store<u32>(changed, bswap<u32>(lowest + Unique.scale(hash, count)), ADDR_LAST_WORD)
      return
    }
    Unique.chooseAddress6(tuple, changed, min, max, salt, persistent)
  }

  /** Word by word, each in its range until one is below the maximum; then the rest is free. */
  private static chooseAddress6(
    tuple: usize,
    changed: usize,
    min: usize,
    max: usize,
    salt: u32,
    persistent: bool,
  ): void {
    let hash = Jhash.four(
      load<u32>(tuple, TUPLE_SRC),
      load<u32>(tuple, TUPLE_SRC + 4),
      load<u32>(tuple, TUPLE_SRC + 8),
      load<u32>(tuple, TUPLE_SRC + 12),
      salt,
    )
    let free = false
    for (let i: usize = 0; i < 16; i += 4) {
      const lowest: u32 = free ? 0 : bswap<u32>(load<u32>(min + i))
      const count: u32 = free ? 0xffffffff : bswap<u32>(load<u32>(max + i)) - lowest + 1
      const word = bswap<u32>(lowest + Unique.scale(hash, count))
      store<u32>(changed + i, word)
      if (word != load<u32>(max + i)) free = true
      if (!persistent) hash ^= load<u32>(tuple + i, TUPLE_DST)
    }
  }

  /** Searches a free port (or ICMP id) in the range, or in the class of the present one. */
  private static choosePort(tuple: usize, range: usize, ct: usize, manip: i32): void {
    let place: usize
    let icmp = false
    switch (Tuple.proto(tuple)) {
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        icmp = true
        place = tuple + TUPLE_SPORT
        break
      case IPPROTO_TCP:
      case IPPROTO_UDP:
      case IPPROTO_UDPLITE:
      case IPPROTO_SCTP:
        place = tuple + (manip == NF_NAT_MANIP_SRC ? TUPLE_SPORT : TUPLE_DPORT)
        break
      default:
        return
    }
    const present: u32 = bswap<u16>(load<u16>(place))

    let min: u32
    let size: u32
    if (NatRange.has(range, NF_NAT_RANGE_PROTO_SPECIFIED)) {
      const first = NatRange.minPort(range)
      const last = NatRange.maxPort(range)
      min = !icmp && last < first ? last : first
      size = (!icmp && last < first ? first - last : last - first) + 1
    } else if (icmp) {
      min = 0
      size = 65536
    } else if (manip == NF_NAT_MANIP_DST) {
      return
    } else if (present < 512) {
      min = 1
      size = 511
    } else if (present < 1024) {
      min = 600
      size = 424
    } else {
      min = 1024
      size = 64512
    }

    let offset: u32 = 0
    if (NatRange.has(range, NF_NAT_RANGE_PROTO_OFFSET)) offset = present - NatRange.basePort(range)
    else if (NatRange.has(range, NF_NAT_RANGE_PROTO_RANDOM_ALL) || manip != NF_NAT_MANIP_DST)
      offset = Random.u32()

    let attempts = size > MAX_ATTEMPTS ? MAX_ATTEMPTS : size
    if (size == 0) return
    for (;;) {
      for (let i: u32 = 0; i < attempts; i++) {
        const port = min + (((offset + i) & 0xffff) % size)
        store<u16>(place, bswap<u16>(port as u16))
        if (!Taken.byHarder(tuple, ct, attempts - i)) return
      }
      if (attempts >= size || attempts < MIN_ATTEMPTS) return
      attempts >>= 1
      offset = Random.u32()
    }
  }

  /** reciprocal_scale. */
  @inline private static scale(hash: u32, count: u32): u32 {
    return (((hash as u64) * (count as u64)) >> 32) as u32
  }
}
