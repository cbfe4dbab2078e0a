// Packets made here: a buffer with an IP header to fill, and the way into local output (ip_local_out, ip6_local_out).

import {
  IP6_DST,
  IP6_HLEN,
  IP6_HOPLIMIT,
  IP6_NEXT,
  IP6_PAYLOAD,
  IP6_SRC,
  IP6_VTF,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  IP_CHECK,
  IP_DST,
  IP_FRAGOFF,
  IP_HLEN,
  IP_ID,
  IP_PROTO,
  IP_SRC,
  IP_TOS,
  IP_TOTLEN,
  IP_TTL,
  IP_VHL,
} from '../../src/abi/headers.ts'
import { CONF6_HOP_LIMIT } from '../../src/abi/conf.ts'
import { NETNS_IP_DEFAULT_TTL, NETNS_IP_ID } from '../../src/abi/netns.ts'
import { REASON_IP_OUTNOROUTES } from '../../src/abi/reason.ts'
import { SKB_F_LOCAL, SKB_NETWORK, SKB_PARENT, SKB_SERIAL } from '../../src/abi/skb.ts'
import { TRACE_MADE } from '../../src/abi/trace.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Conf } from '../netns/conf.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Parse } from '../packet/parse.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { Drop } from './drop.ts'
import { Output } from './output.ts'
import { Output4 } from './output4.ts'
import { Probe } from './probe.ts'
import { Route6 } from './route6.ts'

export abstract class Make {
  /** A packet of `length` bytes of payload behind a plain IP header; 0 when no buffer is free. */
  static packet(netns: usize, family: u32, length: u32): usize {
    const header: u32 = family == NFPROTO_IPV4 ? IP_HLEN : IP6_HLEN
    const skb = Pool.take(header + length)
    if (skb == 0) return 0
    const l3 = skb + SKB_NETWORK
    memory.fill(l3, 0, header)
    Skb.setNetns(skb, netns)
    Skb.setFamily(skb, family)
    Skb.setData(skb, l3)
    Skb.setLen(skb, header + length)
    Skb.setL3(skb, l3)
    Skb.setL3len(skb, header + length)
    Skb.setL4(skb, l3 + header)
    Skb.setL4len(skb, length)
    Skb.addFlag(skb, SKB_F_LOCAL)
    return skb
  }

  /** What an answer takes over from the packet it answers: the trace and the probe. */
  static inherit(skb: usize, from: usize): void {
    Skb.addFlag(skb, Skb.flags(from) & 8)
    store<u32>(skb, load<u32>(from, SKB_SERIAL), SKB_PARENT)
    Probe.inherit(skb, from)
  }

  /** Chooses the route by the tuple's addresses (a zero source is filled in); false: none, the packet is gone. */
  static route(skb: usize, oif: usize): bool {
    const found = Skb.family(skb) == NFPROTO_IPV4 ? Output4.route(skb, oif) : Route6.output(skb, oif)
    if (!found) Drop.packet(skb, REASON_IP_OUTNOROUTES)
    return found
  }

  /** Writes the IPv4 header from the tuple. `df`: 0x4000 or 0; `id` in network order. */
  static header4(skb: usize, proto: u32, tos: u32, ttl: u32, id: u32, df: u32): void {
    const l3 = Skb.l3(skb)
    store<u8>(l3, 0x45, IP_VHL)
    store<u8>(l3, tos, IP_TOS)
    store<u16>(l3, bswap<u16>(Skb.l3len(skb) as u16), IP_TOTLEN)
    store<u16>(l3, id, IP_ID)
    store<u16>(l3, bswap<u16>(df as u16), IP_FRAGOFF)
    store<u8>(l3, ttl, IP_TTL)
    store<u8>(l3, proto, IP_PROTO)
    store<u32>(l3, Address.v4(Skb.src(skb)), IP_SRC)
    store<u32>(l3, Address.v4(Skb.dst16(skb)), IP_DST)
    store<u16>(l3, 0, IP_CHECK)
    store<u16>(l3, Checksum.of(l3, IP_HLEN), IP_CHECK)
  }

  /** Writes the IPv6 header from the tuple. `flow`: the first word in memory order, 0x60 without class or label. */
  static header6(skb: usize, proto: u32, hops: u32, flow: u32): void {
    const l3 = Skb.l3(skb)
    store<u32>(l3, flow, IP6_VTF)
    store<u16>(l3, bswap<u16>((Skb.l3len(skb) - IP6_HLEN) as u16), IP6_PAYLOAD)
    store<u8>(l3, proto, IP6_NEXT)
    store<u8>(l3, hops, IP6_HOPLIMIT)
    Address.copy(l3 + IP6_SRC, Skb.src(skb))
    Address.copy(l3 + IP6_DST, Skb.dst16(skb))
  }

  /** Writes the checksum of the payload, at `field` bytes from its start. ICMP has no pseudo header. */
  static checksum(skb: usize, proto: u32, field: usize): void {
    const l4 = Skb.l4(skb)
    const length = Skb.l4len(skb)
    store<u16>(l4 + field, 0)
    let sum: u64 = 0
    if (proto != IPPROTO_ICMP) {
      sum = Checksum.pseudo(Skb.src(skb), Skb.dst16(skb), Skb.family(skb), proto, length)
    }
    let check = ~Checksum.fold(Checksum.partial(l4, length, sum)) & 0xffff
    if (proto == IPPROTO_UDP && check == 0) check = 0xffff
    // The kernel sums ICMP from -0 on: a message of zeroes has the checksum 0.
    if (proto == IPPROTO_ICMP && check == 0xffff) check = 0
    store<u16>(l4 + field, check)
  }

  /** The finished packet goes to local output. */
  static send(skb: usize): void {
    if (Skb.family(skb) == NFPROTO_IPV4) Parse.ip4(skb, Skb.l3(skb), Skb.l3len(skb))
    else Parse.ip6(skb, Skb.l3(skb), Skb.l3len(skb))
    if (Trace.wants(skb)) Trace.event(skb, TRACE_MADE, 255, 0)
    Output.local(skb)
  }

  /** Hop limit of this namespace's own packets. */
  static hops(skb: usize): u32 {
    const netns = Skb.netns(skb)
    if (Skb.family(skb) == NFPROTO_IPV6) return Conf.all6(netns, CONF6_HOP_LIMIT)
    return load<u32>(netns, NETNS_IP_DEFAULT_TTL)
  }

  /** The next identification of a namespace's IPv4 packets, in network order. Linux draws these at random. */
  static nextId(netns: usize): u32 {
    const id = (load<u32>(netns, NETNS_IP_ID) + 1) & 0xffff
    store<u32>(netns, id, NETNS_IP_ID)
    return bswap<u16>(id as u16)
  }

  @inline static isV6(skb: usize): bool {
    return Skb.family(skb) == NFPROTO_IPV6
  }
}
