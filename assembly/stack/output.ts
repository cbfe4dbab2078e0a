// Output: a packet that has its route goes through POSTROUTING, is split when it does not fit, and is sent
// (net/ipv4/ip_output.c: ip_local_out, ip_output, ip_finish_output; net/ipv6/ip6_output.c).

import {
  ICMPV6_PKT_TOOBIG,
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  IPV6_MIN_MTU,
  IP_DF,
  IP_FRAGOFF,
} from '../../src/abi/headers.ts'
import { REASON_IP_OUTNOROUTES, REASON_PKT_TOO_BIG } from '../../src/abi/reason.ts'
import { IP_F_DEFRAGGED, IP_F_FORWARDED } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4, NF_ACCEPT, NF_INET_POST_ROUTING } from '../../src/abi/verdict.ts'
import { Link } from '../netns/link.ts'
import { Answer } from '../packet/answer.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Fragment } from './fragment.ts'
import { Hooks } from './hooks.ts'
import { Reassembly } from './reassembly.ts'
import { Transmit } from './transmit.ts'

export abstract class Output {
  /** A packet made here that has its route: OUTPUT, then output. */
  static local(packet: usize): void {
    Skb.setIndev(packet, 0)
    const skb = Reassembly.localOut(packet)
    if (skb == 0) return
    const verdict = Hooks.localOut(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    Output.packet(skb)
  }

  /** ip_output, ip6_output: POSTROUTING, then out. */
  static packet(skb: usize): void {
    const verdict = Hooks.postRouting(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    if (Skb.outdev(skb) == 0) {
      Drop.packet(skb, REASON_IP_OUTNOROUTES)
      return
    }
    if (Skb.family(skb) == NFPROTO_IPV4) Output.finish4(skb)
    else Output.finish6(skb)
  }

  private static finish4(skb: usize): void {
    const mtu = Link.mtu(Skb.outdev(skb))
    // Both at once: a packet that fits and was never in parts.
    if ((((mtu - Skb.l3len(skb)) >> 31) | Skb.fragMax(skb)) == 0) {
      Transmit.packet(skb)
      return
    }
    const frag = bswap<u16>(load<u16>(Skb.l3(skb), IP_FRAGOFF)) as u32
    const ignoreDf = (Skb.ipFlags(skb) & IP_F_DEFRAGGED) != 0
    if (frag & IP_DF && (!ignoreDf || (Skb.fragMax(skb) != 0 && Skb.fragMax(skb) > mtu))) {
      Answer.icmpErrorInfo(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, bswap<u32>(mtu), NF_INET_POST_ROUTING)
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    Fragment.v4(skb, mtu)
  }

  private static finish6(skb: usize): void {
    const mtu = max(Link.mtu(Skb.outdev(skb)), IPV6_MIN_MTU)
    const fragMax = Skb.fragMax(skb)
    if (Skb.l3len(skb) <= mtu && (fragMax == 0 || Skb.l3len(skb) <= fragMax)) {
      Transmit.packet(skb)
      return
    }
    const limit = fragMax != 0 && fragMax > (IPV6_MIN_MTU as u32) ? fragMax : 0
    const ours = !(Skb.ipFlags(skb) & IP_F_FORWARDED)
    const reassembled = (Skb.ipFlags(skb) & IP_F_DEFRAGGED) != 0
    if ((!reassembled && !ours) || (limit != 0 && limit > mtu)) {
      Answer.icmpErrorInfo(skb, ICMPV6_PKT_TOOBIG, 0, bswap<u32>(mtu), NF_INET_POST_ROUTING)
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    Fragment.v6(skb, mtu)
  }
}
