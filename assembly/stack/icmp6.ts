// ICMPv6: errors about packets (net/ipv6/icmp.c: icmp6_send) and what is received (icmpv6_rcv). Neighbour discovery
// is in ndp.ts. Rate limits depend on wall time and are not modelled.

import {
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PKT_TOOBIG,
  ICMP_CHECK,
  ICMP_CODE,
  ICMP_HLEN,
  ICMP_INFO,
  ICMP_TYPE,
  IP6_HLEN,
  IPPROTO_ICMPV6,
  IPV6_MIN_MTU,
  NDISC_NEIGHBOUR_ADVERTISEMENT,
  NDISC_NEIGHBOUR_SOLICITATION,
  PACKET_HOST,
} from '../../src/abi/headers.ts'
import { NETNS_FWMARK_REFLECT, NETNS_ICMP6_ECHO_IGNORE_ALL } from '../../src/abi/netns.ts'
import { PROBE_REPLY_ANSWER } from '../../src/abi/probe.ts'
import {
  REASON_CONSUMED,
  REASON_DELIVERED,
  REASON_ICMP_CSUM,
  REASON_ICMP_IGNORED,
  REASON_IP_INHDR,
} from '../../src/abi/reason.ts'
import { RTN_ANYCAST, RTN_LOCAL } from '../../src/abi/route.ts'
import { SKB_F_ERROR, SKB_ICMP_CODE, SKB_ICMP_INFO, SKB_ICMP_TYPE } from '../../src/abi/skb.ts'
import { NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Addr } from '../netns/addr.ts'
import { Fib } from '../netns/fib.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { Client } from './client.ts'
import { Drop } from './drop.ts'
import { Make } from './make.ts'
import { Ndp } from './ndp.ts'

const MOST: u32 = IPV6_MIN_MTU - IP6_HLEN - ICMP_HLEN

export abstract class Icmp6 {
  /** Sends the error that was asked for with `Answer.icmpError`; `about` is the copy that asked, and ends here. */
  static error(about: usize): void {
    if (Icmp6.mayAnswer(about)) Icmp6.build(about)
    Drop.free(about)
  }

  private static mayAnswer(about: usize): bool {
    const type = load<u8>(about, SKB_ICMP_TYPE) as u32
    if (Address.isMulticast6(Skb.dst16(about)) || Skb.pkttype(about) != PACKET_HOST) {
      if (type != ICMPV6_PKT_TOOBIG) return false
    }
    const src = Skb.src(about)
    if (Address.isZero(src) || Address.isMulticast6(src)) return false
    if (Skb.proto(about) == IPPROTO_ICMPV6 && Skb.fragoff(about) == 0) {
      const l4 = Skb.l4(about)
      // An ICMPv6 message whose type cannot be read, or is an error, gets no answer.
      if (l4 != 0 && (Skb.l4len(about) < 1 || !(load<u8>(l4, ICMP_TYPE) & 0x80))) return false
    }
    return true
  }

  /** An address, or an anycast address, of this namespace (icmp6_send): a local route to a prefix is neither. */
  private static isOwn(netns: usize, addr: usize): bool {
    if (Fib.owned(netns, NFPROTO_IPV6, addr) != 0) return true
    const local = Fib.lookupLocal6(netns, addr)
    return local != 0 && Route.type(local) == RTN_ANYCAST
  }

