// Namespaces, links, addresses and routes as `ip` makes them, with what Linux adds of its own accord: the routes of
// an address (net/ipv4/fib_frontend.c: fib_add_ifaddr; net/ipv6/addrconf.c), loopback's addresses, an IPv6
// link-local address from the hardware address. Duplicate address detection, multicast reports and router
// solicitations are not modelled: no frame is sent when an address appears.

import {
  ADDRESS_BROADCAST,
  ADDRESS_FAMILY,
  ADDRESS_FLAGS,
  ADDRESS_F_SECONDARY,
  ADDRESS_LINK,
  ADDRESS_LOCAL,
  ADDRESS_NEXT,
  ADDRESS_PREFIX,
  ADDRESS_SCOPE,
  ADDRESS_SIZE,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
} from '../../src/abi/address.ts'
import {
  CONF6_ADDR_GEN_MODE,
  CONF4_ACCEPT_REDIRECTS,
  CONF4_SEND_REDIRECTS,
  CONF4_SHARED_MEDIA,
  CONF4_SIZE,
  CONF6_DISABLE_IPV6,
  CONF6_FORWARDING,
  CONF6_HOP_LIMIT,
  CONF6_SIZE,
} from '../../src/abi/conf.ts'
import {
  LINK_ADDRS4,
  LINK_ADDRS6,
  LINK_CONF4,
  LINK_CONF6,
  LINK_FLAGS,
  LINK_F_UP,
  LINK_ID,
  LINK_IFINDEX,
  LINK_KIND,
  LINK_KIND_LOOPBACK,
  LINK_KIND_VETH,
  LINK_MAC,
  LINK_NETNS,
  LINK_NEXT,
  LINK_PEER,
  LINK_SIZE,
} from '../../src/abi/link.ts'
import {
  NETNS_BINDV6ONLY,
  NETNS_CONF4_ALL,
  NETNS_CONF4_DEFAULT,
  NETNS_CONF6_ALL,
  NETNS_CONF6_DEFAULT,
  NETNS_FIB,
  NETNS_FRAG6_TIME,
  NETNS_ICMP_ECHO_IGNORE_BROADCASTS,
  NETNS_ID,
  NETNS_IPFRAG_TIME,
  NETNS_IP_DEFAULT_TTL,
  NETNS_LINKS,
  NETNS_LOOPBACK,
  NETNS_NEIGH,
  NETNS_NEXT_IFINDEX,
  NETNS_PORT_HIGH,
  NETNS_PORT_LOW,
  NETNS_SIZE,
} from '../../src/abi/netns.ts'
import {
  ROUTE_DEV,
  ROUTE_DST,
  ROUTE_FLAGS,
  ROUTE_F_KERNEL,
  ROUTE_METRIC,
  ROUTE_PLEN,
  ROUTE_PREFSRC,
  ROUTE_SCOPE,
  ROUTE_SIZE,
  ROUTE_TABLE,
  ROUTE_TYPE,
  RTN_ANYCAST,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_UNICAST,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
} from '../../src/abi/route.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'
import { Addr } from './addr.ts'
import { Conf } from './conf.ts'
import { Fib } from './fib.ts'
import { Link } from './link.ts'
import { Neigh } from './neigh.ts'
import { Netns } from './netns.ts'
import { Prefix } from './prefix.ts'
import { Route } from './route.ts'

/** Last namespace number, last link number. */
const SERIALS = memory.data(8, 8)
const SCRATCH = memory.data(16, 16)
/** Metric of the routes that IPv6 addresses make. */
const KERNEL_METRIC6: u32 = 256

