// Routing of an IPv4 packet made here (net/ipv4/route.c: ip_route_output_key_hash_rcu, __mkroute_output), and the
// second look after a hook of OUTPUT changed it (net/ipv4/netfilter.c: ip_route_me_harder).

import { CONF4_ROUTE_LOCALNET } from '../../src/abi/conf.ts'
import { RT_SCOPE_HOST, RT_SCOPE_LINK } from '../../src/abi/address.ts'
import { LINK_KIND_LOOPBACK } from '../../src/abi/link.ts'
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from '../../src/abi/route.ts'
import { IP_F_ANYSRC } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Addr } from '../netns/addr.ts'
import { Conf } from '../netns/conf.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Netns } from '../netns/netns.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Rt } from './route.ts'

const LOOPBACK = memory.data(16, 16)

export abstract class Output4 {
  /**
   * Chooses the route by the packet's tuple; a source of 0.0.0.0 is chosen and written to the tuple. `oif` restricts
   * to a link when not 0. False: there is none.
   */
  static route(skb: usize, oif: usize): bool {
    const netns = Skb.netns(skb)
    const src = Skb.src(skb)
    const dst = Skb.dst16(skb)
    let saddr = Address.v4(src)
    if (saddr != 0) {
      if (Address.isMulticast4(saddr) || Address.isLimitedBroadcast4(saddr) || Address.isZeronet4(saddr))
        return false
      // __ip_dev_find
      const any = oif != 0 || (Skb.ipFlags(skb) & IP_F_ANYSRC) != 0
      if (!any && Fib.addressType(netns, NFPROTO_IPV4, src, 0) != RTN_LOCAL) return false
    }
    const daddr = Address.v4(dst)
    if (oif != 0 && (Address.isMulticast4(daddr) || Address.isLimitedBroadcast4(daddr))) {
      if (saddr == 0) Output4.source(src, Addr.select4(oif, 0, RT_SCOPE_LINK))
      return Output4.make(skb, 0, Address.isMulticast4(daddr) ? RTN_MULTICAST : RTN_BROADCAST, oif)
    }
    if (daddr == 0) {
      if (saddr == 0) Address.mapped(src, 0x0100007f)
      Address.copy(dst, src)
      return Output4.make(skb, 0, RTN_LOCAL, Netns.loopback(netns))
    }
    const route = Fib.lookupDev(netns, NFPROTO_IPV4, dst, oif)
    if (route == 0) {
      if (oif == 0) return false
      if (saddr == 0) Output4.source(src, Addr.select4(oif, 0, RT_SCOPE_LINK))
      return Output4.make(skb, 0, RTN_UNICAST, oif)
    }
    const type = Route.type(route)
    if (type > (RTN_MULTICAST as u32)) return false
    if (type == RTN_LOCAL) {
      if (saddr == 0) Address.copy(src, Address.isZero(Route.prefsrc(route)) ? dst : Route.prefsrc(route))
      return Output4.make(skb, route, RTN_LOCAL, Netns.loopback(netns))
    }
    const dev = Route.dev(route)
    if (saddr == 0) {
      Output4.preferred(route, dst, src)
      saddr = Address.v4(src)
    }
    return Output4.make(skb, route, type, dev)
  }

  /** fib_result_prefsrc: writes the source for packets that take a route to `dst`. */
  static preferred(route: usize, dst: usize, to: usize): void {
    if (!Address.isZero(Route.prefsrc(route))) {
      Address.copy(to, Route.prefsrc(route))
      return
    }
    const hop = Address.isZero(Route.gateway(route)) ? dst : Route.gateway(route)
    Output4.source(to, Addr.select4(Route.dev(route), hop, min(Route.scope(route), RT_SCOPE_HOST) as u32))
  }

  private static make(skb: usize, route: usize, kind: u32, dev: usize): bool {
    if (dev == 0) return false
    const saddr = Address.v4(Skb.src(skb))
    const daddr = Address.v4(Skb.dst16(skb))
    const loopback = Link.kind(dev) == LINK_KIND_LOOPBACK
    if (Address.isLoopback4(saddr) && !loopback && Conf.or4(dev, CONF4_ROUTE_LOCALNET) == 0) return false
    let type = kind
    if (Address.isLimitedBroadcast4(daddr)) type = RTN_BROADCAST
    else if (Address.isMulticast4(daddr)) type = RTN_MULTICAST
    else if (Address.isZeronet4(daddr)) return false
    Rt.set(skb, route, type, 0, dev)
    return true
  }

  /** Copies a chosen source; an interface without addresses gives 0.0.0.0. */
  @inline private static source(to: usize, chosen: usize): void {
    if (chosen != 0) Address.copy(to, chosen)
    else Address.mapped(to, 0)
  }

  /** ip_route_me_harder(RTN_UNSPEC): routes again by the packet's present addresses. */
  static again(skb: usize): bool {
    const netns = Skb.netns(skb)
    const flags = Skb.ipFlags(skb)
    const type = Fib.addressType(netns, NFPROTO_IPV4, Skb.src(skb), 0)
    Address.copy(LOOPBACK, Skb.src(skb))
    Skb.setIpFlags(skb, flags | IP_F_ANYSRC)
    // A source that is neither ours nor unicast takes no part in the choice; the packet keeps it.
    const strange = type != RTN_LOCAL && type != RTN_UNICAST
    if (strange) Address.mapped(Skb.src(skb), 0)
    const found = Output4.route(skb, 0)
    Address.copy(Skb.src(skb), LOOPBACK)
    return found
  }
}
