// The IPv6 headers of a packet that is delivered here, one after the other, up to its protocol's
// (net/ipv6/ip6_input.c: ip6_protocol_deliver_rcu; net/ipv6/exthdrs.c: ipv6_rthdr_rcv, ipv6_destopt_rcv;
// net/ipv6/reassembly.c: ipv6_frag_rcv, ip6_frag_queue). What has no handler is told to the sender: a hop-by-hop header
// that is not the first, and AH and ESP, as there is no IPsec. Segment routing is off, as by default. Not modelled:
// the reading of mobility headers.

import { DEFRAG_LOCAL_DELIVER } from '../../src/abi/fragment.ts'
import {
  ICMPV6_HDR_FIELD,
  ICMPV6_HDR_INCOMP,
  ICMPV6_PARAMPROB,
  ICMPV6_UNK_NEXTHDR,
  IP6_HLEN,
  IP6_NEXT,
  IP6_PAYLOAD,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NEXTHDR_DEST,
  NEXTHDR_FRAGMENT,
  NEXTHDR_HOP,
  NEXTHDR_NONE,
  NEXTHDR_ROUTING,
  PACKET_HOST,
} from '../../src/abi/headers.ts'
import { REASON_DELIVERED, REASON_IP_INHDR, REASON_UNHANDLED_PROTO } from '../../src/abi/reason.ts'
import { IP_F_DEFRAGGED } from '../../src/abi/skb.ts'
import { NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Defrag } from '../fragment/defrag.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Options } from './options.ts'

const FRAGMENT_HEADER: u32 = 8
const RPL: u32 = 3
const SRH: u32 = 4

export abstract class Headers6 {
  /** The packet to hand to its protocol, perhaps put together from fragments; 0 when it has ended. */
  static walk(given: usize): usize {
    let skb = given
    let whole = (Skb.ipFlags(skb) & IP_F_DEFRAGGED) != 0
    let named: u32 = IP6_NEXT
    let at: u32 = IP6_HLEN
    if (load<u8>(Skb.l3(skb), IP6_NEXT) == NEXTHDR_HOP) {
      // Read on reception.
      named = at
      at += Headers6.size(Skb.l3(skb) + at)
    }
    while (at <= Skb.l3len(skb)) {
      const l3 = Skb.l3(skb)
      const end = Skb.l3len(skb)
      switch (load<u8>(l3 + named) as u32) {
        case IPPROTO_TCP:
        case IPPROTO_UDP:
        case IPPROTO_SCTP:
        case IPPROTO_ICMPV6:
          announcer = named
          return skb
        case NEXTHDR_NONE:
          Drop.consume(skb, REASON_DELIVERED)
          return 0
        case NEXTHDR_ROUTING:
          if (!Headers6.fits(l3, at, end) || !Headers6.routing(skb, l3 + at, at)) return Headers6.drop(skb)
          break
        case NEXTHDR_DEST:
          if (!Headers6.fits(l3, at, end) || !Options.destination(skb, l3, at)) return Headers6.drop(skb)
          break
        case NEXTHDR_FRAGMENT:
          if (whole || load<u16>(l3, IP6_PAYLOAD) == 0 || at + FRAGMENT_HEADER > end)
            return Headers6.problem(skb, ICMPV6_HDR_FIELD, at)
          whole = true
          // One that is all of its datagram is a header like any other: its size is fixed, its length field unused.
          if (!(load<u16>(l3 + at, 2) & 0xf9ff)) {
            named = at
            at += FRAGMENT_HEADER
            continue
          }
          skb = Headers6.gather(skb, l3, at)
          if (skb == 0) return 0
          // The fragment header is gone, and `named` names what was behind it.
          continue
        default:
          return Headers6.problem(skb, ICMPV6_UNK_NEXTHDR, named)
      }
      named = at
      at += Headers6.size(l3 + at)
    }
    return Headers6.drop(skb)
  }

  /** Offset of the byte that named the protocol of the packet that was walked last. */
  @inline static announcer(): u32 {
    return announcer
  }

  /** False: to be dropped, perhaps answered. A header that has led the packet to its end is passed by. */
  private static routing(skb: usize, header: usize, at: u32): bool {
    if (Address.isMulticast6(Skb.dst16(skb)) || Skb.pkttype(skb) != PACKET_HOST) return false
    const type = load<u8>(header, 2) as u32
    if (type == SRH || type == RPL) return false
    if (load<u8>(header, 3) == 0) return true
    Headers6.answer(skb, ICMPV6_HDR_FIELD, at + 2)
    return false
  }

  /** ipv6_frag_rcv on a fragment whose header is at `at`: the whole packet, or 0. */
  private static gather(skb: usize, l3: usize, at: u32): usize {
    if (Defrag.truncatedFirst(l3, at, Skb.l3len(skb))) return Headers6.problem(skb, ICMPV6_HDR_INCOMP, 0)
    const word = bswap<u16>(load<u16>(l3 + at, 2)) as u32
    const payload = bswap<u16>(load<u16>(l3, IP6_PAYLOAD)) as u32
    const end = (word & 0xfff8) + payload - (at + FRAGMENT_HEADER - IP6_HLEN)
    if (end > 65535) return Headers6.problem(skb, ICMPV6_HDR_FIELD, at + 2)
    if (word & 1 && end & 7) return Headers6.problem(skb, ICMPV6_HDR_FIELD, IP6_PAYLOAD)
    return Defrag.in6(skb, DEFRAG_LOCAL_DELIVER)
  }

  @inline private static fits(l3: usize, at: u32, end: u32): bool {
    return at + 8 <= end && at + Headers6.size(l3 + at) <= end
  }

  /** Bytes of a header that counts its length in units of eight. */
  @inline private static size(header: usize): u32 {
    return ((load<u8>(header, 1) as u32) + 1) << 3
  }

  private static drop(skb: usize): usize {
    Drop.packet(skb, REASON_IP_INHDR)
    return 0
  }

  private static problem(skb: usize, code: u32, pointer: u32): usize {
    Headers6.answer(skb, code, pointer)
    Drop.packet(skb, code == ICMPV6_UNK_NEXTHDR ? REASON_UNHANDLED_PROTO : REASON_IP_INHDR)
    return 0
  }

  private static answer(skb: usize, code: u32, pointer: u32): void {
    Answer.icmpErrorInfo(skb, ICMPV6_PARAMPROB, code, bswap<u32>(pointer), NF_INET_LOCAL_IN)
  }
}

let announcer: u32 = 0
