// The targets of the nat table: SNAT and DNAT (net/netfilter/xt_nat.c), MASQUERADE (nf_nat_masquerade.c), REDIRECT
// (nf_nat_redirect.c). They bind a side of the packet's connection; Nat.packet rewrites the packet afterwards.

import { NF_NAT_MANIP_DST, NF_NAT_MANIP_SRC } from '../../../src/abi/nat.ts'
import { SKB_NEXTHOP } from '../../../src/abi/skb.ts'
import { TARGET_DNAT, TARGET_MASQUERADE, TARGET_SNAT } from '../../../src/abi/target.ts'
import { TUPLE_DST } from '../../../src/abi/tuple.ts'
import { NF_DROP, NF_INET_LOCAL_OUT, NFPROTO_IPV4, NFPROTO_IPV6 } from '../../../src/abi/verdict.ts'
import { Nat } from '../../conntrack/nat/nat.ts'
import { Addr } from '../../netns/addr.ts'
import { Address } from '../../packet/address.ts'
import { Skb } from '../../packet/skb.ts'
import { Xt } from '../xt.ts'

/** 127.0.0.1 and ::1, where REDIRECT sends packets of this namespace. */
const LOOPBACK = memory.data<u8>(
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  16,
)

export abstract class NatTarget {
  static run(skb: usize, target: u32, range: usize): i32 {
    const ct = Skb.ct(skb)
    if (ct == 0) return NF_DROP
    switch (target) {
      case TARGET_DNAT:
        return Nat.setup(ct, range, NF_NAT_MANIP_DST)
      case TARGET_SNAT:
        return Nat.setup(ct, range, NF_NAT_MANIP_SRC)
      case TARGET_MASQUERADE:
        return Nat.masquerade(skb, range, NatTarget.sourceFor(skb))
      default:
        return Nat.redirect(skb, range, NatTarget.ownAddress(skb))
    }
  }

  /** The address of the outgoing interface to masquerade with: towards the next hop, for IPv6 the destination. */
  private static sourceFor(skb: usize): usize {
    const family = Skb.family(skb)
    return Addr.select(Skb.outdev(skb), family, skb + (family == NFPROTO_IPV4 ? SKB_NEXTHOP : TUPLE_DST))
  }

  /** The incoming interface's first address, loopback for a local packet. */
  private static ownAddress(skb: usize): usize {
    const v4 = Skb.family(skb) == NFPROTO_IPV4
    if (Xt.hook == NF_INET_LOCAL_OUT) return v4 ? LOOPBACK : LOOPBACK + 16
    const link = Skb.indev(skb)
    if (link == 0) return 0
    if (v4) {
      const addr = Addr.first(link, NFPROTO_IPV4)
      return addr != 0 ? Addr.local(addr) : 0
    }
    return NatTarget.ownAddress6(link, Address.isLinkLocal6(skb + TUPLE_DST))
  }

  /** nf_nat_redirect_ipv6: link-local for a link-local destination, else any; the kernel keeps wider scopes first. */
  private static ownAddress6(link: usize, linkLocal: bool): usize {
    let last: usize = 0
    for (let addr = Addr.first(link, NFPROTO_IPV6); addr != 0; addr = Addr.next(addr)) {
      const local = Addr.local(addr)
      if (Address.isMapped(local)) continue
      if (Address.isLinkLocal6(local) == linkLocal) return local
      if (!linkLocal && last == 0) last = local
    }
    return last
  }
}
