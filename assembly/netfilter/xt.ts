// What one walk knows of its packet besides the skb: struct xt_action_param (include/linux/netfilter/x_tables.h) and
// what ip6_packet_match finds out (net/ipv6/netfilter/ip6_tables.c). One walk is in progress at a time.

import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from '../../src/abi/headers.ts'
import { Skb } from '../packet/skb.ts'

const NEXTHDR_HOP: i32 = 0
const NEXTHDR_ROUTING: i32 = 43
const NEXTHDR_FRAGMENT: i32 = 44
const NEXTHDR_AUTH: i32 = 51
const NEXTHDR_DEST: i32 = 60

export abstract class Xt {
  static hook: u32 = 0
  /** Where the transport header begins. */
  static thoff: usize = 0
  /** End of the network packet. */
  static end: usize = 0
  /** Not 0 for a later fragment: in units of 8 bytes for IPv4, in bytes for IPv6, as in the kernel. */
  static fragoff: u32 = 0
  /** Transport protocol, -1 when no header chain leads to one (IPv6). */
  static proto: i32 = 0
  /** A match that could not look at what it must: the packet is dropped. */
  static hotdrop: bool = false

  /** Transport headers of `bytes` bytes are all there. */
  @inline static has(bytes: usize): bool {
    return Xt.thoff + bytes <= Xt.end
  }

  @inline static sport(): u32 {
    return Xt.port(0)
  }

  @inline static dport(): u32 {
    return Xt.port(2)
  }

  /** A port of the packet's own header, host order. */
  @inline private static port(at: usize): u32 {
    const p = Xt.thoff + at
    return ((load<u8>(p) as u32) << 8) | load<u8>(p, 1)
  }

  /**
   * Starts a walk. True when the skb's tuple says all that header tests and port tests can ask: only then may rules
   * be left out by the quick filter (a broken packet can be dropped by a rule that it does not match).
   */
  @inline static enter(skb: usize, hook: u32): bool {
    const l3 = Skb.l3(skb)
    Xt.hook = hook
    Xt.hotdrop = false
    Xt.end = l3 + (Skb.l3len(skb) as usize)
    if (Skb.family(skb) == NFPROTO_IPV4) {
      Xt.thoff = l3 + (((load<u8>(l3) & 15) << 2) as usize)
      const fragoff = ((((load<u8>(l3, 6) & 0x1f) as u32) << 8) | load<u8>(l3, 7)) as u32
      const proto: u32 = load<u8>(l3, 9)
      Xt.fragoff = fragoff
      Xt.proto = proto
      if ((fragoff | (proto ^ Skb.proto(skb))) != 0) return false
      if (proto == IPPROTO_TCP) return Xt.has(20)
    } else Xt.findHeader(l3)
    if (Xt.fragoff != 0 || Xt.proto != (Skb.proto(skb) as i32)) return false
    switch (Xt.proto) {
      case IPPROTO_TCP:
        return Xt.has(20)
      case IPPROTO_UDP:
        return Xt.has(8)
      case IPPROTO_SCTP:
        return Xt.has(12)
      default:
        return true
    }
  }

  /** net/ipv6/exthdrs_core.c: ipv6_find_hdr with target -1. */
  private static findHeader(l3: usize): void {
    const end = Xt.end
    let next: i32 = load<u8>(l3, 6)
    let at = l3 + 40
    Xt.fragoff = 0
    Xt.proto = -1
    while (Xt.isExtension(next)) {
      if (at + (next == NEXTHDR_ROUTING ? 4 : 2) > end) return
      const following: i32 = load<u8>(at)
      let length = ((load<u8>(at, 1) as usize) + 1) << 3
      if (next == NEXTHDR_FRAGMENT) {
        if (at + 4 > end) return
        const offset = (((load<u8>(at, 2) as u32) << 8) | load<u8>(at, 3)) & 0xfff8
        if (offset != 0) {
          if (Xt.isExtension(following)) return
          Xt.fragoff = offset
          Xt.proto = following
          Xt.thoff = at
          return
        }
        length = 8
      } else if (next == NEXTHDR_AUTH) length = ((load<u8>(at, 1) as usize) + 2) << 2
      if (at + length > end) return
      next = following
      at += length
    }
    Xt.thoff = at
    Xt.proto = next
  }

  /** Headers that lead on; "no next header" (59) is none of them. */
  @inline private static isExtension(header: i32): bool {
    return (
      header == NEXTHDR_HOP ||
      header == NEXTHDR_ROUTING ||
      header == NEXTHDR_FRAGMENT ||
      header == NEXTHDR_AUTH ||
      header == NEXTHDR_DEST
    )
  }
}
