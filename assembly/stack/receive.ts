// Reception: Ethernet, then the checks of an IP header that the kernel makes, PREROUTING, the route, and where it
// leads (net/core/dev.c; net/ipv4/ip_input.c: ip_rcv_core, ip_rcv_finish_core; net/ipv6/ip6_input.c: ip6_rcv_core).
// Transport checksums are not looked at here: a forwarded packet keeps whatever it has.

import { CONF4_DROP_UNICAST_IN_L2_MULTICAST, CONF6_DISABLE_IPV6 } from '../../src/abi/conf.ts'
import {
  ETH_DST,
  ETH_HLEN,
  ETH_P_ARP_BE,
  ETH_P_IPV6_BE,
  ETH_P_IP_BE,
  ETH_TYPE,
  ICMPV6_ADM_PROHIBITED,
  ICMPV6_DEST_UNREACH,
  ICMPV6_NOROUTE,
  ICMP_DEST_UNREACH,
  ICMP_HOST_UNREACH,
  ICMP_NET_UNREACH,
  ICMP_PKT_FILTERED,
  IP6_DST,
  IP6_HLEN,
  IP6_NEXT,
  IP6_PAYLOAD,
  IP6_SRC,
  IP_HLEN,
  IP_TOTLEN,
  IP_VHL,
  NEXTHDR_HOP,
  PACKET_BROADCAST,
  IPPROTO_TCP,
  PACKET_HOST,
  TCP_HLEN,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
} from '../../src/abi/headers.ts'
import { LINK_KIND_LOOPBACK } from '../../src/abi/link.ts'
import { NETNS_RX } from '../../src/abi/netns.ts'
import {
  REASON_INADDRERRORS,
  REASON_IPV6_DISABLED,
  REASON_IP_CSUM,
  REASON_IP_INHDR,
  REASON_IP_INNOROUTES,
  REASON_IP_OPTIONS,
  REASON_LINK_DOWN,
  REASON_NONE,
  REASON_NOT_FORWARDING,
  REASON_OTHERHOST,
  REASON_PKT_TOO_SMALL,
  REASON_ROUTE_BLACKHOLE,
  REASON_ROUTE_PROHIBIT,
  REASON_ROUTE_UNREACHABLE,
  REASON_UNHANDLED_ETHERTYPE,
  REASON_UNICAST_IN_L2_MULTICAST,
} from '../../src/abi/reason.ts'
import {
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
} from '../../src/abi/route.ts'
import { SKB_F_LOCAL, SKB_RT_ERROR } from '../../src/abi/skb.ts'
import { TRACE_RECEIVED } from '../../src/abi/trace.ts'
import { NF_ACCEPT, NF_INET_PRE_ROUTING } from '../../src/abi/verdict.ts'
import { Conf } from '../netns/conf.ts'
import { CONF4_FORWARDING } from '../../src/abi/conf.ts'
import { Link } from '../netns/link.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Checksum } from '../packet/checksum.ts'
import { Parse } from '../packet/parse.ts'
import { Cuts } from '../packet/cuts.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { Arp } from './arp.ts'
import { Deliver } from './deliver.ts'
import { Drop } from './drop.ts'
import { Forward } from './forward.ts'
import { Hooks } from './hooks.ts'
import { Input4 } from './input4.ts'
import { IpError } from './ip-error.ts'
import { Options } from './options.ts'
import { Reassembly } from './reassembly.ts'
import { Route6 } from './route6.ts'
import { Rt } from './route.ts'

export abstract class Receive {
  /** A frame at its indev. */
  static frame(skb: usize): void {
    const dev = Skb.indev(skb)
    const netns = Skb.netns(skb)
    store<u32>(netns, load<u32>(netns, NETNS_RX) + 1, NETNS_RX)
    Skb.setOutdev(skb, 0)
    // What IP noted where the frame comes from means nothing here (ip_rcv_core, ip6_rcv_core clear their part of the cb).
    Skb.setIpFlags(skb, 0)
    if (!Link.isUp(dev)) {
      Drop.packet(skb, REASON_LINK_DOWN)
      return
    }
    if (Skb.len(skb) < (ETH_HLEN as u32)) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    const data = Skb.data(skb)
    if (Link.kind(dev) != LINK_KIND_LOOPBACK) Skb.setPkttype(skb, Receive.pkttype(data, dev))
    const l3 = data + ETH_HLEN
    const length = Skb.len(skb) - ETH_HLEN
    const type = load<u16>(data, ETH_TYPE) as u32
    if (Skb.pkttype(skb) == PACKET_OTHERHOST && type != ETH_P_ARP_BE) {
      Drop.packet(skb, REASON_OTHERHOST)
      return
    }
    switch (type) {
      case ETH_P_IP_BE:
        Receive.ip4(skb, l3, length)
        return
      case ETH_P_IPV6_BE:
        Receive.ip6(skb, l3, length)
        return
      case ETH_P_ARP_BE:
        Arp.receive(skb, l3, length)
        return
    }
    Drop.packet(skb, REASON_UNHANDLED_ETHERTYPE)
  }

