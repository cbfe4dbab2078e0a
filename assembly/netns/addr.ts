// Interface addresses: accessors, and the choice of a source address (net/ipv4/devinet.c: inet_select_addr;
// net/ipv6/addrconf.c: ipv6_dev_get_saddr, RFC 6724).

import {
  ADDRESS_BROADCAST,
  ADDRESS_FLAGS,
  ADDRESS_F_NOPREFIXROUTE,
  ADDRESS_F_SECONDARY,
  ADDRESS_LINK,
  ADDRESS_LOCAL,
  ADDRESS_NEXT,
  ADDRESS_PEER,
  ADDRESS_PREFIX,
  ADDRESS_SCOPE,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
} from '../../src/abi/address.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Address } from '../packet/address.ts'
import { Link } from './link.ts'
import { Netns } from './netns.ts'
import { Prefix } from './prefix.ts'

export abstract class Addr {
  /** Where the 16 bytes of the address are. */
  @inline static local(addr: usize): usize {
    return addr + ADDRESS_LOCAL
  }

  @inline static broadcast(addr: usize): usize {
    return addr + ADDRESS_BROADCAST
  }

  @inline static link(addr: usize): usize {
    return load<u32>(addr, ADDRESS_LINK)
  }

  @inline static next(addr: usize): usize {
    return load<u32>(addr, ADDRESS_NEXT)
  }

  @inline static plen(addr: usize): u32 {
    return load<u32>(addr, ADDRESS_PREFIX)
  }

  @inline static scope(addr: usize): u32 {
    return load<u32>(addr, ADDRESS_SCOPE)
  }

  /** Where the address is of which the prefix is a part: the peer's when there is one (ifa_address). */
  static prefix(addr: usize): usize {
    return Address.isZero(addr + ADDRESS_PEER) ? addr + ADDRESS_LOCAL : addr + ADDRESS_PEER
  }

  @inline static noPrefixRoute(addr: usize): bool {
    return (load<u32>(addr, ADDRESS_FLAGS) & ADDRESS_F_NOPREFIXROUTE) != 0
  }

  @inline static isSecondary(addr: usize): bool {
    return (load<u32>(addr, ADDRESS_FLAGS) & ADDRESS_F_SECONDARY) != 0
  }

  /** First address record of a link. */
  @inline static first(link: usize, family: u32): usize {
    return family == NFPROTO_IPV4 ? Link.addrs4(link) : Link.addrs6(link)
  }

  /** The source address to use towards `dst` out of `link`: where its 16 bytes are, 0 when there is none. */
  @inline static select(link: usize, family: u32, dst: usize): usize {
    return family == NFPROTO_IPV4 ? Addr.select4(link, dst, RT_SCOPE_UNIVERSE) : Addr.select6(link, dst)
  }

  /** inet_select_addr: the link's first primary address of the scope, rather the one whose subnet holds `dst`. */
  static select4(link: usize, dst: usize, scope: u32): usize {
    let found: usize = 0
    let addr = Link.addrs4(link)
    while (addr != 0) {
      if (!Addr.isSecondary(addr) && min(Addr.scope(addr), RT_SCOPE_LINK) <= scope) {
        if (
          dst == 0 ||
          Address.v4(dst) == 0 ||
          Prefix.contains(Addr.prefix(addr), NFPROTO_IPV4, Addr.plen(addr), dst)
        ) {
          return Addr.local(addr)
        }
        if (found == 0) found = Addr.local(addr)
      }
      addr = Addr.next(addr)
    }
    if (found != 0) return found
    // No address here: any other link's that is not of link scope. Loopback is the first of the list, as in Linux.
    let other = Netns.links(Link.netns(link))
    while (other != 0) {
      let at = Link.addrs4(other)
      while (at != 0) {
        if (!Addr.isSecondary(at) && Addr.scope(at) != RT_SCOPE_LINK && Addr.scope(at) <= scope)
          return Addr.local(at)
        at = Addr.next(at)
      }
      other = Link.next(other)
    }
    return 0
  }

