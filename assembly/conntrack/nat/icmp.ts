// Translation of ICMP errors: the quoted packet first, the other way round, then the error itself
// (net/netfilter/nf_nat_proto.c: nf_nat_icmp_reply_translation, nf_nat_icmpv6_reply_translation).

import { Checksum } from '../../packet/checksum.ts'
import { Skb } from '../../packet/skb.ts'
import { Ct } from '../ct.ts'
import { TransportChecksum } from '../transportChecksum.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, Tuple } from '../tuple.ts'
import { Manip } from './manip.ts'
import { IPS_NAT_DONE_MASK, IPS_NAT_MASK } from '../../../src/abi/conntrack.ts'
import { TUPLE_PROTO } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NF_INET_PRE_ROUTING } from '../../../src/abi/verdict.ts'

const TARGET = memory.data(48, 16)

const HEADER: usize = 8
const CHECKSUM = 2
const IPV4_MIN: u32 = 20
const IPV6_MIN: u32 = 40
const IPV6_SADDR = 8
const IPV6_DADDR = 24

const ICMP_REDIRECT: u32 = 5
const NDISC_REDIRECT: u32 = 137

export abstract class NatIcmp {
  /** Whole, right and, for a redirect, of a connection that is not translated at all. */
  static isAcceptable(skb: usize, ct: usize, hook: u32): bool {
    const v4 = Skb.family(skb) == NFPROTO_IPV4
    if (Skb.l4len(skb) < (HEADER as u32) + (v4 ? IPV4_MIN : IPV6_MIN)) return false
    if (
      hook == NF_INET_PRE_ROUTING &&
      !TransportChecksum.verifyIcmp(skb, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
    ) {
      return false
    }
    const type: u32 = load<u8>(Skb.l4(skb))
    if (type != (v4 ? ICMP_REDIRECT : NDISC_REDIRECT)) return true
    return (Ct.status(ct) & IPS_NAT_DONE_MASK) == IPS_NAT_DONE_MASK && !Ct.has(ct, IPS_NAT_MASK)
  }

  static translate(skb: usize, ct: usize, dir: u32, manip: i32): bool {
    const family = Skb.family(skb)
    const l3 = Skb.l3(skb)
    const l4 = Skb.l4(skb)
    const end = l4 + Skb.l4len(skb)
    const other = Ct.key(ct, dir ^ 1)
    if (!Manip.packet(l4 + HEADER, end, family, other, manip ^ 1)) return false

    store<u16>(l4, 0, CHECKSUM)
    if (family == NFPROTO_IPV4) {
      store<u16>(l4, Checksum.of(l4, (end - l4) as u32), CHECKSUM)
    } else {
      const length = (end - l4) as u32
      const pseudo = Checksum.pseudo(l3 + IPV6_SADDR, l3 + IPV6_DADDR, family, IPPROTO_ICMPV6, length)
      store<u16>(l4, ~Checksum.fold(Checksum.partial(l4, length, pseudo)), CHECKSUM)
    }

    Tuple.invert(TARGET, other)
    store<u8>(TARGET, family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, TUPLE_PROTO)
    return Manip.packet(l3, end, family, TARGET, manip)
  }
}
