// Local delivery (net/ipv4/ip_input.c: ip_local_deliver; net/ipv6/ip6_input.c: ip6_input): INPUT, then the protocol.

import {
  ICMPV6_PARAMPROB,
  ICMPV6_UNK_NEXTHDR,
  ICMP_DEST_UNREACH,
  ICMP_PROT_UNREACH,
  IP6_HLEN,
  IP6_NEXT,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../../src/abi/headers.ts'
import { REASON_DELIVERED, REASON_IP_INHDR, REASON_UNHANDLED_PROTO } from '../../src/abi/reason.ts'
import { NFPROTO_IPV4, NF_ACCEPT, NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Answer } from '../packet/answer.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Hooks } from './hooks.ts'
import { Icmp4 } from './icmp4.ts'
import { Icmp6 } from './icmp6.ts'
import { Reassembly } from './reassembly.ts'
import { Sctp } from './sctp.ts'
import { Tcp } from './tcp.ts'
import { Udp } from './udp.ts'

export abstract class Deliver {
  /** A packet for this namespace, whole if it is IPv4. */
  static packet(skb: usize): void {
    const verdict = Hooks.localIn(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    // IPv6 puts fragments together as a protocol like any other, behind INPUT; for IPv4 the caller has done it.
    const whole = Reassembly.deliver(skb)
    if (whole != 0) Deliver.protocol(whole)
  }

  private static protocol(skb: usize): void {
    const v4 = Skb.family(skb) == NFPROTO_IPV4
    const proto = Skb.proto(skb)
    const l4 = Skb.l4(skb)
    if (proto == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
      if (l4 == 0) Drop.packet(skb, REASON_IP_INHDR)
      else {
        if (v4) Conntrack.put(skb)
        if (v4) Icmp4.receive(skb)
        else Icmp6.receive(skb)
      }
      return
    }
    switch (proto) {
      case IPPROTO_TCP:
        if (l4 == 0) break
        Tcp.receive(skb)
        return
      case IPPROTO_UDP:
        if (l4 == 0) break
        Udp.receive(skb)
        return
      case IPPROTO_SCTP:
        if (l4 == 0) break
        Sctp.receive(skb)
        return
      default:
        Deliver.unknown(skb, v4)
        return
    }
    Drop.packet(skb, REASON_IP_INHDR)
  }

  private static unknown(skb: usize, v4: bool): void {
    if (v4) {
      Answer.icmpError(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, NF_INET_LOCAL_IN)
      Drop.packet(skb, REASON_UNHANDLED_PROTO)
      return
    }
    const proto = Skb.proto(skb)
    if (proto == NEXTHDR_NONE) {
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    const pointer = Deliver.announcer(skb)
    if (pointer == 0) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    Answer.icmpErrorInfo(skb, ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR, bswap<u32>(pointer), NF_INET_LOCAL_IN)
    Drop.packet(skb, REASON_UNHANDLED_PROTO)
  }

  /** Offset of the byte that names the transport protocol: what an ICMPv6 parameter problem points to. */
  private static announcer(skb: usize): u32 {
    const l4 = Skb.l4(skb)
    if (l4 == 0) return 0
    const l3 = Skb.l3(skb)
    const end = (l4 - l3) as u32
    let where: u32 = IP6_NEXT
    let at: u32 = IP6_HLEN
    let next: u32 = load<u8>(l3, IP6_NEXT)
    while (at < end) {
      where = at
      const units = load<u8>(l3 + at, 1) as u32
      const size = next == NEXTHDR_AUTH ? (units + 2) << 2 : next == NEXTHDR_FRAGMENT ? 8 : (units + 1) << 3
      next = load<u8>(l3 + at)
      at += size
    }
    return where
  }
}