  /** ipv6_dev_get_saddr with the rules that static addresses can meet: 1, 2, 5, 6, 8. */
  static select6(link: usize, dst: usize): usize {
    const scope = Addr.scope6(dst)
    const onlyHere = scope <= SCOPE_LINKLOCAL
    const dstLabel = Addr.label6(dst)
    let best: usize = 0
    let bestScore: i64 = -1
    let at = Netns.links(Link.netns(link))
    while (at != 0) {
      if (at == link || (!onlyHere && Link.isUp(at))) {
        let addr = Link.addrs6(at)
        while (addr != 0) {
          const local = Addr.local(addr)
          const score = Addr.score6(local, dst, scope, at == link, dstLabel, Addr.plen(addr))
          if (score > bestScore) {
            best = local
            bestScore = score
          }
          addr = Addr.next(addr)
        }
      }
      at = Link.next(at)
    }
    return best
  }

  /** The link-local address of a link (ipv6_get_lladdr), 0 when it has none. */
  static linkLocal6(link: usize): usize {
    let addr = Link.addrs6(link)
    while (addr != 0) {
      if (Address.isLinkLocal6(Addr.local(addr))) return Addr.local(addr)
      addr = Addr.next(addr)
    }
    return 0
  }

  /** An address record of exactly this address on a link, 0 when it has none. */
  static find(link: usize, family: u32, addr: usize): usize {
    let at = Addr.first(link, family)
    while (at != 0 && !Address.equal(Addr.local(at), addr)) at = Addr.next(at)
    return at
  }

  /** Rules as bits of one number, the first rule highest: then the larger number is the better address. */
  private static score6(local: usize, dst: usize, scope: u32, here: bool, label: u32, plen: u32): i64 {
    const own = Addr.scope6(local)
    // Rule 2: the smallest scope that is large enough; otherwise the largest.
    const fit: i64 = own >= scope ? 32 - (own as i64) : (own as i64) - 16
    let score: i64 = Address.equal(local, dst) ? 1 : 0
    score = (score << 8) | (fit + 16)
    score = (score << 1) | (here ? 1 : 0)
    score = (score << 1) | (Addr.label6(local) == label ? 1 : 0)
    return (score << 8) | (min(Addr.commonBits(local, dst), plen) as i64)
  }

  /** Scope of an address (__ipv6_addr_src_scope): 1 interface, 2 link, 5 site, 14 global. */
  static scope6(addr: usize): u32 {
    if (Address.isMulticast6(addr)) return Address.multicastScope6(addr)
    if (Address.isLoopback6(addr) || Address.isLinkLocal6(addr)) return SCOPE_LINKLOCAL
    if ((load<u16>(addr) & 0xc0ff) == 0xc0fe) return 5
    return 14
  }

  /** The default policy table's labels (net/ipv6/addrlabel.c). */
  private static label6(addr: usize): u32 {
    const first = bswap<u16>(load<u16>(addr)) as u32
    if (Address.isLoopback6(addr)) return 0
    if (load<u64>(addr) == 0) {
      if (load<u32>(addr, 8) == 0xffff0000) return 4
      if (load<u32>(addr, 8) == 0) return 3
    }
    if ((first & 0xfe00) == 0xfc00) return 5
    if (first == 0x2002) return 2
    if (first == 0x2001 && load<u16>(addr, 2) == 0) return 6
    if (first == 0x2001 && (load<u16>(addr, 2) & 0xf0ff) == 0x1000) return 7
    if ((first & 0xffc0) == 0xfec0) return 11
    if (first == 0x3ffe) return 12
    return 1
  }

  private static commonBits(a: usize, b: usize): u32 {
    const high = bswap<u64>(load<u64>(a) ^ load<u64>(b))
    if (high != 0) return clz<u64>(high) as u32
    return 64 + (clz<u64>(bswap<u64>(load<u64>(a, 8) ^ load<u64>(b, 8))) as u32)
  }

  /** Is this family's own number: keeps call sites short. */
  @inline static isV6(family: u32): bool {
    return family == NFPROTO_IPV6
  }
}

const SCOPE_LINKLOCAL: u32 = 2
