// Matches that ask the forwarding table: addrtype (net/netfilter/xt_addrtype.c) and rpfilter (ipt_rpfilter.c,
// ip6t_rpfilter.c).

import {
  ADDRTYPE_DST,
  ADDRTYPE_FLAGS,
  ADDRTYPE_F_LIMIT_IN,
  ADDRTYPE_F_LIMIT_OUT,
  ADDRTYPE_F_NOT_DST,
  ADDRTYPE_F_NOT_SRC,
  ADDRTYPE_SRC,
  RPFILTER_ACCEPT_LOCAL,
  RPFILTER_FLAGS,
  RPFILTER_INVERT,
  RPFILTER_LOOSE,
} from '../../../src/abi/match.ts'
import { LINK_KIND_LOOPBACK } from '../../../src/abi/link.ts'
import {
  RTN_ANYCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTN_UNSPEC,
} from '../../../src/abi/route.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../../src/abi/verdict.ts'
import { Addr } from '../../netns/addr.ts'
import { Fib } from '../../netns/fib.ts'
import { Link } from '../../netns/link.ts'
import { Route } from '../../netns/route.ts'
import { Address } from '../../packet/address.ts'
import { Skb } from '../../packet/skb.ts'

const LOCAL_BIT: u32 = 1 << RTN_LOCAL
const ANYCAST_BIT: u32 = 1 << RTN_ANYCAST
const UNREACHABLE_BIT: u32 = 1 << RTN_UNREACHABLE

export abstract class RouteMatch {
  static addrtype(skb: usize, record: usize): bool {
    const flags = load<u32>(record, ADDRTYPE_FLAGS)
    let dev: usize = 0
    if (flags & ADDRTYPE_F_LIMIT_IN) dev = Skb.indev(skb)
    else if (flags & ADDRTYPE_F_LIMIT_OUT) dev = Skb.outdev(skb)
    const src = load<u16>(record, ADDRTYPE_SRC) as u32
    if (src != 0) {
      const hit = RouteMatch.isType(skb, skb + TUPLE_SRC, dev, src)
      if (hit == ((flags & ADDRTYPE_F_NOT_SRC) != 0)) return false
    }
    const dst = load<u16>(record, ADDRTYPE_DST) as u32
    if (dst == 0) return true
    return RouteMatch.isType(skb, skb + TUPLE_DST, dev, dst) != ((flags & ADDRTYPE_F_NOT_DST) != 0)
  }

  private static isType(skb: usize, address: usize, dev: usize, types: u32): bool {
    const netns = Skb.netns(skb)
    if (Skb.family(skb) == NFPROTO_IPV4)
      return ((types >> Fib.addressType(netns, NFPROTO_IPV4, address, dev)) & 1) != 0
    // IPv6 asks for all of the types given, but for any of those that need a route.
    const multicast = Address.isMulticast6(address)
    if (types & (1 << RTN_MULTICAST) && !multicast) return false
    const unspecified = Address.isZero(address)
    if (types & (1 << RTN_UNICAST) && (multicast || unspecified || Address.isMapped(address))) return false
    if (types & (1 << RTN_UNSPEC) && !unspecified) return false
    if ((types & (LOCAL_BIT | ANYCAST_BIT | UNREACHABLE_BIT)) == 0) return true
    return (types & RouteMatch.routeTypes(netns, address, dev, types)) != 0
  }

  /** match_lookup_rt6. */
  private static routeTypes(netns: usize, address: usize, dev: usize, types: u32): u32 {
    let found: u32 = 0
    if (dev != 0 && types & LOCAL_BIT && Addr.find(dev, NFPROTO_IPV6, address) != 0) found = LOCAL_BIT
    const route = Fib.lookupDev(netns, NFPROTO_IPV6, address, dev)
    if (route == 0) return UNREACHABLE_BIT
    const type = Route.type(route)
    if (type == RTN_LOCAL) return dev == 0 ? LOCAL_BIT : found
    if (type == RTN_ANYCAST) return found | ANYCAST_BIT
    return type == RTN_UNICAST || type == RTN_MULTICAST ? found : UNREACHABLE_BIT
  }

  static rpfilter(skb: usize, record: usize): bool {
    const flags = load<u32>(record, RPFILTER_FLAGS)
    const found = RouteMatch.returns(skb, flags)
    return found != ((flags & RPFILTER_INVERT) != 0)
  }

  /** A packet to this one's sender would leave where this one came in. */
  private static returns(skb: usize, flags: u32): bool {
    const dev = Skb.indev(skb)
    if (Link.kind(dev) == LINK_KIND_LOOPBACK) return true
    const family = Skb.family(skb)
    const src = skb + TUPLE_SRC
    const strict = (flags & RPFILTER_LOOSE) == 0
    if (family == NFPROTO_IPV4) {
      if (Address.isZeronet4(Address.v4(src))) {
        const dst = Address.v4(skb + TUPLE_DST)
        // 224.0.0.0/24, as it lies in memory.
        if (Address.isLimitedBroadcast4(dst) || (dst & 0xffffff) == 0xe0) return true
      }
    } else if (Address.isZero(src)) return true
    let route = Fib.lookup(Skb.netns(skb), family, src)
    if (route == 0) return false
    const type = Route.type(route)
    if (type == RTN_LOCAL) {
      if ((flags & RPFILTER_ACCEPT_LOCAL) == 0) return false
      if (family == NFPROTO_IPV6) return true
    } else if (type != RTN_UNICAST) return false
    if (!strict && !(family == NFPROTO_IPV6 && Address.isLinkLocal6(src))) return true
    while (route != 0 && Route.dev(route) != dev) route = Route.next(route)
    return route != 0
  }
}
