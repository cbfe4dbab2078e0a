// IPv6 routing, of received packets and of those made here (net/ipv6/route.c: ip6_route_input, ip6_pol_route,
// ip6_route_output; net/ipv6/ip6_output.c: ip6_dst_lookup_tail; net/ipv6/netfilter.c: ip6_route_me_harder).

import { LINK_KIND_LOOPBACK } from '../../src/abi/link.ts'
import {
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from '../../src/abi/route.ts'
import { RT_F_INPUT, RT_F_LOCAL, SKB_RT_ERROR } from '../../src/abi/skb.ts'
import { NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Addr } from '../netns/addr.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Netns } from '../netns/netns.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Rt } from './route.ts'

const EINVAL: u32 = 22
const EACCES: u32 = 13
const ENETUNREACH: u32 = 101
const EHOSTUNREACH: u32 = 113

export abstract class Route6 {
  /** The route of a received packet; there is always one, if only one that refuses. */
  static input(skb: usize): void {
    const dev = Skb.indev(skb)
    const dst = Skb.dst16(skb)
    // Multicast and link-local destinations belong to the link they came in by.
    const strict = Address.isMulticast6(dst) || Address.isLinkLocal6(dst)
    const loopback = Link.kind(dev) == LINK_KIND_LOOPBACK
    const route = Fib.lookupDev(Skb.netns(skb), NFPROTO_IPV6, dst, strict && !loopback ? dev : 0)
    if (route == 0) {
      Route6.refuse(skb, 0, RTN_UNREACHABLE, ENETUNREACH)
      return
    }
    const type = Route.type(route)
    switch (type) {
      case RTN_LOCAL:
      case RTN_ANYCAST:
        Rt.set(skb, route, type, RT_F_INPUT | RT_F_LOCAL, 0)
        return
      case RTN_MULTICAST:
        Rt.set(skb, route, type, RT_F_INPUT, 0)
        return
      case RTN_UNICAST:
        Rt.set(skb, route, type, RT_F_INPUT, Route.dev(route))
        return
      case RTN_BLACKHOLE:
        Route6.refuse(skb, route, type, EINVAL)
        return
      case RTN_PROHIBIT:
        Route6.refuse(skb, route, type, EACCES)
        return
      default:
        Route6.refuse(skb, route, RTN_UNREACHABLE, EHOSTUNREACH)
    }
  }

  private static refuse(skb: usize, route: usize, type: u32, error: u32): void {
    Rt.set(skb, route, type, RT_F_INPUT, 0)
    store<u8>(skb, error, SKB_RT_ERROR)
  }

  /** The route of a packet made here; a source of :: is chosen. `oif` restricts to a link when not 0. */
  static output(skb: usize, oif: usize): bool {
    const netns = Skb.netns(skb)
    const src = Skb.src(skb)
    const dst = Skb.dst16(skb)
    const strict = Address.isMulticast6(dst) || Address.isLinkLocal6(dst)
    let dev = oif
    if (dev == 0 && strict && Address.isLinkLocal6(src)) {
      const own = Fib.owned(netns, NFPROTO_IPV6, src)
      if (own != 0) dev = Route.dev(own)
    }
    let route = Fib.lookupDev(netns, NFPROTO_IPV6, dst, dev)
    if (route == 0 && dev != 0 && !strict) route = Fib.lookup(netns, NFPROTO_IPV6, dst)
    if (route == 0) return false
    const type = Route.type(route)
    if (type > (RTN_MULTICAST as u32)) return false
    const local = type == RTN_LOCAL || type == RTN_ANYCAST
    const via = Route.dev(route)
    if (Address.isZero(src)) {
      const chosen = Address.isZero(Route.prefsrc(route)) ? Addr.select6(via, dst) : Route.prefsrc(route)
      if (chosen == 0) return false
      Address.copy(src, chosen)
    }
    const out = local ? Netns.loopback(netns) : via
    if (out == 0) return false
    Rt.set(skb, route, type, local ? RT_F_LOCAL : 0, out)
    return true
  }
}
