// What a set reads from a packet (ip_set_getport.c): the protocol and the port of one side, from the packet's own
// headers, as far as they are there.

import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Skb } from '../packet/skb.ts'

const TCP: u32 = 6
const UDP: u32 = 17
const ICMP: u32 = 1
const ICMPV6: u32 = 58
const SCTP: u32 = 132
const UDPLITE: u32 = 136

const HOPOPTS: u32 = 0
const ROUTING: u32 = 43
const FRAGMENT: u32 = 44
const AUTH: u32 = 51
const NONE: u32 = 59
const DSTOPTS: u32 = 60

export abstract class SetPacket {
  /** What `ports` found: the port as it stands in memory (ICMP: type, then code) and the protocol. */
  static port: u32 = 0
  static proto: u32 = 0

  /** False when the packet has no port to look at: a later fragment, a header cut short. */
  static read(skb: usize, source: bool): bool {
    const l3 = Skb.l3(skb)
    const end = l3 + (Skb.l3len(skb) as usize)
    SetPacket.port = 0
    if (Skb.family(skb) != NFPROTO_IPV4) return SetPacket.read6(l3, end, source)
    const proto: u32 = load<u8>(l3, 9)
    if (proto == 0) return false
    if ((load<u8>(l3, 6) & 0x1f) | load<u8>(l3, 7)) {
      SetPacket.proto = proto
      return proto != TCP && proto != UDP && proto != SCTP && proto != UDPLITE && proto != ICMP
    }
    return SetPacket.transport(l3 + (((load<u8>(l3) & 15) << 2) as usize), end, proto, source)
  }

  /** net/ipv6/exthdrs_core.c: ipv6_skip_exthdr. */
  private static read6(l3: usize, end: usize, source: bool): bool {
    let next: u32 = load<u8>(l3, 6)
    let at = l3 + 40
    while (
      next == HOPOPTS ||
      next == ROUTING ||
      next == FRAGMENT ||
      next == AUTH ||
      next == NONE ||
      next == DSTOPTS
    ) {
      if (next == NONE || at + 2 > end) return false
      let length: u32 = ((load<u8>(at, 1) as u32) + 1) << 3
      if (next == FRAGMENT) {
        if (at + 4 > end) return false
        if (load<u8>(at, 2) | (load<u8>(at, 3) & 0xf8)) return false
        length = 8
      } else if (next == AUTH) length = ((load<u8>(at, 1) as u32) + 2) << 2
      next = load<u8>(at)
      at += length as usize
    }
    return SetPacket.transport(at, end, next, source)
  }

  private static transport(at: usize, end: usize, proto: u32, source: bool): bool {
    SetPacket.proto = proto
    switch (proto) {
      case TCP: {
        if (at + 20 > end) return false
        break
      }
      case SCTP: {
        if (at + 12 > end) return false
        break
      }
      case UDP:
      case UDPLITE: {
        if (at + 8 > end) return false
        break
      }
      case ICMP:
      case ICMPV6: {
        if (at + 8 > end) return false
        SetPacket.port = load<u16>(at)
        return true
      }
      default:
        return true
    }
    SetPacket.port = source ? load<u16>(at) : load<u16>(at, 2)
    return true
  }
}
