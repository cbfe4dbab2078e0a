// Forwarding (net/ipv4/ip_forward.c: ip_forward; net/ipv6/ip6_output.c: ip6_forward).

import { CONF6_FORWARDING } from '../../src/abi/conf.ts'
import {
  ICMPV6_DEST_UNREACH,
  ICMPV6_EXC_HOPLIMIT,
  ICMPV6_NOT_NEIGHBOUR,
  ICMPV6_PKT_TOOBIG,
  ICMPV6_TIME_EXCEED,
  ICMP_DEST_UNREACH,
  ICMP_EXC_TTL,
  ICMP_FRAG_NEEDED,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  IP6_HOPLIMIT,
  IPV6_MIN_MTU,
  IP_CHECK,
  IP_DF,
  IP_FRAGOFF,
  IP_HLEN,
  IP_TTL,
  PACKET_HOST,
} from '../../src/abi/headers.ts'
import { LINK_MTU } from '../../src/abi/link.ts'
import {
  REASON_INADDRERRORS,
  REASON_NOT_FORWARDING,
  REASON_OTHERHOST,
  REASON_PKT_TOO_BIG,
  REASON_TTL_EXPIRED,
} from '../../src/abi/reason.ts'
import {
  IP_F_DEFRAGGED,
  IP_F_DOREDIRECT,
  IP_F_FORWARDED,
  IP_F_SOURCE_ROUTE,
  WORK_FORWARD,
} from '../../src/abi/skb.ts'
import { NFPROTO_IPV4, NF_ACCEPT, NF_INET_FORWARD } from '../../src/abi/verdict.ts'
import { Conf } from '../netns/conf.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Checksum } from '../packet/checksum.ts'
import { Queue } from '../packet/queue.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Hooks } from './hooks.ts'
import { Output } from './output.ts'
import { Record } from './record.ts'
import { Redirect } from './redirect.ts'

export abstract class Forward {
  static v4(skb: usize): void {
    if (Skb.pkttype(skb) != PACKET_HOST) {
      Drop.packet(skb, REASON_OTHERHOST)
      return
    }
    const l3 = Skb.l3(skb)
    const ttl = load<u8>(l3, IP_TTL) as u32
    if (ttl <= 1) {
      Answer.icmpError(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, NF_INET_FORWARD)
      Drop.packet(skb, REASON_TTL_EXPIRED)
      return
    }
    const mtu = load<u32>(Skb.outdev(skb), LINK_MTU)
    if (Skb.l3len(skb) > mtu && Forward.exceeds(skb, mtu)) {
      Answer.icmpErrorInfo(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, bswap<u32>(mtu), NF_INET_FORWARD)
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    // The TTL shares its 16-bit word with the protocol.
    const word = load<u16>(l3, IP_TTL) as u32
    store<u16>(l3, word - 1, IP_TTL)
    Checksum.replace2(l3 + IP_CHECK, word, word - 1)
    const flags = Skb.ipFlags(skb)
    if ((flags & (IP_F_DOREDIRECT | IP_F_SOURCE_ROUTE)) == IP_F_DOREDIRECT && Redirect.allowed(skb)) {
      const gateway = Address.v4(Skb.nexthop(skb))
      Answer.icmpErrorInfo(skb, ICMP_REDIRECT, 1, gateway, NF_INET_FORWARD)
      // The redirect goes out first.
      Skb.setIpFlags(skb, flags | IP_F_FORWARDED)
      Skb.setWork(skb, WORK_FORWARD)
      Queue.local(skb)
      return
    }
    Skb.setIpFlags(skb, flags | IP_F_FORWARDED)
    Forward.hook(skb)
  }

  /** ip_exceeds_mtu, for a packet longer than the MTU. */
  private static exceeds(skb: usize, mtu: u32): bool {
    if (!(bswap<u16>(load<u16>(Skb.l3(skb), IP_FRAGOFF)) & IP_DF)) return false
    if (Skb.fragMax(skb) > mtu) return true
    return !(Skb.ipFlags(skb) & IP_F_DEFRAGGED)
  }

  static v6(skb: usize): void {
    if (Conf.all6(Skb.netns(skb), CONF6_FORWARDING) == 0) {
      Drop.packet(skb, REASON_NOT_FORWARDING)
      return
    }
    if (Skb.pkttype(skb) != PACKET_HOST) {
      Drop.packet(skb, REASON_OTHERHOST)
      return
    }
    const l3 = Skb.l3(skb)
    const hops = load<u8>(l3, IP6_HOPLIMIT) as u32
    if (hops <= 1) {
      Answer.icmpError(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, NF_INET_FORWARD)
      Drop.packet(skb, REASON_TTL_EXPIRED)
      return
    }
    const out = Skb.outdev(skb)
    const src = Skb.src(skb)
    // A packet that goes back where it came from would bring a neighbour discovery redirect, which is not modelled.
    if (out != Skb.indev(skb) || Skb.ipFlags(skb) & IP_F_SOURCE_ROUTE) {
      if (Address.isZero(src) || Address.isMulticast6(src) || Address.isLoopback6(src)) {
        Drop.packet(skb, REASON_INADDRERRORS)
        return
      }
      if (Address.isLinkLocal6(src)) {
        Answer.icmpError(skb, ICMPV6_DEST_UNREACH, ICMPV6_NOT_NEIGHBOUR, NF_INET_FORWARD)
        Drop.packet(skb, REASON_INADDRERRORS)
        return
      }
    }
    const mtu = max(load<u32>(out, LINK_MTU), IPV6_MIN_MTU)
    const fragMax = Skb.fragMax(skb)
    const reassembled = (Skb.ipFlags(skb) & IP_F_DEFRAGGED) != 0
    if (Skb.l3len(skb) > mtu && (fragMax > mtu || !reassembled)) {
      Answer.icmpErrorInfo(skb, ICMPV6_PKT_TOOBIG, 0, bswap<u32>(mtu), NF_INET_FORWARD)
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    store<u8>(l3, hops - 1, IP6_HOPLIMIT)
    Skb.setIpFlags(skb, Skb.ipFlags(skb) | IP_F_FORWARDED)
    Forward.hook(skb)
  }

  /** The packet has its last hop count: FORWARD, then out. */
  static hook(skb: usize): void {
    const verdict = Hooks.forward(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    if (Skb.family(skb) == NFPROTO_IPV4) {
      if (Record.headerLength(Skb.l3(skb)) > (IP_HLEN as u32)) Record.forward(skb)
    }
    Output.packet(skb)
  }
}
