// From a frame's bytes to the skb's fields: tuple, transport header, fragment offset, TCP flags. Every check of a
// length is made here or by the caller as documented; nothing reads beyond the network packet's end.

import {
  ICMP_HLEN,
  ICMP_ID,
  ICMP_TYPE,
  IP6_DST,
  IP6_HLEN,
  IP6_NEXT,
  IP6_SRC,
  IPPROTO_DCCP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IP_DST,
  IP_FRAGOFF,
  IP_MF,
  IP_OFFSET,
  IP_PROTO,
  IP_SRC,
  IP_VHL,
  NEXTHDR_AUTH,
  NEXTHDR_DEST,
  NEXTHDR_FRAGMENT,
  NEXTHDR_HOP,
  NEXTHDR_NONE,
  NEXTHDR_ROUTING,
  TCP_FLAGS,
  TCP_HLEN,
} from '../../src/abi/headers.ts'
import { SKB_F_LATER_FRAGMENT, SKB_F_MORE_FRAGMENTS } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Address } from './address.ts'
import { Skb } from './skb.ts'

/** More fragments, and the fragment offset, in memory order. */
const NOT_WHOLE: u32 = 0xff3f

export abstract class Parse {
  /**
   * Fills the record from an IPv4 packet at `l3` of `length` bytes (its total length). The caller has checked
   * version, ihl ≥ 5 and 4·ihl ≤ length.
   */
  @inline static ip4(skb: usize, l3: usize, length: u32): void {
    Skb.setL3(skb, l3)
    Skb.setL3len(skb, length)
    Skb.setFamily(skb, NFPROTO_IPV4)
    Address.mapped(Skb.src(skb), load<u32>(l3, IP_SRC))
    Address.mapped(Skb.dst16(skb), load<u32>(l3, IP_DST))
    Skb.dropFlag(skb, SKB_F_MORE_FRAGMENTS | SKB_F_LATER_FRAGMENT)
    let offset: u32 = 0
    if (load<u16>(l3, IP_FRAGOFF) & NOT_WHOLE) {
      const frag = bswap<u16>(load<u16>(l3, IP_FRAGOFF)) as u32
      offset = (frag & IP_OFFSET) << 3
      if (frag & IP_MF) Skb.addFlag(skb, SKB_F_MORE_FRAGMENTS)
    }
    const header = ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
    Parse.transport(skb, l3 + header, length - header, load<u8>(l3, IP_PROTO), offset)
  }

  /**
   * Fills the record from an IPv6 packet at `l3` of `length` bytes (40 + payload length), walking the extension
   * headers as ipv6_skip_exthdr does. The caller has checked that 40 bytes are there.
   */
  static ip6(skb: usize, l3: usize, length: u32): void {
    Skb.setL3(skb, l3)
    Skb.setL3len(skb, length)
    Skb.setFamily(skb, NFPROTO_IPV6)
    Address.copy(Skb.src(skb), l3 + IP6_SRC)
    Address.copy(Skb.dst16(skb), l3 + IP6_DST)
    Skb.dropFlag(skb, SKB_F_MORE_FRAGMENTS | SKB_F_LATER_FRAGMENT)
    let next: u32 = load<u8>(l3, IP6_NEXT)
    let at: u32 = IP6_HLEN
    let offset: u32 = 0
    while (Parse.isExtension(next)) {
      if (next == NEXTHDR_NONE || at + 8 > length) {
        Parse.transport(skb, 0, 0, next, offset)
        return
      }
      const header = l3 + at
      if (next == NEXTHDR_FRAGMENT) {
        const frag = bswap<u16>(load<u16>(header, 2)) as u32
        offset = frag & 0xfff8
        if (frag & 1) Skb.addFlag(skb, SKB_F_MORE_FRAGMENTS)
        next = load<u8>(header)
        at += 8
        if (offset != 0) break
        continue
      }
      const units = load<u8>(header, 1) as u32
      at += next == NEXTHDR_AUTH ? (units + 2) << 2 : (units + 1) << 3
      next = load<u8>(header)
      if (at > length) {
        Parse.transport(skb, 0, 0, next, offset)
        return
      }
    }
    Parse.transport(skb, l3 + at, length - at, next, offset)
  }

  /** ipv6_ext_hdr. */
  @inline static isExtension(next: u32): bool {
    return (
      next == NEXTHDR_HOP ||
      next == NEXTHDR_ROUTING ||
      next == NEXTHDR_FRAGMENT ||
      next == NEXTHDR_AUTH ||
      next == NEXTHDR_NONE ||
      next == NEXTHDR_DEST
    )
  }

  /** The transport's part of the tuple; `l4` 0 when there is no transport header to see. */
  static transport(skb: usize, l4: usize, length: u32, proto: u32, offset: u32): void {
    Skb.setFragoff(skb, offset)
    Skb.setL4len(skb, length)
    Skb.setTcpflags(skb, 0)
    let ports: u32 = 0
    if (offset != 0) {
      Skb.addFlag(skb, SKB_F_LATER_FRAGMENT)
      Skb.setL4(skb, 0)
    } else {
      Skb.setL4(skb, l4)
      if (l4 != 0) ports = Parse.ports(skb, l4, length, proto)
    }
    Skb.setTransport(skb, ports, proto)
  }

  /** Source port and, above it, destination port as the tuple has them; 0 where there are none. */
  @inline private static ports(skb: usize, l4: usize, length: u32, proto: u32): u32 {
    switch (proto) {
      case IPPROTO_TCP:
        if (length >= (TCP_HLEN as u32)) Skb.setTcpflags(skb, load<u8>(l4, TCP_FLAGS))
      case IPPROTO_UDP:
      case IPPROTO_SCTP:
      case IPPROTO_UDPLITE:
      case IPPROTO_DCCP:
        return length >= 4 ? load<u32>(l4) : 0
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        if (length < (ICMP_HLEN as u32)) return 0
        return (load<u16>(l4, ICMP_ID) as u32) | ((load<u16>(l4, ICMP_TYPE) as u32) << 16)
    }
    return 0
  }
}
