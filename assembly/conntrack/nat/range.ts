// Accessors of a NAT range (src/abi/nat.ts) and whether a tuple lies in it (net/netfilter/nf_nat_core.c: nf_in_range,
// l4proto_in_range).

import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  Tuple,
} from '../tuple.ts'
import {
  NAT_RANGE_BASE_PROTO,
  NAT_RANGE_FLAGS,
  NAT_RANGE_MAX_ADDR,
  NAT_RANGE_MAX_PROTO,
  NAT_RANGE_MIN_ADDR,
  NAT_RANGE_MIN_PROTO,
  NF_NAT_MANIP_SRC,
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from '../../../src/abi/nat.ts'
import { TUPLE_DPORT, TUPLE_SPORT, TUPLE_SRC } from '../../../src/abi/tuple.ts'

export abstract class NatRange {
  @inline static flags(range: usize): u32 {
    return load<u32>(range, NAT_RANGE_FLAGS)
  }

  @inline static has(range: usize, flags: u32): bool {
    return (load<u32>(range, NAT_RANGE_FLAGS) & flags) != 0
  }

  /** Ports in host order. */
  @inline static minPort(range: usize): u32 {
    return bswap<u16>(load<u16>(range, NAT_RANGE_MIN_PROTO))
  }

  @inline static maxPort(range: usize): u32 {
    return bswap<u16>(load<u16>(range, NAT_RANGE_MAX_PROTO))
  }

  @inline static basePort(range: usize): u32 {
    return bswap<u16>(load<u16>(range, NAT_RANGE_BASE_PROTO))
  }

  @inline static minAddress(range: usize): usize {
    return range + NAT_RANGE_MIN_ADDR
  }

  @inline static maxAddress(range: usize): usize {
    return range + NAT_RANGE_MAX_ADDR
  }

  /** Whether the source of a tuple meets the range as it is. */
  static holdsSource(range: usize, tuple: usize): bool {
    if (NatRange.has(range, NF_NAT_RANGE_MAP_IPS)) {
      const source = tuple + TUPLE_SRC
      if (NatRange.isBelow(source, NatRange.minAddress(range))) return false
      if (NatRange.isBelow(NatRange.maxAddress(range), source)) return false
    }
    if (!NatRange.has(range, NF_NAT_RANGE_PROTO_SPECIFIED)) return true
    return NatRange.holdsPort(range, tuple, NF_NAT_MANIP_SRC)
  }

  /** Whether the port that would be changed (or the ICMP id) is in the range. Protocols without ports always are. */
  static holdsPort(range: usize, tuple: usize, manip: i32): bool {
    let port: u32
    switch (Tuple.proto(tuple)) {
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        port = load<u16>(tuple, TUPLE_SPORT)
        break
      case IPPROTO_TCP:
      case IPPROTO_UDP:
      case IPPROTO_UDPLITE:
      case IPPROTO_SCTP:
      case IPPROTO_GRE:
        port = manip == NF_NAT_MANIP_SRC ? load<u16>(tuple, TUPLE_SPORT) : load<u16>(tuple, TUPLE_DPORT)
        break
      default:
        return true
    }
    const host: u32 = bswap<u16>(port as u16)
    return host >= NatRange.minPort(range) && host <= NatRange.maxPort(range)
  }

  /** Order of 16-byte addresses as numbers. */
  static isBelow(a: usize, b: usize): bool {
    const highA = bswap<u64>(load<u64>(a))
    const highB = bswap<u64>(load<u64>(b))
    if (highA != highB) return highA < highB
    return bswap<u64>(load<u64>(a, 8)) < bswap<u64>(load<u64>(b, 8))
  }
}
