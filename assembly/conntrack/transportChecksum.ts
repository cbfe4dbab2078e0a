// Whether a transport checksum is right, where conntrack looks at it: on what comes in, at PRE_ROUTING, when
// nf_conntrack_checksum says so (net/netfilter/utils.c: nf_checksum). What is sent from here is right by construction.

import { Netns } from '../netns/netns.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { CtNet } from './ctnet.ts'
import { CTNET_CHECKSUM } from '../../src/abi/conntrack.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NF_INET_PRE_ROUTING } from '../../src/abi/verdict.ts'

export abstract class TransportChecksum {
  @inline static isWanted(skb: usize, hook: u32): bool {
    return hook == NF_INET_PRE_ROUTING && CtNet.get(Netns.ct(Skb.netns(skb)), CTNET_CHECKSUM) != 0
  }

  /** True when nobody looks, or over `length` bytes and the pseudo header the sum is right. */
  @inline static isGood(skb: usize, hook: u32, proto: u32, length: u32): bool {
    return !TransportChecksum.isWanted(skb, hook) || TransportChecksum.verify(skb, proto, length, length)
  }

  @inline static isGoodPartly(skb: usize, hook: u32, proto: u32, length: u32, covered: u32): bool {
    return !TransportChecksum.isWanted(skb, hook) || TransportChecksum.verify(skb, proto, length, covered)
  }

  @inline static verify(skb: usize, proto: u32, length: u32, covered: u32): bool {
    const family = Skb.family(skb)
    const pseudo = Checksum.pseudo(skb + TUPLE_SRC, skb + TUPLE_DST, family, proto, length)
    const l4 = Skb.l4(skb)
    const sum = covered == 20 ? Checksum.twenty(l4, pseudo) : Checksum.partial(l4, covered, pseudo)
    return Checksum.fold(sum) == 0xffff
  }

  /** ICMP has no pseudo header, but the IP header, which is 0xffff, is in the sum; ICMPv6 has one. */
  static verifyIcmp(skb: usize, proto: u32): bool {
    const length = Skb.l4len(skb)
    if (Skb.family(skb) == NFPROTO_IPV4)
      return Checksum.fold(Checksum.partial(Skb.l4(skb), length, 0xffff)) == 0xffff
    return TransportChecksum.verify(skb, proto, length, length)
  }
}
