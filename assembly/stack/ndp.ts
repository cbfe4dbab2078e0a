// Neighbour discovery (net/ipv6/ndisc.c: ndisc_rcv, ndisc_recv_ns, ndisc_recv_na): answers for own addresses, learns
// neighbours. Router discovery, redirects and duplicate address detection are not modelled.

import { CONF6_FORWARDING } from '../../src/abi/conf.ts'
import {
  ICMP_CHECK,
  ICMP_CODE,
  IP6_HOPLIMIT,
  IPPROTO_ICMPV6,
  NDISC_NEIGHBOUR_ADVERTISEMENT,
} from '../../src/abi/headers.ts'
import { NUD_FAILED, NUD_INCOMPLETE, NUD_REACHABLE } from '../../src/abi/neigh.ts'
import { REASON_CONSUMED, REASON_NEIGH_INVALID } from '../../src/abi/reason.ts'
import { RTN_ANYCAST, RTN_MULTICAST, RTN_UNICAST } from '../../src/abi/route.ts'
import { NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Addr } from '../netns/addr.ts'
import { Conf } from '../netns/conf.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Neigh } from '../netns/neigh.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Make } from './make.ts'
import { Rt } from './route.ts'
import { Transmit } from './transmit.ts'

const OPTION_SOURCE: u32 = 1
const OPTION_TARGET: u32 = 2
const TARGET: usize = 8
const OPTIONS: u32 = 24

export abstract class Ndp {
  static solicitation(skb: usize): void {
    const l4 = Skb.l4(skb)
    const dev = Skb.indev(skb)
    const src = Skb.src(skb)
    const dad = Address.isZero(src)
    const target = l4 + TARGET
    const multicast = Address.isMulticast6(Skb.dst16(skb))
    if (!Ndp.valid(skb) || Address.isMulticast6(target) || (dad && !multicast)) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    const mac = Ndp.option(skb, OPTION_SOURCE)
    if (mac != 0 && dad) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    const own = Addr.find(dev, NFPROTO_IPV6, target) != 0
    const route: usize = own ? 0 : Fib.lookupLocal6(Skb.netns(skb), target)
    if (!own && !(route != 0 && Route.type(route) == RTN_ANYCAST && Route.dev(route) == dev)) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    if (!dad) {
      const neigh =
        mac != 0 ? Neigh.make(Skb.netns(skb), dev, src, false) : Neigh.find(Skb.netns(skb), dev, src)
      if (neigh != 0 && mac != 0) Ndp.learn(neigh, mac)
    }
    Ndp.advertise(skb, target, dad, own && multicast)
    Drop.consume(skb, REASON_CONSUMED)
  }

  static advertisement(skb: usize): void {
    const target = Skb.l4(skb) + TARGET
    if (!Ndp.valid(skb) || Address.isMulticast6(target)) {
      Drop.packet(skb, REASON_NEIGH_INVALID)
      return
    }
    const mac = Ndp.option(skb, OPTION_TARGET)
    const neigh = Neigh.find(Skb.netns(skb), Skb.indev(skb), target)
    // Only what was asked for: an advertisement makes no entry of its own.
    if (neigh != 0 && mac != 0) {
      const overrides = (load<u8>(Skb.l4(skb), 4) & 0x20) != 0
      if (overrides || Neigh.state(neigh) == NUD_INCOMPLETE) Ndp.learn(neigh, mac)
    }
    Drop.consume(skb, REASON_CONSUMED)
  }

  /** Hop limit 255 (never forwarded), code 0, and 24 bytes of message. */
  private static valid(skb: usize): bool {
    if (load<u8>(Skb.l3(skb), IP6_HOPLIMIT) != 255) return false
    return Skb.l4len(skb) >= OPTIONS && load<u8>(Skb.l4(skb), ICMP_CODE) == 0
  }

  /** Where the 6 bytes of a link-layer address option are, 0 when there is none or the options are broken. */
  private static option(skb: usize, kind: u32): usize {
    const l4 = Skb.l4(skb)
    const length = Skb.l4len(skb)
    let at = OPTIONS
    let found: usize = 0
    while (at + 2 <= length) {
      const size = (load<u8>(l4 + at, 1) as u32) << 3
      if (size == 0 || at + size > length) return 0
      if (load<u8>(l4 + at) == kind && size == 8 && found == 0) found = l4 + at + 2
      at += size
    }
    return found
  }

  /** Takes over a hardware address, unless the entry is static, and lets go what waited for it. */
  static learn(neigh: usize, mac: usize): void {
    const state = Neigh.state(neigh)
    if (state != 0 && state != NUD_INCOMPLETE && state != NUD_FAILED && state != NUD_REACHABLE) return
    Transmit.address(Neigh.mac(neigh), mac)
    Neigh.setState(neigh, NUD_REACHABLE)
    if (state == NUD_INCOMPLETE) Transmit.resolved(neigh)
  }

  /** ndisc_send_na. */
  private static advertise(skb: usize, target: usize, dad: bool, overrides: bool): void {
    const netns = Skb.netns(skb)
    const dev = Skb.indev(skb)
    const answer = Make.packet(netns, NFPROTO_IPV6, 32)
    if (answer == 0) return
    Make.inherit(answer, skb)
    const dst = Skb.dst16(answer)
    if (dad) {
      Address.clear(dst)
      store<u16>(dst, 0x02ff)
      store<u8>(dst, 1, 15)
    } else Address.copy(dst, Skb.src(skb))
    const own = Addr.find(dev, NFPROTO_IPV6, target)
    const source = own != 0 ? target : Addr.select6(dev, dst)
    if (source != 0) Address.copy(Skb.src(answer), source)
    const l4 = Skb.l4(answer)
    store<u64>(l4, NDISC_NEIGHBOUR_ADVERTISEMENT)
    const router = Conf.own6(dev, CONF6_FORWARDING) != 0 ? 0x80 : 0
    store<u8>(l4, router | (dad ? 0 : 0x40) | (overrides ? 0x20 : 0), 4)
    Address.copy(l4 + TARGET, target)
    // The address option comes where the asker may not know it: when the question was multicast.
    const withAddress = dad || Address.isMulticast6(Skb.dst16(skb))
    if (withAddress) {
      store<u16>(l4, 0x0102, OPTIONS)
      Transmit.address(l4 + OPTIONS + 2, Link.mac(dev))
    } else {
      Skb.setLen(answer, Skb.len(answer) - 8)
      Skb.setL3len(answer, Skb.l3len(answer) - 8)
      Skb.setL4len(answer, 24)
    }
    Make.checksum(answer, IPPROTO_ICMPV6, ICMP_CHECK)
    Make.header6(answer, IPPROTO_ICMPV6, 255, 0x60)
    Rt.set(answer, 0, dad ? RTN_MULTICAST : RTN_UNICAST, 0, dev)
    Make.send(answer)
  }
}
