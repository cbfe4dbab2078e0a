// Routing of a received IPv4 packet (net/ipv4/route.c: ip_route_input_slow, __mkroute_input;
// net/ipv4/fib_frontend.c: fib_validate_source). Each function returns 0 when the packet has a route, else the
// REASON_* it ends for. Not modelled: multicast routing, type of service, `ip rule`.

import {
  CONF4_ACCEPT_LOCAL,
  CONF4_FORWARDING,
  CONF4_ROUTE_LOCALNET,
  CONF4_RP_FILTER,
  CONF4_SEND_REDIRECTS,
  CONF4_SHARED_MEDIA,
} from '../../src/abi/conf.ts'
import { RT_SCOPE_HOST } from '../../src/abi/address.ts'
import {
  REASON_IP_RPFILTER,
  REASON_MARTIAN_DESTINATION,
  REASON_MARTIAN_SOURCE,
  REASON_NONE,
} from '../../src/abi/reason.ts'
import {
  FIB_CUSTOM_LOCAL,
  ROUTE_GATEWAY,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from '../../src/abi/route.ts'
import { IP_F_DOREDIRECT, RT_F_INPUT, SKB_RT_ERROR } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Addr } from '../netns/addr.ts'
import { Conf } from '../netns/conf.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Netns } from '../netns/netns.ts'
import { Prefix } from '../netns/prefix.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { RouteCache } from './route-cache.ts'
import { Rt } from './route.ts'

/** What validate() found, besides its result: 1 when the source is on the link itself (nhc_scope ≥ RT_SCOPE_HOST). */
const ONLINK = memory.data(8, 8)
const EINVAL: u32 = 22
const EACCES: u32 = 13
const ENETUNREACH: u32 = 101
const EHOSTUNREACH: u32 = 113

export abstract class Input4 {
  /** Chooses the route of a received packet whose addresses are those of its tuple. */
  @inline static route(skb: usize): u32 {
    const slot = RouteCache.slot(skb)
    if (!RouteCache.holds(slot, skb)) return Input4.choose(skb)
    const flags = RouteCache.ipFlags(slot)
    if (flags != 0) Skb.setIpFlags(skb, Skb.ipFlags(skb) | flags)
    Rt.note(
      skb,
      RouteCache.route(slot),
      RTN_UNICAST,
      RT_F_INPUT,
      RouteCache.out(slot),
      RouteCache.nexthop(slot),
    )
    return REASON_NONE
  }

  private static choose(skb: usize): u32 {
    const netns = Skb.netns(skb)
    const dev = Skb.indev(skb)
    const saddr = Address.v4(Skb.src(skb))
    const daddr = Address.v4(Skb.dst16(skb))
    if (Address.isMulticast4(daddr)) return Input4.multicast(skb)
    if (Address.isMulticast4(saddr) || Address.isLimitedBroadcast4(saddr)) return REASON_MARTIAN_SOURCE
    if (Address.isLimitedBroadcast4(daddr) || (saddr | daddr) == 0) return Input4.broadcast(skb, 0)
    if (Address.isZeronet4(saddr)) return REASON_MARTIAN_SOURCE
    if (Address.isZeronet4(daddr)) return REASON_MARTIAN_DESTINATION
    if (Address.isLoopback4(daddr)) {
      if (Conf.or4(dev, CONF4_ROUTE_LOCALNET) == 0) return REASON_MARTIAN_DESTINATION
    } else if (Address.isLoopback4(saddr) && Conf.or4(dev, CONF4_ROUTE_LOCALNET) == 0)
      return REASON_MARTIAN_SOURCE

    const route = Fib.lookup(netns, NFPROTO_IPV4, Skb.dst16(skb))
    const forwarding = Conf.own4(dev, CONF4_FORWARDING) != 0
    if (route == 0) return Input4.unreachable(skb, 0, forwarding ? ENETUNREACH : EHOSTUNREACH)
    const type = Route.type(route)
    if (type > (RTN_MULTICAST as u32))
      return Input4.unreachable(skb, route, forwarding ? Input4.errorOf(type) : EHOSTUNREACH)
    if (type == RTN_BROADCAST) return Input4.broadcast(skb, route)
    if (type == RTN_LOCAL) {
      const error = Input4.validate(skb, 0)
      if (error != REASON_NONE) return error
      Rt.set(skb, route, RTN_LOCAL, RT_F_INPUT, 0)
      return REASON_NONE
    }
    if (!forwarding) return Input4.unreachable(skb, 0, EHOSTUNREACH)
    if (type != RTN_UNICAST) return REASON_MARTIAN_DESTINATION
    const out = Route.dev(route)
    const error = Input4.validate(skb, out)
    if (error != REASON_NONE) return error
    let ipFlags: u32 = 0
    if (out == dev && load<u32>(ONLINK) != 0 && Conf.or4(dev, CONF4_SEND_REDIRECTS) != 0) {
      if (Conf.or4(dev, CONF4_SHARED_MEDIA) != 0 || Input4.onLink(out, Skb.src(skb), route + ROUTE_GATEWAY)) {
        ipFlags = IP_F_DOREDIRECT
        Skb.setIpFlags(skb, Skb.ipFlags(skb) | IP_F_DOREDIRECT)
      }
    }
    Rt.set(skb, route, RTN_UNICAST, RT_F_INPUT, out)
    RouteCache.keep(skb, ipFlags)
    return REASON_NONE
  }