  private static build(about: usize): void {
    const netns = Skb.netns(about)
    const quote = min(Skb.l3len(about), MOST)
    const skb = Make.packet(netns, NFPROTO_IPV6, ICMP_HLEN + quote)
    if (skb == 0) return
    Make.inherit(skb, about)
    Skb.addFlag(skb, SKB_F_ERROR)
    const dst = Skb.dst16(skb)
    Address.copy(dst, Skb.src(about))
    const indev = Skb.indev(about)
    const multicast = Address.isMulticast6(Skb.dst16(about)) || Skb.pkttype(about) != PACKET_HOST
    if (!multicast && Icmp6.isOwn(netns, Skb.dst16(about))) Address.copy(Skb.src(skb), Skb.dst16(about))
    else if (!Icmp6.hasPreferred(netns, dst) && indev != 0) {
      const chosen = Addr.select6(indev, dst)
      if (chosen != 0) Address.copy(Skb.src(skb), chosen)
    }
    if (load<u32>(netns, NETNS_FWMARK_REFLECT) != 0) Skb.setMark(skb, Skb.mark(about))
    Skb.setProto(skb, IPPROTO_ICMPV6)
    const strict = Address.isLinkLocal6(dst) && indev != 0
    if (!Make.route(skb, strict ? indev : 0)) return
    // icmpv6_route_lookup: no error to an anycast address.
    if (Skb.rtType(skb) == RTN_ANYCAST) {
      Drop.packet(skb, REASON_ICMP_IGNORED)
      return
    }
    const l4 = Skb.l4(skb)
    memory.copy(l4 + ICMP_HLEN, Skb.l3(about), quote)
    store<u8>(l4, load<u8>(about, SKB_ICMP_TYPE), ICMP_TYPE)
    store<u8>(l4, load<u8>(about, SKB_ICMP_CODE), ICMP_CODE)
    store<u32>(l4, load<u32>(about, SKB_ICMP_INFO), ICMP_INFO)
    Make.checksum(skb, IPPROTO_ICMPV6, ICMP_CHECK)
    Make.header6(skb, IPPROTO_ICMPV6, Make.hops(skb), 0x60)
    Conntrack.attach(skb, about)
    Make.send(skb)
  }

  /** icmpv6_rt_has_prefsrc. */
  private static hasPreferred(netns: usize, dst: usize): bool {
    const route = Fib.lookup(netns, NFPROTO_IPV6, dst)
    return route != 0 && !Address.isZero(route + 32)
  }

  /** icmpv6_rcv. The packet ends here. */
  static receive(skb: usize): void {
    const l4 = Skb.l4(skb)
    const length = Skb.l4len(skb)
    if (length < (ICMP_HLEN as u32)) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    const sum = Checksum.pseudo(Skb.src(skb), Skb.dst16(skb), NFPROTO_IPV6, IPPROTO_ICMPV6, length)
    if ((~Checksum.fold(Checksum.partial(l4, length, sum)) & 0xffff) != 0) {
      Drop.packet(skb, REASON_ICMP_CSUM)
      return
    }
    const type = load<u8>(l4, ICMP_TYPE) as u32
    switch (type) {
      case ICMPV6_ECHO_REQUEST:
        if (load<u32>(Skb.netns(skb), NETNS_ICMP6_ECHO_IGNORE_ALL) != 0) Drop.packet(skb, REASON_ICMP_IGNORED)
        else {
          Client.arrived(skb)
          Icmp6.echo(skb, length)
        }
        return
      case NDISC_NEIGHBOUR_SOLICITATION:
        Ndp.solicitation(skb)
        return
      case NDISC_NEIGHBOUR_ADVERTISEMENT:
        Ndp.advertisement(skb)
        return
    }
    if (type == ICMPV6_ECHO_REPLY) Client.answered(skb, PROBE_REPLY_ANSWER)
    else if (!(type & 0x80)) Client.error(skb)
    Drop.consume(skb, REASON_DELIVERED)
  }

  private static echo(skb: usize, length: u32): void {
    const answer = Make.packet(Skb.netns(skb), NFPROTO_IPV6, length)
    if (answer == 0) {
      Drop.consume(skb, REASON_CONSUMED)
      return
    }
    Make.inherit(answer, skb)
    const l4 = Skb.l4(answer)
    memory.copy(l4, Skb.l4(skb), length)
    store<u8>(l4, ICMPV6_ECHO_REPLY, ICMP_TYPE)
    Address.copy(Skb.dst16(answer), Skb.src(skb))
    if (Skb.rtType(skb) == RTN_LOCAL) Address.copy(Skb.src(answer), Skb.dst16(skb))
    if (load<u32>(Skb.netns(skb), NETNS_FWMARK_REFLECT) != 0) Skb.setMark(answer, Skb.mark(skb))
    Skb.setProto(answer, IPPROTO_ICMPV6)
    const indev = Skb.indev(skb)
    // The reply keeps the request's traffic class.
    const flow = (load<u32>(Skb.l3(skb)) & 0xf00f) | 0x60
    Drop.consume(skb, REASON_DELIVERED)
    if (!Make.route(answer, Address.isLinkLocal6(Skb.dst16(answer)) ? indev : 0)) return
    Make.checksum(answer, IPPROTO_ICMPV6, ICMP_CHECK)
    Make.header6(answer, IPPROTO_ICMPV6, Make.hops(answer), flow)
    Make.send(answer)
  }
}
