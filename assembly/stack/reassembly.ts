// Where datagrams are put together: before conntrack in PREROUTING and OUTPUT (net/ipv4/netfilter/nf_defrag_ipv4.c,
// net/ipv6/netfilter/nf_defrag_ipv6_hooks.c), and on local delivery; and what happens when a part never comes
// (net/ipv4/ip_fragment.c: ip_expire; include/net/ipv6_frag.h: ip6frag_expire_frag_queue).

import { DEFRAG_CONNTRACK_IN, DEFRAG_CONNTRACK_OUT, DEFRAG_LOCAL_DELIVER } from '../../src/abi/fragment.ts'
import {
  ICMPV6_EXC_FRAGTIME,
  ICMPV6_TIME_EXCEED,
  ICMP_EXC_FRAGTIME,
  ICMP_TIME_EXCEEDED,
  IP6_NEXT,
} from '../../src/abi/headers.ts'
import { REASON_FRAG_REASM_TIMEOUT, REASON_NONE } from '../../src/abi/reason.ts'
import { RTN_LOCAL } from '../../src/abi/route.ts'
import { SKB_F_LATER_FRAGMENT, SKB_F_MORE_FRAGMENTS } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4, NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Defrag } from '../fragment/defrag.ts'
import { Answer } from '../packet/answer.ts'
import { Parse } from '../packet/parse.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Hooks } from './hooks.ts'
import { Input4 } from './input4.ts'

export abstract class Reassembly {
  /** Before PREROUTING: the packet to go on with, 0 when it waits for the rest of its datagram or was dropped. */
  @inline static preRouting(skb: usize): usize {
    return Reassembly.isWanted(skb) && Hooks.tracked(skb) ? Reassembly.gather(skb, DEFRAG_CONNTRACK_IN) : skb
  }

  /** Before OUTPUT. */
  @inline static localOut(skb: usize): usize {
    return Reassembly.isWanted(skb) && Hooks.tracked(skb) ? Reassembly.gather(skb, DEFRAG_CONNTRACK_OUT) : skb
  }

  /** On local delivery. */
  @inline static deliver(skb: usize): usize {
    return Reassembly.isFragment(skb) ? Reassembly.gather(skb, DEFRAG_LOCAL_DELIVER) : skb
  }

  /** Conntrack also takes the header off a lone IPv6 fragment that is its whole datagram. */
  @inline private static isWanted(skb: usize): bool {
    if (Reassembly.isFragment(skb)) return true
    return Skb.family(skb) != NFPROTO_IPV4 && Parse.isExtension(load<u8>(Skb.l3(skb), IP6_NEXT))
  }

  @inline static isFragment(skb: usize): bool {
    return (Skb.flags(skb) & (SKB_F_MORE_FRAGMENTS | SKB_F_LATER_FRAGMENT)) != 0
  }

  private static gather(skb: usize, user: u32): usize {
    return Skb.family(skb) == NFPROTO_IPV4 ? Defrag.in4(skb, user) : Defrag.in6(skb, user)
  }

  /** Datagrams whose time is over: the sender of a first fragment is told, by its end host. */
  static expire(): void {
    for (let first = Defrag.expire(); first != 0; first = Defrag.expire()) {
      if (Skb.family(first) != NFPROTO_IPV4) {
        Answer.icmpError(first, ICMPV6_TIME_EXCEED, ICMPV6_EXC_FRAGTIME, NF_INET_LOCAL_IN)
      } else if (Reassembly.isForUs(first)) {
        Answer.icmpError(first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, NF_INET_LOCAL_IN)
      }
      Drop.packet(first, REASON_FRAG_REASM_TIMEOUT)
    }
  }

  private static isForUs(first: usize): bool {
    if (Input4.route(first) != REASON_NONE) return false
    return Defrag.expiredUser() == DEFRAG_LOCAL_DELIVER || Skb.rtType(first) == RTN_LOCAL
  }
}
