// Local delivery (net/ipv4/ip_input.c: ip_local_deliver; net/ipv6/ip6_input.c: ip6_input): INPUT, then the protocol.

import {
  ICMP_DEST_UNREACH,
  ICMP_PROT_UNREACH,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from '../../src/abi/headers.ts'
import { REASON_IP_INHDR, REASON_UNHANDLED_PROTO } from '../../src/abi/reason.ts'
import { NFPROTO_IPV4, NF_ACCEPT, NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Answer } from '../packet/answer.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Headers6 } from './headers6.ts'
import { Hooks } from './hooks.ts'
import { Icmp4 } from './icmp4.ts'
import { Icmp6 } from './icmp6.ts'
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
    const whole = Skb.family(skb) == NFPROTO_IPV4 ? skb : Headers6.walk(skb)
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
        // IPv6 has asked before (Headers6).
        Answer.icmpError(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, NF_INET_LOCAL_IN)
        Drop.packet(skb, REASON_UNHANDLED_PROTO)
        return
    }
    Drop.packet(skb, REASON_IP_INHDR)
  }
}
