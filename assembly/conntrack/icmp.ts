// ICMP and ICMPv6 requests with an answer (net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c).

import { Skb } from '../packet/skb.ts'
import { Ct } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Tuple } from './tuple.ts'
import { TRACK_INVALID } from './verdict.ts'
import { CTNET_ICMPV6_TIMEOUT, CTNET_ICMP_TIMEOUT } from '../../src/abi/conntrack.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6, NF_ACCEPT } from '../../src/abi/verdict.ts'

export abstract class Icmp {
  static packet(ct: usize, skb: usize): i32 {
    if (Skb.family(skb) != NFPROTO_IPV4) return TRACK_INVALID
    switch (Tuple.icmpType(Ct.original(ct))) {
      case 8: // echo
      case 13: // timestamp
      case 15: // information
      case 17: // address mask
        Ct.refresh(ct, CtNet.get(Ct.net(ct), CTNET_ICMP_TIMEOUT))
        return NF_ACCEPT
      default:
        return TRACK_INVALID
    }
  }

  static packet6(ct: usize, skb: usize): i32 {
    if (Skb.family(skb) != NFPROTO_IPV6) return TRACK_INVALID
    if (!Ct.isConfirmed(ct)) {
      const type = Tuple.icmpType(Ct.original(ct))
      // Echo and node information queries.
      if (type != 128 && type != 139) return TRACK_INVALID
    }
    Ct.refresh(ct, CtNet.get(Ct.net(ct), CTNET_ICMPV6_TIMEOUT))
    return NF_ACCEPT
  }
}
