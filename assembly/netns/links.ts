// Links as `ip link` makes, moves and removes them, with what Linux does of its own accord when one goes up or down.

import { CONF4_SIZE, CONF6_SIZE } from '../../src/abi/conf.ts'
import {
  LINK_CONF4,
  LINK_CONF6,
  LINK_FLAGS,
  LINK_F_READY,
  LINK_F_UP,
  LINK_F_WAS_UP,
  LINK_ID,
  LINK_IFINDEX,
  LINK_KIND,
  LINK_KIND_LOOPBACK,
  LINK_KIND_VETH,
  LINK_NETNS,
  LINK_NEXT,
  LINK_PEER,
  LINK_SIZE,
} from '../../src/abi/link.ts'
import {
  NETNS_CONF4_DEFAULT,
  NETNS_CONF6_DEFAULT,
  NETNS_LINKS,
  NETNS_LOOPBACK,
  NETNS_NEXT_IFINDEX,
} from '../../src/abi/netns.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Arena } from '../memory/arena.ts'
import { Addresses } from './addresses.ts'
import { Fib } from './fib.ts'
import { Link } from './link.ts'
import { Neigh } from './neigh.ts'
import { Netns } from './netns.ts'

/** Number of the last link. */
const SERIAL = memory.data(4, 4)

export abstract class Links {
  /** A link, down, with the namespace's default settings and MTU 1500 (loopback 65536); 0 when memory is full. */
  static create(netns: usize, kind: u32): usize {
    const link = Arena.alloc(LINK_SIZE)
    if (link == 0) return 0
    const id = load<u32>(SERIAL) + 1
    store<u32>(SERIAL, id)
    store<u32>(link, id, LINK_ID)
    const ifindex = load<u32>(netns, NETNS_NEXT_IFINDEX)
    store<u32>(netns, ifindex + 1, NETNS_NEXT_IFINDEX)
    store<u32>(link, ifindex, LINK_IFINDEX)
    store<u32>(link, kind, LINK_KIND)
    Link.setMtu(link, kind == LINK_KIND_LOOPBACK ? 65536 : 1500)
    Links.join(link, netns)
    return link
  }

  static destroy(link: usize): void {
    const netns = Link.netns(link)
    const peer = Link.peer(link)
    Links.leave(link)
    if (peer != 0) store<u32>(peer, 0, LINK_PEER)
    if (Netns.loopback(netns) == link) store<u32>(netns, 0, NETNS_LOOPBACK)
    Arena.free(link, LINK_SIZE)
  }

  /**
   * `ip link set NAME netns NS` (net/core/dev.c: __dev_change_net_namespace): the link goes down and loses its
   * addresses, routes and settings; its number stays when it is free in the new namespace.
   */
  static move(link: usize, netns: usize): void {
    Links.leave(link)
    const ifindex = Link.ifindex(link)
    let other = Netns.links(netns)
    while (other != 0 && Link.ifindex(other) != ifindex) other = Link.next(other)
    const next = load<u32>(netns, NETNS_NEXT_IFINDEX)
    if (other != 0) {
      store<u32>(link, next, LINK_IFINDEX)
      store<u32>(netns, next + 1, NETNS_NEXT_IFINDEX)
    } else if (ifindex >= next) store<u32>(netns, ifindex + 1, NETNS_NEXT_IFINDEX)
    Links.join(link, netns)
  }

  /** Puts a link at the end of a namespace's list, with the namespace's default settings. */
  private static join(link: usize, netns: usize): void {
    Fib.touch()
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
    Links.setUp(link, false)
    while (Link.addrs4(link) != 0) Addresses.remove(Link.addrs4(link))
    while (Link.addrs6(link) != 0) Addresses.remove(Link.addrs6(link))
    Fib.flushDev(netns, NFPROTO_IPV4, link, false)
    Fib.flushDev(netns, NFPROTO_IPV6, link, false)
    let at = netns + NETNS_LINKS
    while (load<u32>(at) != (link as u32)) at = (load<u32>(at) as usize) + LINK_NEXT
    store<u32>(at, Link.next(link) as u32)
  }

  /**
   * `ip link set up|down`. Going down drops the link's routes and IPv6 addresses, as Linux does. IPv6 is set up when a
   * link gets its carrier (addrconf_notify): for one end of a pair, when both ends are up.
   */
  static setUp(link: usize, up: bool): void {
    if (Link.isUp(link) == up) return
    const netns = Link.netns(link)
    store<u32>(link, Link.flags(link) ^ LINK_F_UP, LINK_FLAGS)
    Fib.touch()
    if (up) {
      store<u32>(link, Link.flags(link) | LINK_F_WAS_UP, LINK_FLAGS)
      if (Link.kind(link) == LINK_KIND_LOOPBACK) Addresses.loopback(link)
      Addresses.up(link)
      Links.ready(link)
      if (Link.kind(link) == LINK_KIND_VETH && Link.peer(link) != 0) Links.ready(Link.peer(link))
      return
    }
    store<u32>(link, Link.flags(link) & ~LINK_F_READY, LINK_FLAGS)
    Fib.flushDev(netns, NFPROTO_IPV4, link, true)
    while (Link.addrs6(link) != 0) Addresses.remove(Link.addrs6(link))
    Fib.flushDev(netns, NFPROTO_IPV6, link, false)
    for (let neigh = Neigh.anyOf(netns, link); neigh != 0; neigh = Neigh.anyOf(netns, link))
      Neigh.remove(netns, neigh)
  }

  /** The link may have got its carrier: once, it gets what IPv6 sets up by itself. */
  private static ready(link: usize): void {
    if (!Link.hasCarrier(link) || Link.flags(link) & LINK_F_READY || Link.kind(link) == LINK_KIND_LOOPBACK)
      return
    store<u32>(link, Link.flags(link) | LINK_F_READY, LINK_FLAGS)
    Addresses.linkLocal(link)
  }
}
