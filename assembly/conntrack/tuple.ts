// Tuples (src/abi/tuple.ts): equality and inversion, i.e. what a reply to this tuple looks like
// (net/netfilter/nf_conntrack_core.c: nf_ct_invert_tuple).

import {
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SPORT,
  TUPLE_SRC,
} from '../../src/abi/tuple.ts'

export const IPPROTO_ICMP: u32 = 1
export const IPPROTO_TCP: u32 = 6
export const IPPROTO_UDP: u32 = 17
export const IPPROTO_DCCP: u32 = 33
export const IPPROTO_GRE: u32 = 47
export const IPPROTO_ICMPV6: u32 = 58
export const IPPROTO_SCTP: u32 = 132
export const IPPROTO_UDPLITE: u32 = 136

/** Everything but the padding: 38 bytes. */
const LAST_WORD: u64 = 0x0000_ffff_ffff_ffff

export abstract class Tuple {
  @inline static proto(tuple: usize): u32 {
    return load<u8>(tuple, TUPLE_PROTO)
  }

  /** ICMP type: the first byte of the destination port's place; the code is the second. */
  @inline static icmpType(tuple: usize): u32 {
    return load<u8>(tuple, TUPLE_DPORT)
  }

  /** Ports, protocol and family in one word, padding cleared. */
  @inline static lastWord(tuple: usize): u64 {
    return load<u64>(tuple, TUPLE_SPORT) & LAST_WORD
  }

  @inline static equal(a: usize, b: usize): bool {
    const sides = v128.and(
      i32x4.eq(v128.load(a, TUPLE_SRC), v128.load(b, TUPLE_SRC)),
      i32x4.eq(v128.load(a, TUPLE_DST), v128.load(b, TUPLE_DST)),
    )
    return (
      i32x4.bitmask(sides) == 15 && ((load<u64>(a, TUPLE_SPORT) ^ load<u64>(b, TUPLE_SPORT)) & LAST_WORD) == 0
    )
  }

  @inline static addressEqual(a: usize, b: usize): bool {
    return i32x4.bitmask(i32x4.eq(v128.load(a), v128.load(b))) == 15
  }

  @inline static copyAddress(to: usize, from: usize): void {
    v128.store(to, v128.load(from))
  }

  /** Copies the 38 bytes of a tuple; the two behind them, a key's namespace, stay. */
  @inline static copy(to: usize, from: usize): void {
    v128.store(to, v128.load(from, TUPLE_SRC), TUPLE_SRC)
    v128.store(to, v128.load(from, TUPLE_DST), TUPLE_DST)
    store<u64>(to, (load<u64>(to, TUPLE_SPORT) & ~LAST_WORD) | Tuple.lastWord(from), TUPLE_SPORT)
  }

  /** Writes the inverse of `from` to `to` (another place). False when an ICMP type has no inverse. */
  static invert(to: usize, from: usize): bool {
    v128.store(to, v128.load(from, TUPLE_DST), TUPLE_SRC)
    v128.store(to, v128.load(from, TUPLE_SRC), TUPLE_DST)
    const proto = Tuple.proto(from)
    store<u8>(to, proto, TUPLE_PROTO)
    store<u8>(to, load<u8>(from, TUPLE_L3NUM), TUPLE_L3NUM)
    if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
      const type = Tuple.icmpType(from)
      const inverse = proto == IPPROTO_ICMP ? Tuple.inverseIcmp(type) : Tuple.inverseIcmpv6(type)
      if (inverse < 0) return false
      store<u16>(to, load<u16>(from, TUPLE_SPORT), TUPLE_SPORT)
      store<u8>(to, inverse as u8, TUPLE_DPORT)
      store<u8>(to, load<u8>(from, TUPLE_DPORT + 1), TUPLE_DPORT + 1)
      return true
    }
    store<u16>(to, load<u16>(from, TUPLE_DPORT), TUPLE_SPORT)
    store<u16>(to, load<u16>(from, TUPLE_SPORT), TUPLE_DPORT)
    return true
  }

  /** Requests and replies of ICMP by type: echo 8/0, timestamp 13/14, information 15/16, address mask 17/18. */
  private static inverseIcmp(type: u32): i32 {
    switch (type) {
      case 8:
        return 0
      case 0:
        return 8
      case 13:
      case 15:
      case 17:
        return type + 1
      case 14:
      case 16:
      case 18:
        return type - 1
      default:
        return -1
    }
  }

  /** Echo 128/129 and node information 139/140. */
  private static inverseIcmpv6(type: u32): i32 {
    switch (type) {
      case 128:
      case 139:
        return type + 1
      case 129:
      case 140:
        return type - 1
      default:
        return -1
    }
  }
}
