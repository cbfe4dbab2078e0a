// Addresses of links as `ip addr` adds and removes them, with the routes that Linux makes for them (net/ipv4/devinet.c,
// fib_frontend.c: fib_add_ifaddr; net/ipv6/addrconf.c), loopback's addresses, an IPv6 link-local address from the
// hardware address. Duplicate address detection, multicast reports and router solicitations are not modelled: no frame
// is sent when an address appears.

import {
  ADDRESS_BROADCAST,
  ADDRESS_FAMILY,
  ADDRESS_FLAGS,
  ADDRESS_F_NODAD,
  ADDRESS_F_NOPREFIXROUTE,
  ADDRESS_F_SECONDARY,
  ADDRESS_LINK,
  ADDRESS_NEXT,
  ADDRESS_PREFIX,
  ADDRESS_SCOPE,
  ADDRESS_SIZE,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
} from '../../src/abi/address.ts'
import { CONF6_ADDR_GEN_MODE, CONF6_DISABLE_IPV6, CONF6_FORWARDING } from '../../src/abi/conf.ts'
import { LINK_ADDRS4, LINK_ADDRS6, LINK_KIND_LOOPBACK, LINK_MAC } from '../../src/abi/link.ts'
import { RTN_ANYCAST, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from '../../src/abi/route.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'
import { Addr } from './addr.ts'
import { Conf } from './conf.ts'
import { Fib } from './fib.ts'
import { Link } from './link.ts'
import { Netns } from './netns.ts'
import { Prefix } from './prefix.ts'
import { Route } from './route.ts'
import { KernelRoutes } from './routes.ts'

const SCRATCH = memory.data(16, 16)
const SCRATCH_ADDRESS = memory.data(128, 16)
/** Metric of the routes that IPv6 addresses make. */
const KERNEL_METRIC6: u32 = 256
const GIVEN_FLAGS: u32 = ADDRESS_F_NODAD | ADDRESS_F_NOPREFIXROUTE
const EINVAL = -22
const EEXIST = -17
const ENOMEM = -12

export abstract class Addresses {
  /**
   * Adds an address (`record` is laid out as src/abi/address.ts; link and next are ignored). 0, or a negative errno:
   * -17 it exists, -22 another address of its subnet has another scope, -12 no memory.
   */
  static add(link: usize, record: usize): i32 {
    return load<u32>(record, ADDRESS_FAMILY) == NFPROTO_IPV4
      ? Addresses.add4(link, record)
      : Addresses.add6(link, record)
  }

  /**
   * __inet_insert_ifa: the first of a subnet is its primary address; a primary one stands behind the last primary of
   * its scope or a narrower one, a secondary one at the end.
   */
  private static add4(link: usize, record: usize): i32 {
    let flags = load<u32>(record, ADDRESS_FLAGS) & GIVEN_FLAGS
    const plen = Addr.plen(record)
    let at = link + LINK_ADDRS4
    let primary = at
    while (load<u32>(at) != 0) {
      const other: usize = load<u32>(at)
      if (!Addr.isSecondary(other) && Addr.scope(record) <= Addr.scope(other)) primary = other + ADDRESS_NEXT
      if (
        Addr.plen(other) == plen &&
        Prefix.contains(Addr.prefix(other), NFPROTO_IPV4, plen, Addr.prefix(record))
      ) {
        if (Address.equal(Addr.local(other), Addr.local(record))) return EEXIST
        if (Addr.scope(other) != Addr.scope(record)) return EINVAL
        flags |= ADDRESS_F_SECONDARY
      }
      at = other + ADDRESS_NEXT
    }
    const addr = Addresses.copy(link, record, flags)
    if (addr == 0) return ENOMEM
    Addresses.insert(flags & ADDRESS_F_SECONDARY ? at : primary, addr)
    Addresses.routes4(addr)
    return 0
  }

  /** ipv6_link_dev_addr: by scope, wider scopes first, a newer one before its equals. */
  private static add6(link: usize, record: usize): i32 {
    if (Addr.find(link, NFPROTO_IPV6, Addr.local(record)) != 0) return EEXIST
    const addr = Addresses.copy(link, record, load<u32>(record, ADDRESS_FLAGS) & GIVEN_FLAGS)
    if (addr == 0) return ENOMEM
    let at = link + LINK_ADDRS6
    while (load<u32>(at) != 0 && Addr.scope6(load<u32>(at)) > Addr.scope6(addr))
      at = load<u32>(at) + ADDRESS_NEXT
    Addresses.insert(at, addr)
    Addresses.routes6(addr)
    // addrconf_add_dev
    if (Link.isUp(link) && Link.kind(link) != LINK_KIND_LOOPBACK) Addresses.multicast6(link)
    return 0
  }

  private static copy(link: usize, record: usize, flags: u32): usize {
    const addr = Arena.alloc(ADDRESS_SIZE)
    if (addr == 0) return 0
    memory.copy(addr, record, ADDRESS_SIZE)
    store<u32>(addr, link as u32, ADDRESS_LINK)
    store<u32>(addr, flags, ADDRESS_FLAGS)
    return addr
  }

  private static insert(at: usize, addr: usize): void {
    Fib.touch()
    store<u32>(addr, load<u32>(at), ADDRESS_NEXT)
    store<u32>(at, addr as u32)
  }

  /** Takes an address out with the routes it made; those that another address of the link makes as well stay. */
  static remove(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    const family = load<u32>(addr, ADDRESS_FAMILY)
    const first = link + (family == NFPROTO_IPV4 ? LINK_ADDRS4 : LINK_ADDRS6)
    let at = first
    while (load<u32>(at) != (addr as u32)) at = load<u32>(at) + ADDRESS_NEXT
    const source = Addresses.primary(addr)
    Fib.touch()
    store<u32>(at, Addr.next(addr) as u32)
    if (family == NFPROTO_IPV4) {
      KernelRoutes.drop(netns, family, addr, 32, true, link, source)
      KernelRoutes.drop(netns, family, addr + ADDRESS_BROADCAST, 32, true, link, source)
      Address.copy(SCRATCH, Addr.prefix(addr))
      Addresses.directedBroadcast(SCRATCH, Addr.plen(addr))
      KernelRoutes.drop(netns, family, SCRATCH, 32, true, link, source)
      const isLocal = Link.kind(link) == LINK_KIND_LOOPBACK
      if (!Addr.isSecondary(addr))
        KernelRoutes.drop(netns, family, Addr.prefix(addr), Addr.plen(addr), isLocal, link, addr)
    } else {
      KernelRoutes.drop(netns, family, addr, 128, true, link, addr)
      KernelRoutes.drop(netns, family, addr, Addr.plen(addr), false, link, 0)
      if (Addr.prefix(addr) != addr) KernelRoutes.drop(netns, family, Addr.prefix(addr), 128, false, link, 0)
      Addresses.dropAnycast(addr)
    }
    for (let other: usize = load<u32>(first); other != 0; other = Addr.next(other)) {
      if (family == NFPROTO_IPV4) Addresses.routes4(other)
      else Addresses.routes6(other)
    }
    Arena.free(addr, ADDRESS_SIZE)
  }

  /** The link went up: IPv4 addresses get their routes. */
  static up(link: usize): void {
    for (let addr = Link.addrs4(link); addr != 0; addr = Addr.next(addr)) Addresses.routes4(addr)
  }

  /** The primary address of a secondary one's subnet (inet_ifa_byprefix); of a primary one, itself. */
  private static primary(addr: usize): usize {
    if (!Addr.isSecondary(addr)) return addr
    let at = Link.addrs4(Addr.link(addr))
    while (at != 0) {
      const plen = Addr.plen(at)
      if (plen == Addr.plen(addr) && Prefix.contains(Addr.prefix(at), NFPROTO_IPV4, plen, Addr.prefix(addr)))
        return at
      at = Addr.next(at)
    }
    return addr
  }

  /** IPv6 forwarding was switched: the subnet-router anycast addresses come or go. */
  static forwarding6(netns: usize): void {
    let link = Netns.links(netns)
    while (link != 0) {
      let addr = Link.addrs6(link)
      while (addr != 0) {
        if (Conf.own6(link, CONF6_FORWARDING) != 0) Addresses.anycast(addr)
        else Addresses.dropAnycast(addr)
        addr = Addr.next(addr)
      }
      link = Link.next(link)
    }
  }

  static loopback(link: usize): void {
    if (Link.addrs4(link) == 0) {
      memory.fill(SCRATCH_ADDRESS, 0, ADDRESS_SIZE)
      Address.mapped(SCRATCH_ADDRESS, 0x0100007f)
      store<u32>(SCRATCH_ADDRESS, 8, ADDRESS_PREFIX)
      store<u32>(SCRATCH_ADDRESS, RT_SCOPE_HOST, ADDRESS_SCOPE)
      store<u32>(SCRATCH_ADDRESS, NFPROTO_IPV4, ADDRESS_FAMILY)
      Addresses.add(link, SCRATCH_ADDRESS)
    }
    if (Conf.own6(link, CONF6_DISABLE_IPV6) != 0) return
    memory.fill(SCRATCH_ADDRESS, 0, ADDRESS_SIZE)
    store<u8>(SCRATCH_ADDRESS, 1, 15)
    store<u32>(SCRATCH_ADDRESS, 128, ADDRESS_PREFIX)
    store<u32>(SCRATCH_ADDRESS, RT_SCOPE_HOST, ADDRESS_SCOPE)
    store<u32>(SCRATCH_ADDRESS, NFPROTO_IPV6, ADDRESS_FAMILY)
    Addresses.add(link, SCRATCH_ADDRESS)
  }

  /** The way to multicast groups, and fe80:: with the modified EUI-64 of the hardware address. */
  static linkLocal(link: usize): void {
    if (Conf.own6(link, CONF6_DISABLE_IPV6) != 0) return
    Addresses.multicast6(link)
    if (Conf.own6(link, CONF6_ADDR_GEN_MODE) != 0) return
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
    Addresses.add(link, SCRATCH_ADDRESS)
  }

  private static routes4(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    const plen = Addr.plen(addr)
    const source = Addresses.primary(addr)
    KernelRoutes.add(netns, NFPROTO_IPV4, addr, 32, RTN_LOCAL, true, RT_SCOPE_HOST, link, source, 0)
    if (!Link.isUp(link)) return
    const own = addr + ADDRESS_BROADCAST
    const brd = Address.v4(own)
    if (brd != 0 && brd != 0xffffffff)
      KernelRoutes.add(netns, NFPROTO_IPV4, own, 32, RTN_BROADCAST, true, RT_SCOPE_LINK, link, source, 0)
    Address.copy(SCRATCH, Addr.prefix(addr))
    Prefix.apply(SCRATCH, NFPROTO_IPV4, plen)
    const prefix = Address.v4(SCRATCH)
    if (Address.isZeronet4(prefix) || Addr.isSecondary(addr) || (prefix == Address.v4(addr) && plen == 32))
      return
    const loopback = Link.kind(link) == LINK_KIND_LOOPBACK
    const type = loopback ? RTN_LOCAL : RTN_UNICAST
    const scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_LINK
    if (!Addr.noPrefixRoute(addr))
      KernelRoutes.add(netns, NFPROTO_IPV4, SCRATCH, plen, type, loopback, scope, link, source, 0)
    if (plen >= 31) return
    Addresses.directedBroadcast(SCRATCH, plen)
    KernelRoutes.add(netns, NFPROTO_IPV4, SCRATCH, 32, RTN_BROADCAST, true, RT_SCOPE_LINK, link, source, 0)
  }

  private static routes6(addr: usize): void {
    const link = Addr.link(addr)
    const netns = Link.netns(link)
    KernelRoutes.add(netns, NFPROTO_IPV6, addr, 128, RTN_LOCAL, true, RT_SCOPE_UNIVERSE, link, 0, 0)
    const plen = Addr.plen(addr)
    if (Address.isLoopback6(addr)) return
    if (!Addr.noPrefixRoute(addr)) Addresses.prefixRoute6(link, addr, plen)
    if (Addr.prefix(addr) != addr) Addresses.prefixRoute6(link, Addr.prefix(addr), 128)
    if (Conf.own6(link, CONF6_FORWARDING) != 0) Addresses.anycast(addr)
  }

  /** addrconf_prefix_route. */
  private static prefixRoute6(link: usize, prefix: usize, plen: u32): void {
    const scope = RT_SCOPE_UNIVERSE
    KernelRoutes.add(
      Link.netns(link),
      NFPROTO_IPV6,
      prefix,
      plen,
      RTN_UNICAST,
      false,
      scope,
      link,
      0,
      KERNEL_METRIC6,
    )
  }

  private static anycast(addr: usize): void {
    if (Addr.plen(addr) >= 127) return
    const link = Addr.link(addr)
    Address.copy(SCRATCH, addr)
    Prefix.apply(SCRATCH, NFPROTO_IPV6, Addr.plen(addr))
    KernelRoutes.add(
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
    KernelRoutes.add(
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
}
