// ICMP: errors about packets (net/ipv4/icmp.c: __icmp_send), and what is received (icmp_rcv, icmp_echo,
// icmp_timestamp). The kernel's rate limits depend on wall time and are not modelled; every error is sent.

import { RT_SCOPE_LINK } from '../../src/abi/address.ts'
import {
  ICMP_CHECK,
  ICMP_CODE,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_HLEN,
  ICMP_INFO,
  ICMP_PARAMETERPROB,
  ICMP_REDIRECT,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMPREPLY,
  ICMP_TIME_EXCEEDED,
  ICMP_TYPE,
  IPPROTO_ICMP,
  IP_HLEN,
  IP_TOS,
  IP_VHL,
  NR_ICMP_TYPES,
  PACKET_HOST,
} from '../../src/abi/headers.ts'
import { LINK_MTU } from '../../src/abi/link.ts'
import {
  NETNS_FWMARK_REFLECT,
  NETNS_ICMP_ECHO_IGNORE_ALL,
  NETNS_ICMP_ECHO_IGNORE_BROADCASTS,
  NETNS_ICMP_ERRORS_USE_INBOUND_IFADDR,
} from '../../src/abi/netns.ts'
import { PROBE_REPLY_ANSWER } from '../../src/abi/probe.ts'
import {
  REASON_CONSUMED,
  REASON_DELIVERED,
  REASON_ICMP_CSUM,
  REASON_ICMP_IGNORED,
  REASON_IP_INHDR,
  REASON_UNHANDLED_PROTO,
} from '../../src/abi/reason.ts'
import { SKB_F_ERROR, SKB_ICMP_CODE, SKB_ICMP_INFO, SKB_ICMP_TYPE } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Time } from '../memory/time.ts'
import { Addr } from '../netns/addr.ts'
import { Fib } from '../netns/fib.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { Client } from './client.ts'
import { Drop } from './drop.ts'
import { Echo } from './echo.ts'
import { Make } from './make.ts'
import { Rt } from './route.ts'

export abstract class Icmp4 {
  /** Is a type one of those that report an error (icmp_pointers[type].error)? Unknown types are taken for one. */
  static isError(type: u32): bool {
    switch (type) {
      case ICMP_DEST_UNREACH:
      case 4:
      case ICMP_REDIRECT:
      case ICMP_TIME_EXCEEDED:
      case ICMP_PARAMETERPROB:
        return true
      default:
        return type > (NR_ICMP_TYPES as u32)
    }
  }

  /** Sends the error that was asked for with `Answer.icmpError`; `about` is the copy that asked, and ends here. */
  static error(about: usize): void {
    if (Icmp4.mayAnswer(about)) Icmp4.build(about)
    Drop.free(about)
  }

  private static mayAnswer(about: usize): bool {
    if (Skb.pkttype(about) != PACKET_HOST) return false
    if (Rt.isMany(about)) return false
    if (Skb.fragoff(about) != 0) return false
    if (Skb.proto(about) == IPPROTO_ICMP) {
      const l4 = Skb.l4(about)
      if (l4 == 0 || Skb.l4len(about) < 1) return false
      return !Icmp4.isError(load<u8>(l4, ICMP_TYPE))
    }
    return true
  }

  private static build(about: usize): void {
    const options = Echo.length(about)
    if (options < 0) return
    const netns = Skb.netns(about)
    const l3 = Skb.l3(about)
    const type = load<u8>(about, SKB_ICMP_TYPE) as u32
    const code = load<u8>(about, SKB_ICMP_CODE) as u32
    const skb = Make.packet(netns, NFPROTO_IPV4, ICMP_HLEN + 576 + options)
    if (skb == 0) return
    Make.inherit(skb, about)
    Skb.addFlag(skb, SKB_F_ERROR)
    Address.copy(Skb.dst16(skb), Skb.src(about))
    Address.mapped(Skb.src(skb), 0)
    if (Rt.isLocal(about)) Address.copy(Skb.src(skb), Skb.dst16(about))
    else if (
      Rt.isInput(about) &&
      load<u32>(netns, NETNS_ICMP_ERRORS_USE_INBOUND_IFADDR) != 0 &&
      Skb.indev(about) != 0
    ) {
      const chosen = Addr.select4(Skb.indev(about), Skb.src(about), RT_SCOPE_LINK)
      if (chosen != 0) Address.copy(Skb.src(skb), chosen)
    }
    if (load<u32>(netns, NETNS_FWMARK_REFLECT) != 0) Skb.setMark(skb, Skb.mark(about))
    Skb.setProto(skb, IPPROTO_ICMP)
    if (!Make.route(skb, 0)) return
    // 192.0.0.8 stands for a host without an address (INADDR_DUMMY).
    if (Address.v4(Skb.src(skb)) == 0) Address.mapped(Skb.src(skb), 0x080000c0)
    const room = min(load<u32>(Skb.outdev(skb), LINK_MTU), 576)
    if (room <= 2 * IP_HLEN + ICMP_HLEN + options) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    const quote = min(Skb.l3len(about), room - IP_HLEN - ICMP_HLEN - options)
    const l4 = Skb.l4(skb)
    memory.copy(l4 + ICMP_HLEN, l3, quote)
    Skb.setLen(skb, IP_HLEN + ICMP_HLEN + quote)
    Skb.setL3len(skb, IP_HLEN + ICMP_HLEN + quote)
    Skb.setL4len(skb, ICMP_HLEN + quote)
    store<u8>(l4, type, ICMP_TYPE)
    store<u8>(l4, code, ICMP_CODE)
    store<u32>(l4, load<u32>(about, SKB_ICMP_INFO), ICMP_INFO)
    Make.checksum(skb, IPPROTO_ICMP, ICMP_CHECK)
    const tos = ((load<u8>(l3, IP_TOS) as u32) & 0x1e) | 0xc0
    Make.header4(skb, IPPROTO_ICMP, tos, Make.hops(skb), Make.nextId(netns), 0)
    Echo.write(skb, about, options)
    Conntrack.attach(skb, about)
    Make.send(skb)
  }