export abstract class Admin {
  /** A namespace with the kernel's default sysctls and a loopback that is down; 0 when memory is full. */
  static createNetns(): usize {
    const netns = Arena.alloc(NETNS_SIZE)
    if (netns == 0) return 0
    const id = load<u32>(SERIALS) + 1
    store<u32>(SERIALS, id)
    store<u16>(netns, id, NETNS_ID)
    store<u32>(netns, Fib.create() as u32, NETNS_FIB)
    store<u32>(netns, Fib.create() as u32, NETNS_FIB + 4)
    store<u32>(netns, Neigh.createTable() as u32, NETNS_NEIGH)
    store<u32>(netns, 1, NETNS_NEXT_IFINDEX)
    store<u32>(netns, 64, NETNS_IP_DEFAULT_TTL)
    store<u32>(netns, 1, NETNS_ICMP_ECHO_IGNORE_BROADCASTS)
    store<u32>(netns, 30, NETNS_IPFRAG_TIME)
    store<u32>(netns, 60, NETNS_FRAG6_TIME)
    store<u32>(netns, 0, NETNS_BINDV6ONLY)
    store<u32>(netns, 32768, NETNS_PORT_LOW)
    store<u32>(netns, 60999, NETNS_PORT_HIGH)
    Admin.defaults4(netns + NETNS_CONF4_ALL)
    Admin.defaults4(netns + NETNS_CONF4_DEFAULT)
    store<u32>(netns, 64, NETNS_CONF6_ALL + CONF6_HOP_LIMIT)
    store<u32>(netns, 64, NETNS_CONF6_DEFAULT + CONF6_HOP_LIMIT)
    const loopback = Admin.createLink(netns, LINK_KIND_LOOPBACK)
    store<u32>(loopback, 0x00006f6c) // "lo", little-endian
    store<u32>(netns, loopback as u32, NETNS_LOOPBACK)
    return netns
  }

  private static defaults4(conf: usize): void {
    store<u32>(conf, 1, CONF4_SEND_REDIRECTS)
    store<u32>(conf, 1, CONF4_ACCEPT_REDIRECTS)
    store<u32>(conf, 1, CONF4_SHARED_MEDIA)
  }

  /** Frees a namespace with all its links. Packets in flight, tables and conntrack are the caller's to clear first. */
  static destroyNetns(netns: usize): void {
    while (Netns.links(netns) != 0) Admin.destroyLink(Netns.links(netns))
    Fib.destroy(Fib.of(netns, NFPROTO_IPV4))
    Fib.destroy(Fib.of(netns, NFPROTO_IPV6))
    while (Neigh.anyOf(netns, 0) != 0) Neigh.remove(netns, Neigh.anyOf(netns, 0))
    Neigh.destroyTable(netns)
    Arena.free(netns, NETNS_SIZE)
  }

  /** A link, down, with the namespace's default settings and MTU 1500 (loopback 65536); 0 when memory is full. */
  static createLink(netns: usize, kind: u32): usize {
    const link = Arena.alloc(LINK_SIZE)
    if (link == 0) return 0
    const id = load<u32>(SERIALS, 4) + 1
    store<u32>(SERIALS, id, 4)
    store<u32>(link, id, LINK_ID)
    const ifindex = load<u32>(netns, NETNS_NEXT_IFINDEX)
    store<u32>(netns, ifindex + 1, NETNS_NEXT_IFINDEX)
    store<u32>(link, ifindex, LINK_IFINDEX)
    store<u32>(link, kind, LINK_KIND)
    Link.setMtu(link, kind == LINK_KIND_LOOPBACK ? 65536 : 1500)
    Admin.join(link, netns)
    return link
  }

  static destroyLink(link: usize): void {
    const netns = Link.netns(link)
    const peer = Link.peer(link)
    Admin.leave(link)
    if (peer != 0) store<u32>(peer, 0, LINK_PEER)
    if (Netns.loopback(netns) == link) store<u32>(netns, 0, NETNS_LOOPBACK)
    Arena.free(link, LINK_SIZE)
  }

  /**
   * `ip link set NAME netns NS` (net/core/dev.c: __dev_change_net_namespace): the link goes down and loses its
   * addresses, routes and settings; its number stays when it is free in the new namespace.
   */
  static moveLink(link: usize, netns: usize): void {
    Admin.leave(link)
    const ifindex = Link.ifindex(link)
    let other = Netns.links(netns)
    while (other != 0 && Link.ifindex(other) != ifindex) other = Link.next(other)
    const next = load<u32>(netns, NETNS_NEXT_IFINDEX)
    if (other != 0) {
      store<u32>(link, next, LINK_IFINDEX)
      store<u32>(netns, next + 1, NETNS_NEXT_IFINDEX)
    } else if (ifindex >= next) store<u32>(netns, ifindex + 1, NETNS_NEXT_IFINDEX)
    Admin.join(link, netns)
  }

