// The last steps of a packet: finding the neighbour's hardware address (asking for it when it is not known), the
// Ethernet header, and the link. A veth's frame is received by the other end, as a new packet: conntrack and mark do
// not cross namespaces (drivers/net/veth.c, skb_scrub_packet); over loopback the packet stays itself.

import {
  ARP_HLN,
  ARP_HRD,
  ARP_OP,
  ARP_PLN,
  ARP_PRO,
  ARP_REQUEST_BE,
  ARP_SHA,
  ARP_SIZE,
  ARP_SPA,
  ARP_TPA,
  ETH_HLEN,
  ETH_P_ARP_BE,
  ETH_P_IPV6_BE,
  ETH_P_IP_BE,
  ETH_SRC,
  ETH_TYPE,
  ICMPV6_ADDR_UNREACH,
  ICMPV6_DEST_UNREACH,
  ICMP_DEST_UNREACH,
  ICMP_HOST_UNREACH,
  ICMP_CHECK,
  IP6_DST,
  IP6_HLEN,
  IP6_HOPLIMIT,
  IP6_NEXT,
  IP6_PAYLOAD,
  IP6_SRC,
  IP6_VTF,
  IPPROTO_ICMPV6,
  NDISC_NEIGHBOUR_SOLICITATION,
  PACKET_HOST,
} from '../../src/abi/headers.ts'
import {
  LINK_F_CAPTURE,
  LINK_KIND_DUMMY,
  LINK_KIND_LOOPBACK,
  LINK_KIND_VETH,
  LINK_FLAGS,
} from '../../src/abi/link.ts'
import { NUD_FAILED, NUD_INCOMPLETE, NUD_PERMANENT, NUD_REACHABLE } from '../../src/abi/neigh.ts'
import {
  REASON_DUMMY,
  REASON_LINK_DOWN,
  REASON_NEIGH_FAILED,
  REASON_NEIGH_QUEUEFULL,
  REASON_NO_PEER,
  REASON_PKT_TOO_BIG,
} from '../../src/abi/reason.ts'
import { RTN_MULTICAST } from '../../src/abi/route.ts'
import { SKB_NETWORK, WORK_RECEIVE } from '../../src/abi/skb.ts'
import { TRACE_SENT } from '../../src/abi/trace.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6, NF_INET_POST_ROUTING } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Time } from '../memory/time.ts'
import { Addr } from '../netns/addr.ts'
import { Fib } from '../netns/fib.ts'
import { Link } from '../netns/link.ts'
import { Neigh } from '../netns/neigh.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Checksum } from '../packet/checksum.ts'
import { Pool } from '../packet/pool.ts'
import { Queue } from '../packet/queue.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { Capture } from './capture.ts'
import { Drop } from './drop.ts'
import { Rt } from './route.ts'

/** Packets that wait for one neighbour; Linux counts 212992 bytes, which is about this many full frames. */
const MOST_WAITING: u32 = 101
/** mcast_solicit probes, retrans_time apart. */
const PROBES: u32 = 3
const RETRANS_US: u64 = 1000000

export abstract class Transmit {
  /** ip_finish_output2, ip6_finish_output2: sends the packet out of its outdev to its next hop. */
  static packet(skb: usize): void {
    const dev = Skb.outdev(skb)
    const l3 = Skb.l3(skb)
    const data = l3 - ETH_HLEN
    Skb.setLen(skb, Skb.len(skb) - ((l3 - Skb.data(skb)) as u32) + ETH_HLEN)
    Skb.setData(skb, data)
    store<u16>(data, Skb.family(skb) == NFPROTO_IPV4 ? ETH_P_IP_BE : ETH_P_IPV6_BE, ETH_TYPE)
    const kind = Link.kind(dev)
    if (kind != LINK_KIND_VETH) {
      store<u64>(data, 0)
      store<u32>(data, 0, 8)
      Transmit.frame(skb, dev)
      return
    }
    Transmit.address(data + ETH_SRC, Link.mac(dev))
    const hop = Skb.nexthop(skb)
    if (Rt.isMany(skb)) {
      Transmit.manyAddress(skb, data)
      Transmit.frame(skb, dev)
      return
    }
    const known = Neigh.lookup(Skb.netns(skb), dev, hop)
    if (known != 0) {
      if (Neigh.state(known) & (NUD_PERMANENT | NUD_REACHABLE)) {
        Transmit.address(data, Neigh.mac(known))
        Transmit.wire(skb, dev)
        return
      }
    }
    Transmit.unknown(skb, dev)
  }

