// ICMP and ICMPv6 packets before they are looked up: checks, what is never tracked, and errors, which belong to the
// connection of the packet they quote (net/netfilter/nf_conntrack_proto_icmp.c: nf_conntrack_icmpv4_error,
// nf_conntrack_inet_error; nf_conntrack_proto_icmpv6.c).

import { Skb } from '../packet/skb.ts'
import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Inner } from './inner.ts'
import { Lookup } from './lookup.ts'
import { TransportChecksum } from './transportChecksum.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, Tuple } from './tuple.ts'
import {
  IP_CT_DIR_REPLY,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
  IP_CT_UNTRACKED,
} from '../../src/abi/conntrack.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'

const HEADER: u32 = 8
/** The highest type that ICMP knows (NR_ICMP_TYPES). */
const ICMP_LAST_TYPE: u32 = 18

const ICMPV6_REDIRECT: u32 = 137
const REDIRECT_HEADER: u32 = 40
const ND_OPT_REDIRECT_HDR: u32 = 4
const IPV6_HOP_LIMIT = 7

const QUOTED = memory.data(48, 16)
const INVERSE = memory.data(48, 16)

export abstract class IcmpError {
  /**
   * False: the packet is invalid. True: go on, unless this has given it an entry (RELATED) or called it UNTRACKED.
   */
  static inspect(skb: usize, net: usize, zones: u32, hook: u32): bool {
    const proto = Skb.proto(skb)
    const family = Skb.family(skb)
    if (family == NFPROTO_IPV4 && proto == IPPROTO_ICMP) return IcmpError.inspect4(skb, net, zones, hook)
    if (family == NFPROTO_IPV6 && proto == IPPROTO_ICMPV6) return IcmpError.inspect6(skb, net, zones, hook)
    return true
  }

  private static inspect4(skb: usize, net: usize, zones: u32, hook: u32): bool {
    if (Skb.l4len(skb) < HEADER) return false
    if (TransportChecksum.isWanted(skb, hook) && !TransportChecksum.verifyIcmp(skb, IPPROTO_ICMP))
      return false
    const type: u32 = load<u8>(Skb.l4(skb))
    if (type > ICMP_LAST_TYPE) return false
    switch (type) {
      case 3: // destination unreachable
      case 4: // source quench
      case 5: // redirect
      case 11: // time exceeded
      case 12: // parameter problem
        return IcmpError.relate(skb, net, zones, Skb.l4(skb) + HEADER)
      default:
        return true
    }
  }

  private static inspect6(skb: usize, net: usize, zones: u32, hook: u32): bool {
    if (Skb.l4len(skb) < HEADER) return false
    if (TransportChecksum.isWanted(skb, hook) && !TransportChecksum.verifyIcmp(skb, IPPROTO_ICMPV6))
      return false
    const type: u32 = load<u8>(Skb.l4(skb))
    switch (type) {
      case 130: // multicast listener query, report, done
      case 131:
      case 132:
      case 133: // router solicitation, advertisement
      case 134:
      case 135: // neighbour solicitation, advertisement
      case 136:
      case 143: // multicast listener report, version 2
      case 151: // multicast router advertisement, solicitation
      case 152:
        Skb.setCtinfo(skb, IP_CT_UNTRACKED)
        return true
      case ICMPV6_REDIRECT:
        return IcmpError.redirect6(skb, net, zones)
      default:
        if (type >= 128) return true
        return IcmpError.relate(skb, net, zones, Skb.l4(skb) + HEADER)
    }
  }

  /** A redirect may quote a packet in an option of its own. */
  private static redirect6(skb: usize, net: usize, zones: u32): bool {
    const l4 = Skb.l4(skb)
    if (Skb.l4len(skb) < REDIRECT_HEADER) return false
    if (load<u8>(l4, 1) != 0) return true
    const fromLinkLocal = (load<u16>(skb, TUPLE_SRC) & 0xc0ff) == 0x80fe
    if (load<u8>(Skb.l3(skb), IPV6_HOP_LIMIT) != 255 || !fromLinkLocal) return false
    const option = l4 + REDIRECT_HEADER
    if (Skb.l4len(skb) < REDIRECT_HEADER + 2 || load<u8>(option, 1) == 0) return false
    if (load<u8>(option) != ND_OPT_REDIRECT_HDR) return true
    return IcmpError.relate(skb, net, zones, option + 8)
  }

  /**
   * Looks up the quoted packet's answer, which is the direction the error travels in, and checks that the error is
   * addressed to where that connection's packets of this direction go.
   */
  private static relate(skb: usize, net: usize, zones: u32, inner: usize): bool {
    const end = Skb.l4(skb) + Skb.l4len(skb)
    if (!Inner.tuple(QUOTED, inner, end, Skb.family(skb)) || !Tuple.invert(INVERSE, QUOTED)) return false
    const ref = Lookup.find(INVERSE, CtNet.netnsId(net), zones)
    if (ref == 0 || !Tuple.addressEqual(Ref.key(ref) + TUPLE_DST, skb + TUPLE_DST)) return false
    const ct = Ref.ct(ref)
    Ct.hold(ct)
    Skb.setCt(skb, ct)
    Skb.setCtinfo(skb, Ref.dir(ref) == IP_CT_DIR_REPLY ? IP_CT_RELATED_REPLY : IP_CT_RELATED)
    return true
  }
}