  /** Puts a link at the end of a namespace's list, with the namespace's default settings. */
  private static join(link: usize, netns: usize): void {
    store<u32>(link, netns as u32, LINK_NETNS)
    memory.copy(link + LINK_CONF4, netns + NETNS_CONF4_DEFAULT, CONF4_SIZE)
    memory.copy(link + LINK_CONF6, netns + NETNS_CONF6_DEFAULT, CONF6_SIZE)
    let at = netns + NETNS_LINKS
    while (load<u32>(at) != 0) at = (load<u32>(at) as usize) + LINK_NEXT
    store<u32>(at, link as u32)
    store<u32>(link, 0, LINK_NEXT)
  }

  /** Takes a link out of its namespace, with all that is there because of it. */
  private static leave(link: usize): void {
    const netns = Link.netns(link)
    Admin.setUp(link, false)
    while (Link.addrs4(link) != 0) Admin.removeAddress(Link.addrs4(link))
    while (Link.addrs6(link) != 0) Admin.removeAddress(Link.addrs6(link))
    Fib.flushDev(netns, NFPROTO_IPV4, link, false)
    Fib.flushDev(netns, NFPROTO_IPV6, link, false)
    let at = netns + NETNS_LINKS
    while (load<u32>(at) != (link as u32)) at = (load<u32>(at) as usize) + LINK_NEXT
    store<u32>(at, Link.next(link) as u32)
  }

  /** `ip link set up|down`. Going down drops the link's routes and IPv6 addresses, as Linux does. */
  static setUp(link: usize, up: bool): void {
    if (Link.isUp(link) == up) return
    const netns = Link.netns(link)
    store<u32>(link, Link.flags(link) ^ LINK_F_UP, LINK_FLAGS)
    Fib.touch()
    if (up) {
      if (Link.kind(link) == LINK_KIND_LOOPBACK) Admin.loopbackAddresses(link)
      else Admin.linkLocal(link)
      let addr = Link.addrs4(link)
      while (addr != 0) {
        Admin.addressRoutes4(addr)
        addr = Addr.next(addr)
      }
      if (Link.kind(link) != LINK_KIND_LOOPBACK && Conf.own6(link, CONF6_DISABLE_IPV6) == 0)
        Admin.multicast6(link)
      return
    }
    Fib.flushDev(netns, NFPROTO_IPV4, link, true)
    while (Link.addrs6(link) != 0) Admin.removeAddress(Link.addrs6(link))
    Fib.flushDev(netns, NFPROTO_IPV6, link, false)
    for (let neigh = Neigh.anyOf(netns, link); neigh != 0; neigh = Neigh.anyOf(netns, link))
      Neigh.remove(netns, neigh)
  }

  /**
   * Adds an address (`record` is laid out as src/abi/address.ts; link, next and flags are ignored). False: it exists.
   */
  static addAddress(link: usize, record: usize): bool {
    const family = load<u32>(record, ADDRESS_FAMILY)
    if (Addr.find(link, family, record + ADDRESS_LOCAL) != 0) return false
    const addr = Arena.alloc(ADDRESS_SIZE)
    if (addr == 0) return false
    memory.copy(addr, record, ADDRESS_SIZE)
    store<u32>(addr, link as u32, ADDRESS_LINK)
    store<u32>(addr, 0, ADDRESS_NEXT)
    store<u32>(addr, 0, ADDRESS_FLAGS)
    let at = link + (family == NFPROTO_IPV4 ? LINK_ADDRS4 : LINK_ADDRS6)
    if (family == NFPROTO_IPV4) {
      while (load<u32>(at) != 0) {
        const other: usize = load<u32>(at)
        if (Addr.plen(other) == Addr.plen(addr) && Prefix.contains(other, family, Addr.plen(addr), addr)) {
          store<u32>(addr, ADDRESS_F_SECONDARY, ADDRESS_FLAGS)
        }
        at = other + ADDRESS_NEXT
      }
      store<u32>(at, addr as u32)
      Admin.addressRoutes4(addr)
    } else {
      // ipv6_link_dev_addr: by scope, wider scopes first, a newer one behind its equals.
      while (load<u32>(at) != 0 && Addr.scope6(load<u32>(at)) >= Addr.scope6(addr))
        at = load<u32>(at) + ADDRESS_NEXT
      store<u32>(addr, load<u32>(at), ADDRESS_NEXT)
      store<u32>(at, addr as u32)
      Admin.addressRoutes6(addr)
    }
    return true
  }