  /** icmp_rcv. The packet ends here. */
  static receive(skb: usize): void {
    const l4 = Skb.l4(skb)
    const length = Skb.l4len(skb)
    if (length < (ICMP_HLEN as u32)) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    if (Checksum.of(l4, length) != 0) {
      Drop.packet(skb, REASON_ICMP_CSUM)
      return
    }
    const type = load<u8>(l4, ICMP_TYPE) as u32
    if (type > (NR_ICMP_TYPES as u32)) {
      Drop.packet(skb, REASON_UNHANDLED_PROTO)
      return
    }
    const netns = Skb.netns(skb)
    if (Rt.isMany(skb)) {
      const asks = type == ICMP_ECHO || type == ICMP_TIMESTAMP
      if (asks && load<u32>(netns, NETNS_ICMP_ECHO_IGNORE_BROADCASTS) != 0) {
        Drop.packet(skb, REASON_ICMP_IGNORED)
        return
      }
      if (!asks && type != 17 && type != 18) {
        Drop.packet(skb, REASON_ICMP_IGNORED)
        return
      }
    }
    if (type == ICMP_ECHO) {
      if (load<u32>(netns, NETNS_ICMP_ECHO_IGNORE_ALL) != 0) {
        Drop.packet(skb, REASON_ICMP_IGNORED)
        return
      }
      Client.arrived(skb)
      Icmp4.reply(skb, ICMP_ECHOREPLY, length)
      return
    }
    if (type == ICMP_TIMESTAMP) {
      if (length < 12) {
        Drop.packet(skb, REASON_IP_INHDR)
        return
      }
      Icmp4.reply(skb, ICMP_TIMESTAMPREPLY, 20)
      return
    }
    if (type == ICMP_ECHOREPLY) Client.answered(skb, PROBE_REPLY_ANSWER)
    else if (Icmp4.isError(type)) Client.error(skb)
    Drop.consume(skb, REASON_DELIVERED)
  }

  /** icmp_reply: the message goes back with another type. */
  private static reply(skb: usize, type: u32, length: u32): void {
    const options = Echo.length(skb)
    const answer = options < 0 ? (0 as usize) : Make.packet(Skb.netns(skb), NFPROTO_IPV4, length + options)
    if (answer == 0) {
      Drop.consume(skb, REASON_CONSUMED)
      return
    }
    Make.inherit(answer, skb)
    Skb.setLen(answer, IP_HLEN + length)
    Skb.setL3len(answer, IP_HLEN + length)
    Skb.setL4len(answer, length)
    const l4 = Skb.l4(answer)
    if (type == ICMP_TIMESTAMPREPLY) {
      memory.copy(l4, Skb.l4(skb), 12)
      const ms = ((Time.now() / 1000) % 86400000) as u32
      store<u32>(l4, bswap<u32>(ms), 12)
      store<u32>(l4, bswap<u32>(ms), 16)
      store<u8>(l4, 0, ICMP_CODE)
    } else memory.copy(l4, Skb.l4(skb), length)
    store<u8>(l4, type, ICMP_TYPE)
    Make.checksum(answer, IPPROTO_ICMP, ICMP_CHECK)
    Address.copy(Skb.dst16(answer), Skb.src(skb))
    Address.copy(Skb.src(answer), Skb.dst16(skb))
    if (Rt.isMany(skb)) Icmp4.specificSource(answer, skb)
    if (load<u32>(Skb.netns(skb), NETNS_FWMARK_REFLECT) != 0) Skb.setMark(answer, Skb.mark(skb))
    Skb.setProto(answer, IPPROTO_ICMP)
    const tos = load<u8>(Skb.l3(skb), IP_TOS) as u32
    if (!Make.route(answer, 0)) {
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    // An echo reply of an unfragmented size has DF clear and an identification of its own.
    Make.header4(answer, IPPROTO_ICMP, tos, Make.hops(answer), Make.nextId(Skb.netns(answer)), 0)
    Echo.write(answer, skb, options)
    Drop.consume(skb, REASON_DELIVERED)
    Make.send(answer)
  }

  /** fib_compute_spec_dst: what answers a packet that was for many. */
  private static specificSource(answer: usize, skb: usize): void {
    const netns = Skb.netns(skb)
    const route = Fib.lookup(netns, NFPROTO_IPV4, Skb.src(skb))
    Address.mapped(Skb.src(answer), 0)
    if (route != 0) return
    const chosen = Addr.select4(Skb.indev(skb), 0, RT_SCOPE_LINK)
    if (chosen != 0) Address.copy(Skb.src(answer), chosen)
  }

  /** Bytes of IPv4 header. */
  @inline static headerLength(l3: usize): u32 {
    return ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
  }
}
