// The packet inside an ICMP error: where its transport header is and what its tuple is
// (net/netfilter/nf_conntrack_core.c: nf_ct_get_tuplepr; net/ipv6/exthdrs_core.c: ipv6_skip_exthdr). It may be cut
// off anywhere: nothing is read at or behind `end`.

import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './tuple.ts'
import {
  ADDR_LAST_WORD,
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SPORT,
  TUPLE_SRC,
} from '../../src/abi/tuple.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'

const IPV4_HEADER: usize = 20
const IPV4_FRAGMENT = 6
const IPV4_PROTOCOL = 9
const IPV4_SADDR = 12
const IPV4_DADDR = 16

const IPV6_HEADER: usize = 40
const IPV6_NEXTHDR = 6
const IPV6_SADDR = 8
const IPV6_DADDR = 24

const NEXTHDR_HOP: u32 = 0
const NEXTHDR_ROUTING: u32 = 43
const NEXTHDR_FRAGMENT: u32 = 44
const NEXTHDR_AUTH: u32 = 51
const NEXTHDR_NONE: u32 = 59
const NEXTHDR_DEST: u32 = 60

/** ::ffff:0:0 in memory order, the half before an IPv4 address. */
const MAPPED: u64 = 0x0000_0000_ffff_0000

/** Fragment offset and nothing else of the 16-bit words of IPv4 and IPv6, in memory order. */
const IPV4_OFFSET: u32 = 0xff1f
const IPV6_OFFSET: u32 = 0xf8ff

export abstract class Inner {
  /** Fills the tuple from the packet at `l3`. False when it has none: cut short, or a later fragment. */
  static tuple(to: usize, l3: usize, end: usize, family: u32): bool {
    memory.fill(to, 0, 40)
    const l4 = Inner.transport(l3, end, family)
    if (l4 == 0) return false
    const proto = family == NFPROTO_IPV4 ? load<u8>(l3, IPV4_PROTOCOL) : Inner.protocol6(l3, end)
    store<u8>(to, proto, TUPLE_PROTO)
    store<u8>(to, family, TUPLE_L3NUM)
    if (family == NFPROTO_IPV4) {
      store<u64>(to, MAPPED, TUPLE_SRC + 8)
      store<u64>(to, MAPPED, TUPLE_DST + 8)
      store<u32>(to, load<u32>(l3, IPV4_SADDR), TUPLE_SRC + ADDR_LAST_WORD)
      store<u32>(to, load<u32>(l3, IPV4_DADDR), TUPLE_DST + ADDR_LAST_WORD)
    } else {
      v128.store(to, v128.load(l3, IPV6_SADDR), TUPLE_SRC)
      v128.store(to, v128.load(l3, IPV6_DADDR), TUPLE_DST)
    }
    switch (proto) {
      case IPPROTO_TCP:
      case IPPROTO_UDP:
      case IPPROTO_UDPLITE:
      case IPPROTO_SCTP:
        if (l4 + 4 > end) return false
        store<u16>(to, load<u16>(l4), TUPLE_SPORT)
        store<u16>(to, load<u16>(l4, 2), TUPLE_DPORT)
        return true
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        if (l4 + 8 > end) return false
        store<u16>(to, load<u16>(l4, 4), TUPLE_SPORT)
        store<u16>(to, load<u16>(l4), TUPLE_DPORT)
        return true
      default:
        return true
    }
  }

  /** The transport header of the packet at `l3`, which may be `end` itself; 0 when there is none. */
  static transport(l3: usize, end: usize, family: u32): usize {
    if (family == NFPROTO_IPV4) {
      if (l3 + IPV4_HEADER > end || (load<u16>(l3, IPV4_FRAGMENT) & IPV4_OFFSET) != 0) return 0
      const l4 = l3 + (((load<u8>(l3) & 15) as usize) << 2)
      return l4 > end ? 0 : l4
    }
    if (l3 + IPV6_HEADER > end) return 0
    return (Inner.walk6(l3, end) >> 8) as usize
  }

  @inline static protocol6(l3: usize, end: usize): u32 {
    return (Inner.walk6(l3, end) & 0xff) as u32
  }

  /** Past the extension headers: transport address << 8 | protocol, or 0. */
  private static walk6(l3: usize, end: usize): u64 {
    let next: u32 = load<u8>(l3, IPV6_NEXTHDR)
    let at = l3 + IPV6_HEADER
    while (Inner.isExtension(next)) {
      if (next == NEXTHDR_NONE || at + 4 > end) return 0
      let length: usize = ((load<u8>(at, 1) as usize) + 1) << 3
      if (next == NEXTHDR_FRAGMENT) {
        if ((load<u16>(at, 2) & IPV6_OFFSET) != 0) return 0
        length = 8
      } else if (next == NEXTHDR_AUTH) {
        length = ((load<u8>(at, 1) as usize) + 2) << 2
      }
      next = load<u8>(at)
      at += length
    }
    return ((at as u64) << 8) | (next as u64)
  }

  @inline private static isExtension(next: u32): bool {
    switch (next) {
      case NEXTHDR_HOP:
      case NEXTHDR_ROUTING:
      case NEXTHDR_FRAGMENT:
      case NEXTHDR_AUTH:
      case NEXTHDR_NONE:
      case NEXTHDR_DEST:
        return true
      default:
        return false
    }
  }
}