  /** Takes an address out with the routes it made. */
  static removeAddress(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    const family = load<u32>(addr, ADDRESS_FAMILY)
    let at = link + (family == NFPROTO_IPV4 ? LINK_ADDRS4 : LINK_ADDRS6)
    while (load<u32>(at) != (addr as u32)) at = load<u32>(at) + ADDRESS_NEXT
    store<u32>(at, Addr.next(addr) as u32)
    const full: u32 = family == NFPROTO_IPV4 ? 32 : 128
    Admin.dropRoute(netns, family, addr, full, true, link, addr)
    if (family == NFPROTO_IPV4) {
      Admin.dropRoute(netns, family, addr + ADDRESS_BROADCAST, full, true, link, addr)
      Address.copy(SCRATCH, addr)
      Admin.directedBroadcast(SCRATCH, Addr.plen(addr))
      Admin.dropRoute(netns, family, SCRATCH, full, true, link, addr)
    }
    if (!Addr.isSecondary(addr)) {
      const isLocal = family == NFPROTO_IPV4 && Link.kind(link) == LINK_KIND_LOOPBACK
      Admin.dropRoute(netns, family, addr, Addr.plen(addr), isLocal, link, family == NFPROTO_IPV4 ? addr : 0)
    }
    Arena.free(addr, ADDRESS_SIZE)
  }

  /** Adds a route of the user (`record` laid out as src/abi/route.ts); 0, or an errno as a negative number. */
  static addRoute(netns: usize, family: u32, record: usize): i32 {
    const route = Arena.alloc(ROUTE_SIZE)
    if (route == 0) return -12
    memory.copy(route, record, ROUTE_SIZE)
    Route.setNext(route, 0)
    Route.setChain(route, 0)
    if (Fib.insert(netns, family, route)) return 0
    Arena.free(route, ROUTE_SIZE)
    return -17
  }

  /** Removes the first route that has the record's prefix, table, and (where the record has them) type, dev, gateway. */
  static removeRoute(netns: usize, family: u32, record: usize): bool {
    Prefix.apply(record + ROUTE_DST, family, Route.plen(record))
    let route = Fib.exact(
      netns,
      family,
      record + ROUTE_DST,
      Route.plen(record),
      Route.table(record) == RT_TABLE_LOCAL,
    )
    while (route != 0) {
      if (
        (Route.type(record) == 0 || Route.type(record) == Route.type(route)) &&
        (Route.dev(record) == 0 || Route.dev(record) == Route.dev(route)) &&
        (Address.isZero(Route.gateway(record)) ||
          Address.equal(Route.gateway(record), Route.gateway(route))) &&
        (Route.metric(record) == 0 || Route.metric(record) == Route.metric(route))
      ) {
        Fib.remove(netns, family, route)
        return true
      }
      route = Route.next(route)
    }
    return false
  }

  /** IPv6 forwarding was switched: the subnet-router anycast addresses come or go. */
  static forwarding6(netns: usize): void {
    let link = Netns.links(netns)
    while (link != 0) {
      let addr = Link.addrs6(link)
      while (addr != 0) {
        if (Conf.own6(link, CONF6_FORWARDING) != 0) Admin.anycast(addr)
        else Admin.dropAnycast(addr)
        addr = Addr.next(addr)
      }
      link = Link.next(link)
    }
  }

  private static loopbackAddresses(link: usize): void {
    if (Link.addrs4(link) == 0) {
      memory.fill(SCRATCH_ADDRESS, 0, ADDRESS_SIZE)
      Address.mapped(SCRATCH_ADDRESS, 0x0100007f)
      store<u32>(SCRATCH_ADDRESS, 8, ADDRESS_PREFIX)
      store<u32>(SCRATCH_ADDRESS, RT_SCOPE_HOST, ADDRESS_SCOPE)
      store<u32>(SCRATCH_ADDRESS, NFPROTO_IPV4, ADDRESS_FAMILY)
      Admin.addAddress(link, SCRATCH_ADDRESS)
    }
    if (Conf.own6(link, CONF6_DISABLE_IPV6) != 0) return
    memory.fill(SCRATCH_ADDRESS, 0, ADDRESS_SIZE)
    store<u8>(SCRATCH_ADDRESS, 1, 15)
    store<u32>(SCRATCH_ADDRESS, 128, ADDRESS_PREFIX)
    store<u32>(SCRATCH_ADDRESS, RT_SCOPE_HOST, ADDRESS_SCOPE)
    store<u32>(SCRATCH_ADDRESS, NFPROTO_IPV6, ADDRESS_FAMILY)
    Admin.addAddress(link, SCRATCH_ADDRESS)
  }

