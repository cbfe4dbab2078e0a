// Matches on a field of the packet or its buffer: mark, tos and dscp, ttl and hl, length, pkttype, iprange, owner.

import {
  IPRANGE_DST_MAX,
  IPRANGE_DST_MIN,
  IPRANGE_FLAGS,
  IPRANGE_F_DST,
  IPRANGE_F_NOT_DST,
  IPRANGE_F_NOT_SRC,
  IPRANGE_F_SRC,
  IPRANGE_SRC_MAX,
  IPRANGE_SRC_MIN,
  LENGTH_MAX,
  LENGTH_MIN,
  LENGTH_NOT,
  MARK_MASK,
  MARK_NOT,
  MARK_VALUE,
  OWNER_GID,
  OWNER_GID_MIN,
  OWNER_GIVEN,
  OWNER_INVERT,
  OWNER_SOCKET,
  OWNER_UID,
  OWNER_UID_MIN,
  PKTTYPE_NOT,
  PKTTYPE_TYPE,
  TOS_MASK,
  TOS_NOT,
  TOS_VALUE,
  TTL_EQ,
  TTL_LT,
  TTL_NE,
  TTL_OP,
  TTL_VALUE,
} from '../../../src/abi/match.ts'
import { IPPROTO_TCP } from '../../../src/abi/headers.ts'
import { SKB_F_ERROR, SKB_F_LOCAL, SKB_SOCKET } from '../../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../../src/abi/verdict.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { Skb } from '../../packet/skb.ts'

export abstract class Field {
  /** xt_mark.c */
  @inline static mark(skb: usize, record: usize): bool {
    const same = (Skb.mark(skb) & load<u32>(record, MARK_MASK)) == load<u32>(record, MARK_VALUE)
    return same != (load<u32>(record, MARK_NOT) != 0)
  }

  /** Type of service or traffic class. */
  @inline static dsfield(skb: usize): u32 {
    const l3 = Skb.l3(skb)
    if (Skb.family(skb) == NFPROTO_IPV4) return load<u8>(l3, 1)
    return ((load<u8>(l3) & 15) << 4) | (load<u8>(l3, 1) >> 4)
  }

  /** Time to live or hop limit. */
  @inline static hops(skb: usize): u32 {
    const l3 = Skb.l3(skb)
    return Skb.family(skb) == NFPROTO_IPV4 ? load<u8>(l3, 8) : load<u8>(l3, 7)
  }

  /** xt_dscp.c */
  static tos(skb: usize, record: usize): bool {
    const same = (Field.dsfield(skb) & load<u8>(record, TOS_MASK)) == load<u8>(record, TOS_VALUE)
    return same != (load<u8>(record, TOS_NOT) != 0)
  }

  /** xt_hl.c */
  static ttl(skb: usize, record: usize): bool {
    const hops = Field.hops(skb)
    const value = load<u8>(record, TTL_VALUE) as u32
    switch (load<u8>(record, TTL_OP) as u32) {
      case TTL_EQ:
        return hops == value
      case TTL_NE:
        return hops != value
      case TTL_LT:
        return hops < value
      default:
        return hops > value
    }
  }

  /** xt_length.c */
  static length(skb: usize, record: usize): bool {
    const length = Skb.l3len(skb)
    const inside = length >= load<u16>(record, LENGTH_MIN) && length <= load<u16>(record, LENGTH_MAX)
    return inside != (load<u32>(record, LENGTH_NOT) != 0)
  }

  /** xt_pkttype.c */
  static pkttype(skb: usize, record: usize): bool {
    return (Skb.pkttype(skb) == load<u8>(record, PKTTYPE_TYPE)) != (load<u8>(record, PKTTYPE_NOT) != 0)
  }

  /** xt_iprange.c */
  static iprange(skb: usize, record: usize): bool {
    const flags = load<u32>(record, IPRANGE_FLAGS)
    if (flags & IPRANGE_F_SRC) {
      const src = skb + TUPLE_SRC
      const outside = Field.below(src, record + IPRANGE_SRC_MIN) || Field.below(record + IPRANGE_SRC_MAX, src)
      if (outside != ((flags & IPRANGE_F_NOT_SRC) != 0)) return false
    }
    if (flags & IPRANGE_F_DST) {
      const dst = skb + TUPLE_DST
      const outside = Field.below(dst, record + IPRANGE_DST_MIN) || Field.below(record + IPRANGE_DST_MAX, dst)
      if (outside != ((flags & IPRANGE_F_NOT_DST) != 0)) return false
    }
    return true
  }

  /** Address `a` is below `b`, as numbers. */
  @inline private static below(a: usize, b: usize): bool {
    const a0 = bswap<u64>(load<u64>(a))
    const b0 = bswap<u64>(load<u64>(b))
    return a0 != b0 ? a0 < b0 : bswap<u64>(load<u64>(a, 8)) < bswap<u64>(load<u64>(b, 8))
  }

  /**
   * A received packet has no socket, nor has the reset that REJECT makes (nf_send_reset), nor any reset of TCP's own
   * over IPv6 (tcp_v6_send_response).
   */
  @inline static hasSocket(skb: usize): bool {
    if (!Skb.hasFlag(skb, SKB_F_LOCAL)) return false
    if (load<u32>(skb, SKB_SOCKET) != 0 || Skb.proto(skb) != IPPROTO_TCP) return true
    return Skb.family(skb) == NFPROTO_IPV4 && !Skb.hasFlag(skb, SKB_F_ERROR)
  }

  /**
   * xt_owner.c. Answers of the kernel's own making have a socket without a file;
   * everything else local belongs to a process of root.
   */
  static owner(skb: usize, record: usize): bool {
    const given = load<u16>(record, OWNER_GIVEN) as u32
    const invert = load<u16>(record, OWNER_INVERT) as u32
    if (!Field.hasSocket(skb)) return given == invert
    if (given & invert & OWNER_SOCKET) return false
    if (load<u32>(skb, SKB_SOCKET) == 0) return ((given ^ invert) & (OWNER_UID | OWNER_GID)) == 0
    if (given & OWNER_UID) {
      const root = load<u32>(record, OWNER_UID_MIN) == 0
      if (root == ((invert & OWNER_UID) != 0)) return false
    }
    if (given & OWNER_GID) {
      const root = load<u32>(record, OWNER_GID_MIN) == 0
      if (root == ((invert & OWNER_GID) != 0)) return false
    }
    return true
  }
}
