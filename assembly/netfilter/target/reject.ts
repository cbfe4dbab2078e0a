// REJECT: which packets are answered (net/ipv4/netfilter/nf_reject_ipv4.c: nf_send_reset, nf_send_unreach;
// net/ipv6/netfilter/nf_reject_ipv6.c). Broken packets are dropped without a word. The stack makes the answers.

import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../../../src/abi/headers.ts'
import {
  RT_F_BROADCAST,
  RT_F_MULTICAST,
  SKB_F_LOCAL,
  SKB_RT_FLAGS,
  SKB_SOCKET,
} from '../../../src/abi/skb.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4 } from '../../../src/abi/verdict.ts'
import { Conntrack } from '../../conntrack/core.ts'
import { Address } from '../../packet/address.ts'
import { Answer } from '../../packet/answer.ts'
import { Checksum } from '../../packet/checksum.ts'
import { Skb } from '../../packet/skb.ts'
import { Xt } from '../xt.ts'

const IPPROTO_GRE: i32 = 47
const IPPROTO_ESP: i32 = 50
const IPPROTO_AH: i32 = 51
const TCP_HEADER: usize = 20
const TCP_RST: u32 = 4

export abstract class Reject {
  /** A reset, but never for a reset, a fragment, a wrong checksum, or what went to many. */
  static tcpReset(skb: usize): void {
    if (Xt.fragoff != 0 || Xt.proto != IPPROTO_TCP || !Xt.has(TCP_HEADER)) return
    if (load<u8>(Xt.thoff, 13) & TCP_RST) return
    if (!Reject.isSound(skb, Xt.proto)) return
    if (Skb.family(skb) == NFPROTO_IPV4) {
      if (load<u8>(skb, SKB_RT_FLAGS) & (RT_F_BROADCAST | RT_F_MULTICAST)) return
    } else if (!Reject.isUnicast6(skb + TUPLE_SRC) || !Reject.isUnicast6(skb + TUPLE_DST)) return
    Answer.tcpReset(skb, Xt.hook)
    Conntrack.setClosing(skb)
  }

  /** An ICMP error, but not for a later fragment nor when a checksum over the whole payload is wrong. */
  static icmpError(skb: usize, type: u32, code: u32): void {
    if (Xt.fragoff != 0) return
    const v6 = Skb.family(skb) != NFPROTO_IPV4
    // The kernel's own ICMP is sent with the ICMP socket locked: no error about it can be (icmp_xmit_lock).
    const icmp = Xt.proto == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)
    if (icmp && Skb.hasFlag(skb, SKB_F_LOCAL) && load<u32>(skb, SKB_SOCKET) == 0) return
    if (v6 && (Xt.proto < 0 || Xt.thoff >= Xt.end)) return
    if (Reject.isChecked(Xt.proto) && !Reject.isSound(skb, Xt.proto)) return
    Answer.icmpError(skb, type, code, Xt.hook)
  }

  /** nf_reject_verify_csum: the protocol has a checksum over all of its payload (DCCP is no exception since Linux 6.16). */
  private static isChecked(proto: i32): bool {
    switch (proto) {
      case IPPROTO_UDP:
        return !Xt.has(8) || load<u16>(Xt.thoff, 6) != 0
      case IPPROTO_GRE:
      case IPPROTO_AH:
      case IPPROTO_ESP:
      case IPPROTO_SCTP:
      case IPPROTO_UDPLITE:
        return false
      default:
        return true
    }
  }

  /**
   * nf_ip_checksum, nf_ip6_checksum: what is sent from here is right by construction; IPv4 has a pseudo header for
   * TCP and UDP only. Its sum runs over the IP header too: to it a payload of zeros is right, and a packet with a
   * record route option, which changed the header on reception, wrong.
   */
  private static isSound(skb: usize, proto: i32): bool {
    if (Skb.hasFlag(skb, SKB_F_LOCAL)) return true
    if (Xt.thoff > Xt.end) return false
    const length = (Xt.end - Xt.thoff) as u32
    const family = Skb.family(skb)
    const pseudo = family != NFPROTO_IPV4 || proto == IPPROTO_TCP || proto == IPPROTO_UDP
    const start = pseudo ? Checksum.pseudo(skb + TUPLE_SRC, skb + TUPLE_DST, family, proto, length) : 0
    const from = family == NFPROTO_IPV4 ? Skb.l3(skb) : Xt.thoff
    return Checksum.fold(Checksum.partial(from, (Xt.end - from) as u32, start)) == 0xffff
  }

  @inline private static isUnicast6(address: usize): bool {
    return !Address.isMulticast6(address) && !Address.isZero(address) && !Address.isMapped(address)
  }
}