  /** fe80:: with the modified EUI-64 of the hardware address. */
  private static linkLocal(link: usize): void {
    if ((Conf.own6(link, CONF6_DISABLE_IPV6) | Conf.own6(link, CONF6_ADDR_GEN_MODE)) != 0) return
    memory.fill(SCRATCH_ADDRESS, 0, ADDRESS_SIZE)
    const mac = link + LINK_MAC
    store<u16>(SCRATCH_ADDRESS, 0x80fe)
    store<u8>(SCRATCH_ADDRESS, load<u8>(mac) ^ 2, 8)
    store<u16>(SCRATCH_ADDRESS, load<u16>(mac, 1), 9)
    store<u16>(SCRATCH_ADDRESS, 0xfeff, 11)
    store<u8>(SCRATCH_ADDRESS, load<u8>(mac, 3), 13)
    store<u16>(SCRATCH_ADDRESS, load<u16>(mac, 4), 14)
    store<u32>(SCRATCH_ADDRESS, 64, ADDRESS_PREFIX)
    store<u32>(SCRATCH_ADDRESS, RT_SCOPE_LINK, ADDRESS_SCOPE)
    store<u32>(SCRATCH_ADDRESS, NFPROTO_IPV6, ADDRESS_FAMILY)
    Admin.addAddress(link, SCRATCH_ADDRESS)
  }

  private static addressRoutes4(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    const plen = Addr.plen(addr)
    const ip = Address.v4(addr)
    Admin.kernelRoute(netns, NFPROTO_IPV4, addr, 32, RTN_LOCAL, true, RT_SCOPE_HOST, link, addr, 0)
    if (!Link.isUp(link)) return
    const brd = Address.v4(addr + ADDRESS_BROADCAST)
    if (brd != 0 && brd != 0xffffffff) {
      Admin.kernelRoute(
        netns,
        NFPROTO_IPV4,
        addr + ADDRESS_BROADCAST,
        32,
        RTN_BROADCAST,
        true,
        RT_SCOPE_LINK,
        link,
        addr,
        0,
      )
    }
    Address.copy(SCRATCH, addr)
    Prefix.apply(SCRATCH, NFPROTO_IPV4, plen)
    const prefix = Address.v4(SCRATCH)
    if (Address.isZeronet4(prefix) || Addr.isSecondary(addr) || (prefix == ip && plen == 32)) return
    const loopback = Link.kind(link) == LINK_KIND_LOOPBACK
    const type = loopback ? RTN_LOCAL : RTN_UNICAST
    const scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_LINK
    Admin.kernelRoute(netns, NFPROTO_IPV4, SCRATCH, plen, type, loopback, scope, link, addr, 0)
    if (plen >= 31) return
    Admin.directedBroadcast(SCRATCH, plen)
    Admin.kernelRoute(netns, NFPROTO_IPV4, SCRATCH, 32, RTN_BROADCAST, true, RT_SCOPE_LINK, link, addr, 0)
  }

  private static addressRoutes6(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    Admin.kernelRoute(netns, NFPROTO_IPV6, addr, 128, RTN_LOCAL, true, RT_SCOPE_UNIVERSE, link, 0, 0)
    const plen = Addr.plen(addr)
    if (Link.kind(link) == LINK_KIND_LOOPBACK && plen == 128) return
    Admin.kernelRoute(
      netns,
      NFPROTO_IPV6,
      addr,
      plen,
      RTN_UNICAST,
      false,
      RT_SCOPE_UNIVERSE,
      link,
      0,
      KERNEL_METRIC6,
    )
    if (Conf.own6(link, CONF6_FORWARDING) != 0) Admin.anycast(addr)
  }

