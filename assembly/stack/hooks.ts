// Netfilter's hooks of a namespace, each family's in order of priority (include/uapi/linux/netfilter_ipv4.h):
//
//     defrag -400, raw -300, conntrack -200, mangle -150, nat dst -100, filter 0, security 50, nat src 100,
//     conntrack confirm last.
//
// A table takes part where it exists and has a chain; conntrack where it is enabled.

import { REASON_NETFILTER_DROP, REASON_UNKNOWN_RULE } from '../../src/abi/reason.ts'
import { NF_ACCEPT, NF_DROP, NF_UNKNOWN } from '../../src/abi/verdict.ts'
import { Drop } from './drop.ts'

export abstract class Hooks {
  static preRouting(skb: usize): i32 {
    return skb != 0 ? NF_ACCEPT : NF_DROP
  }

  static localIn(skb: usize): i32 {
    return skb != 0 ? NF_ACCEPT : NF_DROP
  }

  static forward(skb: usize): i32 {
    return skb != 0 ? NF_ACCEPT : NF_DROP
  }

  static localOut(skb: usize): i32 {
    return skb != 0 ? NF_ACCEPT : NF_DROP
  }

  static postRouting(skb: usize): i32 {
    return skb != 0 ? NF_ACCEPT : NF_DROP
  }

  /** What a caller does with any verdict but ACCEPT: the packet ends, or somebody has taken it. */
  static finish(skb: usize, verdict: i32): void {
    if (verdict == NF_DROP) Drop.packet(skb, REASON_NETFILTER_DROP)
    else if (verdict == NF_UNKNOWN) Drop.packet(skb, REASON_UNKNOWN_RULE)
  }
}