  /** errno of a route that refuses (fib_props). */
  @inline private static errorOf(type: u32): u32 {
    return type == RTN_UNREACHABLE ? EHOSTUNREACH : type == RTN_BLACKHOLE ? EINVAL : EACCES
  }

  /** A route that answers with an error (ip_error); `error` is kept where the walk finds it. */
  private static unreachable(skb: usize, route: usize, error: u32): u32 {
    Rt.set(skb, route, RTN_UNREACHABLE, RT_F_INPUT, 0)
    store<u8>(skb, error, SKB_RT_ERROR)
    return REASON_NONE
  }

  private static broadcast(skb: usize, route: usize): u32 {
    if (!Address.isZeronet4(Address.v4(Skb.src(skb)))) {
      const error = Input4.validate(skb, 0)
      if (error != REASON_NONE) return error
    }
    Rt.set(skb, route, RTN_BROADCAST, RT_F_INPUT, 0)
    return REASON_NONE
  }

  /** ip_route_input_mc and ip_check_mc_rcu: only the groups that every host has joined (224.0.0.1) are local. */
  private static multicast(skb: usize): u32 {
    const saddr = Address.v4(Skb.src(skb))
    const daddr = Address.v4(Skb.dst16(skb))
    if (daddr != 0x010000e0) return REASON_MARTIAN_DESTINATION
    if (Address.isMulticast4(saddr) || Address.isLimitedBroadcast4(saddr)) return REASON_MARTIAN_SOURCE
    if (Address.isLoopback4(saddr) && Conf.or4(Skb.indev(skb), CONF4_ROUTE_LOCALNET) == 0)
      return REASON_MARTIAN_SOURCE
    if (!Address.isZeronet4(saddr)) {
      const error = Input4.validate(skb, 0)
      if (error != REASON_NONE) return error
    }
    Rt.set(skb, 0, RTN_MULTICAST, RT_F_INPUT, 0)
    return REASON_NONE
  }

  /** fib_validate_source: is the packet's source one that may come in here? `out` is the way on, 0 for local. */
  static validate(skb: usize, out: usize): u32 {
    const netns = Skb.netns(skb)
    const dev = Skb.indev(skb)
    const src = Skb.src(skb)
    store<u32>(ONLINK, 0)
    const filter = Conf.max4(dev, CONF4_RP_FILTER)
    const acceptLocal = Conf.or4(dev, CONF4_ACCEPT_LOCAL) != 0
    if (filter == 0 && (out != dev || Conf.or4(dev, CONF4_SEND_REDIRECTS) == 0)) {
      if (acceptLocal) return REASON_NONE
      if (load<u32>(Fib.of(netns, NFPROTO_IPV4), FIB_CUSTOM_LOCAL) == 0) {
        return Fib.owned(netns, NFPROTO_IPV4, src) != 0 ? REASON_MARTIAN_SOURCE : REASON_NONE
      }
    }
    const noAddress = Link.addrs4(dev) == 0
    const route = Fib.lookup(netns, NFPROTO_IPV4, src)
    if (route == 0 || Route.type(route) > (RTN_MULTICAST as u32))
      return filter != 0 ? REASON_IP_RPFILTER : REASON_NONE
    const type = Route.type(route)
    if (type != RTN_UNICAST && (type != RTN_LOCAL || !acceptLocal)) return REASON_MARTIAN_SOURCE
    if (Route.dev(route) == dev || (type == RTN_LOCAL && dev == Netns.loopback(netns))) {
      store<u32>(ONLINK, Input4.isOnLink(route) ? 1 : 0)
      return REASON_NONE
    }
    if (noAddress) return filter != 0 ? REASON_IP_RPFILTER : REASON_NONE
    if (filter == 1) return REASON_IP_RPFILTER
    const other = Fib.lookupDev(netns, NFPROTO_IPV4, src, dev)
    if (other != 0 && Route.type(other) == RTN_UNICAST) store<u32>(ONLINK, Input4.isOnLink(other) ? 1 : 0)
    return REASON_NONE
  }

  /** Scope of the next hop is host: no gateway (a gateway's scope is link). */
  @inline private static isOnLink(route: usize): bool {
    return Address.isZero(Route.gateway(route)) || Route.scope(route) >= (RT_SCOPE_HOST as u32)
  }

  /** inet_addr_onlink: one subnet of the link holds both. */
  private static onLink(link: usize, a: usize, b: usize): bool {
    let addr = Link.addrs4(link)
    while (addr != 0) {
      const plen = Addr.plen(addr)
      if (Prefix.contains(addr, NFPROTO_IPV4, plen, a)) {
        if (Address.isZero(b) || Prefix.contains(addr, NFPROTO_IPV4, plen, b)) return true
      }
      addr = Addr.next(addr)
    }
    return false
  }
}