  /** The packet's next hop is not known: it is asked for, and the packet waits. */
  private static unknown(skb: usize, dev: usize): void {
    const neigh = Neigh.make(Skb.netns(skb), dev, Skb.nexthop(skb), false)
    if (neigh == 0) {
      Drop.packet(skb, REASON_NEIGH_FAILED)
      return
    }
    const state = Neigh.state(neigh)
    if (Neigh.queued(neigh) >= MOST_WAITING) Drop.packet(Neigh.dequeue(neigh), REASON_NEIGH_QUEUEFULL)
    Neigh.enqueue(neigh, skb)
    if (state == NUD_INCOMPLETE) return
    Neigh.setState(neigh, NUD_INCOMPLETE)
    Neigh.setProbes(neigh, 1)
    Neigh.setExpires(neigh, Time.now() + RETRANS_US)
    Neigh.await(neigh)
    Transmit.solicit(neigh, skb)
  }

  /** An answer came (or the host said): the packets that waited go out. */
  static resolved(neigh: usize): void {
    Neigh.settle(neigh)
    let skb = Neigh.dequeue(neigh)
    while (skb != 0) {
      Transmit.address(Skb.data(skb), Neigh.mac(neigh))
      Transmit.frame(skb, Skb.outdev(skb))
      skb = Neigh.dequeue(neigh)
    }
  }

  /** Probes that are due go out again; after the last one the packets that wait come to nothing. */
  static neighbourTimers(): void {
    const now = Time.now()
    let neigh = Neigh.firstPending()
    while (neigh != 0) {
      const next = Neigh.nextPending(neigh)
      if (Neigh.expires(neigh) <= now) {
        if (Neigh.probes(neigh) < PROBES) {
          Neigh.setProbes(neigh, Neigh.probes(neigh) + 1)
          Neigh.setExpires(neigh, Neigh.expires(neigh) + RETRANS_US)
          const first = Neigh.dequeue(neigh)
          if (first != 0) {
            // The question is asked on behalf of a waiting packet; it stays the first in line.
            Transmit.solicit(neigh, first)
            Transmit.requeueFirst(neigh, first)
          }
        } else {
          Neigh.setState(neigh, NUD_FAILED)
          Neigh.settle(neigh)
          let skb = Neigh.dequeue(neigh)
          while (skb != 0) {
            if (Skb.family(skb) == NFPROTO_IPV4) {
              Answer.icmpError(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, NF_INET_POST_ROUTING)
            } else {
              Answer.icmpError(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, NF_INET_POST_ROUTING)
            }
            Drop.packet(skb, REASON_NEIGH_FAILED)
            skb = Neigh.dequeue(neigh)
          }
        }
      }
      neigh = next
    }
  }

  /** When the next probe is due, in virtual µs; 0 when none is. */
  static nextTimer(): u64 {
    let first: u64 = 0
    let neigh = Neigh.firstPending()
    while (neigh != 0) {
      if (first == 0 || Neigh.expires(neigh) < first) first = Neigh.expires(neigh)
      neigh = Neigh.nextPending(neigh)
    }
    return first
  }

  /** A link or its namespace goes away: what waits on its neighbours ends. */
  static forget(netns: usize, link: usize): void {
    let neigh = Neigh.anyOf(netns, link)
    while (neigh != 0) {
      let skb = Neigh.dequeue(neigh)
      while (skb != 0) {
        Drop.packet(skb, REASON_LINK_DOWN)
        skb = Neigh.dequeue(neigh)
      }
      Neigh.remove(netns, neigh)
      neigh = Neigh.anyOf(netns, link)
    }
  }