  private static anycast(addr: usize): void {
    if (Addr.plen(addr) >= 127) return
    const link = Addr.link(addr)
    Address.copy(SCRATCH, addr)
    Prefix.apply(SCRATCH, NFPROTO_IPV6, Addr.plen(addr))
    Admin.kernelRoute(
      Link.netns(link),
      NFPROTO_IPV6,
      SCRATCH,
      128,
      RTN_ANYCAST,
      true,
      RT_SCOPE_UNIVERSE,
      link,
      0,
      0,
    )
  }

  private static dropAnycast(addr: usize): void {
    const link = Addr.link(addr)
    Address.copy(SCRATCH, addr)
    Prefix.apply(SCRATCH, NFPROTO_IPV6, Addr.plen(addr))
    let route = Fib.exact(Link.netns(link), NFPROTO_IPV6, SCRATCH, 128, true)
    while (route != 0 && !(Route.type(route) == RTN_ANYCAST && Route.dev(route) == link))
      route = Route.next(route)
    if (route != 0) Fib.remove(Link.netns(link), NFPROTO_IPV6, route)
  }

  private static multicast6(link: usize): void {
    Address.clear(SCRATCH)
    store<u8>(SCRATCH, 0xff)
    const netns = Link.netns(link)
    Admin.kernelRoute(
      netns,
      NFPROTO_IPV6,
      SCRATCH,
      8,
      RTN_MULTICAST,
      true,
      RT_SCOPE_UNIVERSE,
      link,
      0,
      KERNEL_METRIC6,
    )
  }

  /** Sets all host bits of an IPv4 prefix. */
  private static directedBroadcast(addr: usize, plen: u32): void {
    const mask = load<u32>(Prefix.mask(NFPROTO_IPV4, plen), 12)
    store<u32>(addr, load<u32>(addr, 12) | ~mask, 12)
  }

  /** A route of the stack's own, unless the link has it already. `src` 0: no preferred source. */
  private static kernelRoute(
    netns: usize,
    family: u32,
    prefix: usize,
    plen: u32,
    type: u32,
    isLocal: bool,
    scope: u32,
    link: usize,
    src: usize,
    metric: u32,
  ): void {
    let same = Fib.exact(netns, family, prefix, plen, isLocal)
    while (same != 0) {
      if (
        Route.type(same) == type &&
        Route.dev(same) == link &&
        (src == 0 || Address.equal(Route.prefsrc(same), src))
      ) {
        return
      }
      same = Route.next(same)
    }
    const route = Arena.alloc(ROUTE_SIZE)
    if (route == 0) return
    Address.copy(route + ROUTE_DST, prefix)
    if (src != 0) Address.copy(route + ROUTE_PREFSRC, src)
    store<u32>(route, plen, ROUTE_PLEN)
    store<u32>(route, type, ROUTE_TYPE)
    store<u32>(route, link as u32, ROUTE_DEV)
    store<u32>(route, metric, ROUTE_METRIC)
    store<u32>(route, isLocal ? RT_TABLE_LOCAL : RT_TABLE_MAIN, ROUTE_TABLE)
    store<u32>(route, scope, ROUTE_SCOPE)
    store<u32>(route, ROUTE_F_KERNEL, ROUTE_FLAGS)
    Fib.insert(netns, family, route)
  }

  /** Drops the route that `kernelRoute` made for this link (and source, unless `src` is 0). */
  private static dropRoute(
    netns: usize,
    family: u32,
    prefix: usize,
    plen: u32,
    isLocal: bool,
    link: usize,
    src: usize,
  ): void {
    let route = Fib.exact(netns, family, prefix, plen, isLocal)
    while (route != 0) {
      const next = Route.next(route)
      if (Route.flags(route) & ROUTE_F_KERNEL && Route.dev(route) == link) {
        const prefsrc = Route.prefsrc(route)
        if (src == 0 || Address.isZero(prefsrc) || Address.equal(prefsrc, src))
          Fib.remove(netns, family, route)
      }
      route = next
    }
  }

  /** True for the two ends of one pair. */
  @inline static isPair(link: usize): bool {
    return Link.kind(link) == LINK_KIND_VETH && Link.peer(link) != 0
  }
}

const SCRATCH_ADDRESS = memory.data(64, 16)