  /** eth_type_trans. */
  private static pkttype(data: usize, dev: usize): u32 {
    const low = load<u32>(data, ETH_DST)
    const high = load<u16>(data, ETH_DST + 4) as u32
    if (low & 1) return low == 0xffffffff && high == 0xffff ? PACKET_BROADCAST : PACKET_MULTICAST
    const mac = Link.mac(dev)
    return low == load<u32>(mac) && high == (load<u16>(mac, 4) as u32) ? PACKET_HOST : PACKET_OTHERHOST
  }

  private static ip4(frame: usize, l3: usize, have: u32): void {
    let skb = frame
    if (have < (IP_HLEN as u32)) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    const vhl = load<u8>(l3, IP_VHL) as u32
    const header = (vhl & 15) << 2
    // All but a header of version 4 without options.
    if (vhl != 0x45) {
      if (vhl >> 4 != 4 || header < (IP_HLEN as u32) || header > have) {
        Drop.packet(skb, REASON_IP_INHDR)
        return
      }
    }
    const sum = header == IP_HLEN ? Checksum.twenty(l3, 0) : Checksum.partial(l3, header, 0)
    if (Checksum.fold(sum) != 0xffff) {
      Drop.packet(skb, REASON_IP_CSUM)
      return
    }
    const total = bswap<u16>(load<u16>(l3, IP_TOTLEN)) as u32
    // Outside of [header, have].
    if (total - header > have - header) {
      Drop.packet(skb, total > have ? REASON_PKT_TOO_SMALL : REASON_IP_INHDR)
      return
    }
    Skb.setLen(skb, ETH_HLEN + total)
    Parse.ip4(skb, l3, total)
    if (Trace.wants(skb)) Trace.event(skb, TRACE_RECEIVED, NF_INET_PRE_ROUTING, 0)
    if (Reassembly.isFragment(skb)) {
      skb = Reassembly.preRouting(skb)
      if (skb == 0) return
    }
    const verdict = Hooks.preRouting(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    // Over loopback the sender's route still holds.
    if (!Rt.isValid(skb)) {
      Skb.dropFlag(skb, SKB_F_LOCAL)
      Receive.earlyDemux(skb)
      const error = Input4.route(skb)
      if (error != REASON_NONE) {
        Drop.packet(skb, error)
        return
      }
    }
    if (header > (IP_HLEN as u32) && !Options.receive(skb)) {
      Drop.packet(skb, REASON_IP_OPTIONS)
      return
    }
    const type = Skb.rtType(skb)
    if (Skb.pkttype(skb) != PACKET_HOST && Receive.isStray(skb, type)) {
      Drop.packet(skb, REASON_UNICAST_IN_L2_MULTICAST)
      return
    }
    if (type == RTN_UNICAST) {
      Forward.v4(skb)
      return
    }
    switch (type) {
      case RTN_LOCAL:
      case RTN_BROADCAST:
      case RTN_MULTICAST:
        Receive.local(skb)
        return
      default:
        Receive.refused4(skb)
    }
  }

  /** A packet for one host in a frame for many. */
  private static isStray(skb: usize, type: u32): bool {
    const pkttype = Skb.pkttype(skb)
    return (
      type != RTN_BROADCAST &&
      type != RTN_MULTICAST &&
      (pkttype == PACKET_BROADCAST || pkttype == PACKET_MULTICAST) &&
      Conf.or4(Skb.indev(skb), CONF4_DROP_UNICAST_IN_L2_MULTICAST) != 0
    )
  }

  /** Looking for an established TCP socket before the route, which finds none here, reads the whole header. */
  @inline private static earlyDemux(skb: usize): void {
    if (!Cuts.has(skb)) return
    if (Skb.proto(skb) == IPPROTO_TCP && Skb.fragoff(skb) == 0 && Skb.pkttype(skb) == PACKET_HOST)
      Cuts.pull(skb, Skb.l4(skb) + TCP_HLEN)
  }

  /** ip_local_deliver: fragments are put together first. */
  private static local(skb: usize): void {
    const whole = Reassembly.deliver(skb)
    if (whole != 0) Deliver.packet(whole)
  }

  /** ip_error. */
  private static refused4(skb: usize): void {
    const error = load<u8>(skb, SKB_RT_ERROR) as u32
    if (Conf.own4(Skb.indev(skb), CONF4_FORWARDING) == 0) {
      Drop.packet(skb, REASON_NOT_FORWARDING)
      return
    }
    switch (error) {
      case 113:
        Receive.refuse(skb, ICMP_HOST_UNREACH)
        Drop.packet(skb, REASON_ROUTE_UNREACHABLE)
        return
      case 101:
        Receive.refuse(skb, ICMP_NET_UNREACH)
        Drop.packet(skb, REASON_IP_INNOROUTES)
        return
      case 13:
        Receive.refuse(skb, ICMP_PKT_FILTERED)
        Drop.packet(skb, REASON_ROUTE_PROHIBIT)
        return
      default:
        Drop.packet(skb, REASON_ROUTE_BLACKHOLE)
    }
  }

  private static refuse(skb: usize, code: u32): void {
    if (IpError.allowed(skb)) Answer.icmpError(skb, ICMP_DEST_UNREACH, code, NF_INET_PRE_ROUTING)
  }

  private static ip6(frame: usize, l3: usize, have: u32): void {
    let skb = frame
    const dev = Skb.indev(skb)
    if (Conf.own6(dev, CONF6_DISABLE_IPV6) != 0) {
      Drop.packet(skb, REASON_IPV6_DISABLED)
      return
    }
    if (have < (IP6_HLEN as u32) || load<u8>(l3) >> 4 != 6) {
      Drop.packet(skb, REASON_IP_INHDR)
      return
    }
    if (!Receive.saneAddresses6(l3, Link.kind(dev) == LINK_KIND_LOOPBACK)) {
      Drop.packet(skb, REASON_INADDRERRORS)
      return
    }
    let total = (bswap<u16>(load<u16>(l3, IP6_PAYLOAD)) as u32) + IP6_HLEN
    const next = load<u8>(l3, IP6_NEXT)
    if (total > have) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    // A jumbogram's length is in its hop-by-hop option; none fits into a frame here.
    if (total == IP6_HLEN && next == NEXTHDR_HOP) total = have
    Skb.setLen(skb, ETH_HLEN + total)
    if (next == NEXTHDR_HOP && !Options.hopByHop(skb, l3, total)) {
      Drop.packet(skb, REASON_IP_OPTIONS)
      return
    }
    Parse.ip6(skb, l3, total)
    if (Trace.wants(skb)) Trace.event(skb, TRACE_RECEIVED, NF_INET_PRE_ROUTING, 0)
    skb = Reassembly.preRouting(skb)
    if (skb == 0) return
    const verdict = Hooks.preRouting(skb)
    if (verdict != NF_ACCEPT) {
      Hooks.finish(skb, verdict)
      return
    }
    if (!Rt.isValid(skb)) {
      Skb.dropFlag(skb, SKB_F_LOCAL)
      Receive.earlyDemux(skb)
      Route6.input(skb)
    }
    switch (Skb.rtType(skb)) {
      case RTN_UNICAST:
        Forward.v6(skb)
        return
      case RTN_LOCAL:
      case RTN_ANYCAST:
        Deliver.packet(skb)
        return
      case RTN_MULTICAST:
        if (Receive.joined6(skb, dev)) Deliver.packet(skb)
        else Drop.packet(skb, REASON_INADDRERRORS)
        return
      case RTN_BLACKHOLE:
        Drop.packet(skb, REASON_ROUTE_BLACKHOLE)
        return
      case RTN_PROHIBIT:
        Answer.icmpError(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED, NF_INET_PRE_ROUTING)
        Drop.packet(skb, REASON_ROUTE_PROHIBIT)
        return
      default:
        Answer.icmpError(skb, ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE, NF_INET_PRE_ROUTING)
        Drop.packet(skb, Skb.dst(skb) != 0 ? REASON_ROUTE_UNREACHABLE : REASON_IP_INNOROUTES)
    }
  }

  /** The checks of ip6_rcv_core on addresses. */
  private static saneAddresses6(l3: usize, loopback: bool): bool {
    const src = l3 + IP6_SRC
    const dst = l3 + IP6_DST
    if (!loopback && (Address.isLoopback6(src) || Address.isLoopback6(dst))) return false
    if (Address.isMulticast6(dst)) {
      const scope = Address.multicastScope6(dst)
      if (scope == 0 || (scope == 1 && !loopback)) return false
    }
    return !Address.isMulticast6(src)
  }

  /** Groups every host is in: all nodes, all routers when it forwards, the solicited-node groups of its addresses. */
  private static joined6(skb: usize, dev: usize): bool {
    const dst = Skb.dst16(skb)
    const scope = Address.multicastScope6(dst)
    if (load<u64>(dst, 8) == (1 as u64) << 56 && load<u64>(dst) >> 16 == 0) return scope == 1 || scope == 2
    if (load<u64>(dst, 8) == (2 as u64) << 56 && load<u64>(dst) >> 16 == 0) {
      return Conf.own6(dev, 0) != 0 && (scope == 1 || scope == 2 || scope == 5)
    }
    if (load<u64>(dst) != 0x02ff || load<u32>(dst, 8) != 0x01000000 || load<u8>(dst, 12) != 0xff) return false
    let addr = Link.addrs6(dev)
    while (addr != 0) {
      if (((load<u32>(addr, 12) ^ load<u32>(dst, 12)) & 0xffffff00) == 0) return true
      addr = load<u32>(addr, 36)
    }
    return false
  }
}