  /** Hands a whole frame to a link. */
  static frame(skb: usize, dev: usize): void {
    if (Trace.wants(skb)) Trace.event(skb, TRACE_SENT, 255, 0)
    if (!Link.isUp(dev)) {
      Drop.packet(skb, REASON_LINK_DOWN)
      return
    }
    const kind = Link.kind(dev)
    if (kind == LINK_KIND_DUMMY) {
      Drop.packet(skb, REASON_DUMMY)
      return
    }
    if (kind == LINK_KIND_LOOPBACK) {
      Skb.setIndev(skb, dev)
      Skb.setPkttype(skb, PACKET_HOST)
      Transmit.arrive(skb, dev)
      return
    }
    Transmit.across(skb, dev)
  }

  /** frame() for a link that is neither dummy nor loopback. */
  @inline private static wire(skb: usize, dev: usize): void {
    if (Trace.wants(skb)) Trace.event(skb, TRACE_SENT, 255, 0)
    if (!Link.isUp(dev)) {
      Drop.packet(skb, REASON_LINK_DOWN)
      return
    }
    Transmit.across(skb, dev)
  }

  /** From one end of a pair to the other. */
  @inline private static across(skb: usize, dev: usize): void {
    const peer = Link.peer(dev)
    if (peer == 0) {
      Drop.packet(skb, REASON_NO_PEER)
      return
    }
    if (!Link.isUp(peer)) {
      Drop.packet(skb, REASON_LINK_DOWN)
      return
    }
    if (Skb.len(skb) > Link.mtu(peer) + ETH_HLEN + 4) {
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    Conntrack.put(skb)
    Skb.setNetns(skb, Link.netns(peer))
    Skb.setIndev(skb, peer)
    Skb.setMark(skb, 0)
    Skb.setFlags(skb, 0)
    Rt.drop(skb)
    Transmit.arrive(skb, peer)
  }

  /** The host's frame arrives at a link. It is not captured there: a capture holds what the engine itself sends. */
  static inject(skb: usize): void {
    Skb.setWork(skb, WORK_RECEIVE)
    Queue.receive(skb)
  }

  /** A frame is at an interface: it waits there for its turn. */
  @inline static arrive(skb: usize, link: usize): void {
    if (load<u32>(link, LINK_FLAGS) & LINK_F_CAPTURE) Capture.frame(skb, link)
    Skb.setWork(skb, WORK_RECEIVE)
    Queue.receive(skb)
  }

  @inline static address(to: usize, from: usize): void {
    store<u32>(to, load<u32>(from))
    store<u16>(to, load<u16>(from, 4), 4)
  }

  /** Broadcast, or the multicast mapping of RFC 1112 and RFC 2464. */
  private static manyAddress(skb: usize, to: usize): void {
    if (Skb.family(skb) == NFPROTO_IPV6) {
      store<u16>(to, 0x3333)
      store<u32>(to, load<u32>(Skb.dst16(skb), 12), 2)
    } else if (Skb.rtType(skb) == RTN_MULTICAST) {
      store<u32>(to, 0x005e0001)
      store<u8>(to, load<u8>(Skb.dst16(skb), 13) & 0x7f, 3)
      store<u16>(to, load<u16>(Skb.dst16(skb), 14), 4)
    } else {
      store<u32>(to, 0xffffffff)
      store<u16>(to, 0xffff, 4)
    }
  }

  private static requeueFirst(neigh: usize, skb: usize): void {
    const others = Neigh.queued(neigh)
    Neigh.enqueue(neigh, skb)
    for (let i: u32 = 0; i < others; i++) Neigh.enqueue(neigh, Neigh.dequeue(neigh))
  }

  /** Asks for a neighbour on behalf of `skb` (arp_solicit, ndisc_solicit). */
  private static solicit(neigh: usize, skb: usize): void {
    if (Skb.family(skb) == NFPROTO_IPV4) Transmit.arpRequest(neigh, skb)
    else Transmit.neighbourSolicitation(neigh, skb)
  }

  private static arpRequest(neigh: usize, skb: usize): void {
    const dev = Neigh.link(neigh)
    const netns = Link.netns(dev)
    // arp_announce 0: the packet's own source when it is local, else any address towards the target.
    let source = Fib.addressType(netns, NFPROTO_IPV4, Skb.src(skb), 0) == 2 ? Skb.src(skb) : 0
    if (source == 0) source = Addr.select4(dev, Neigh.addr(neigh), 253)
    if (source == 0) return
    const ask = Pool.take(ETH_HLEN + ARP_SIZE)
    if (ask == 0) return
    const arp = ask + SKB_NETWORK
    Transmit.begin(ask, dev, arp, ARP_SIZE, ETH_P_ARP_BE)
    store<u32>(Skb.data(ask), 0xffffffff)
    store<u16>(Skb.data(ask), 0xffff, 4)
    store<u16>(arp, 0x0100, ARP_HRD)
    store<u16>(arp, ETH_P_IP_BE, ARP_PRO)
    store<u8>(arp, 6, ARP_HLN)
    store<u8>(arp, 4, ARP_PLN)
    store<u16>(arp, ARP_REQUEST_BE, ARP_OP)
    Transmit.address(arp + ARP_SHA, Link.mac(dev))
    store<u32>(arp, Address.v4(source), ARP_SPA)
    store<u64>(arp, 0, 18)
    store<u32>(arp, Address.v4(Neigh.addr(neigh)), ARP_TPA)
    Transmit.frame(ask, dev)
  }

  private static neighbourSolicitation(neigh: usize, skb: usize): void {
    const dev = Neigh.link(neigh)
    const own = Fib.owned(Link.netns(dev), NFPROTO_IPV6, Skb.src(skb))
    let source = own != 0 ? Skb.src(skb) : 0
    if (source == 0) source = Addr.linkLocal6(dev)
    if (source == 0) return
    const length: u32 = 32
    const ask = Pool.take(ETH_HLEN + IP6_HLEN + length)
    if (ask == 0) return
    const l3 = ask + SKB_NETWORK
    Transmit.begin(ask, dev, l3, IP6_HLEN + length, ETH_P_IPV6_BE)
    const target = Neigh.addr(neigh)
    // Solicited-node multicast: ff02::1:ff and the last 24 bits.
    store<u16>(Skb.data(ask), 0x3333)
    store<u8>(Skb.data(ask), 0xff, 2)
    store<u8>(Skb.data(ask), load<u8>(target, 13), 3)
    store<u16>(Skb.data(ask), load<u16>(target, 14), 4)
    store<u32>(l3, 0x60, IP6_VTF)
    store<u16>(l3, bswap<u16>(length as u16), IP6_PAYLOAD)
    store<u8>(l3, IPPROTO_ICMPV6, IP6_NEXT)
    store<u8>(l3, 255, IP6_HOPLIMIT)
    Address.copy(l3 + IP6_SRC, source)
    store<u64>(l3, 0x02ff, IP6_DST)
    store<u32>(l3, 0x01000000, IP6_DST + 8)
    store<u32>(l3, (load<u32>(target, 12) & 0xffffff00) | 0xff, IP6_DST + 12)
    const icmp = l3 + IP6_HLEN
    store<u64>(icmp, NDISC_NEIGHBOUR_SOLICITATION)
    Address.copy(icmp + 8, target)
    store<u16>(icmp, 0x0101, 24)
    Transmit.address(icmp + 26, Link.mac(dev))
    store<u16>(icmp, 0, ICMP_CHECK)
    const sum = Checksum.pseudo(l3 + IP6_SRC, l3 + IP6_DST, NFPROTO_IPV6, IPPROTO_ICMPV6, length)
    store<u16>(icmp, ~Checksum.fold(Checksum.partial(icmp, length, sum)), ICMP_CHECK)
    Transmit.frame(ask, dev)
  }

  /** A fresh frame of this namespace: header fields and the Ethernet source and type. */
  static begin(skb: usize, dev: usize, l3: usize, length: u32, type: u32): void {
    Skb.setNetns(skb, Link.netns(dev))
    Skb.setOutdev(skb, dev)
    Skb.setL3(skb, l3)
    Skb.setData(skb, l3 - ETH_HLEN)
    Skb.setLen(skb, length + ETH_HLEN)
    Skb.setL3len(skb, length)
    Transmit.address(l3 - ETH_HLEN + ETH_SRC, Link.mac(dev))
    store<u16>(l3 - ETH_HLEN, type, ETH_TYPE)
  }
}
