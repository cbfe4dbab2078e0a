// A connection attempt that the host asks for (src/abi/probe.ts): the first packet that a client would send, made by
// the client's own namespace, then everything that comes of it, until nothing moves any more.

import {
  ICMPV6_ECHO_REQUEST,
  ICMP_CHECK,
  ICMP_ECHO,
  ICMP_HLEN,
  ICMP_ID,
  ICMP_SEQ,
  ICMP_TYPE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IP_DF,
  TCP_CHECK,
  TCP_DPORT,
  TCP_FLAGS,
  TCP_F_SYN,
  TCP_HLEN,
  TCP_OFF,
  TCP_SEQ,
  TCP_SPORT,
  TCP_WINDOW,
  UDP_CHECK,
  UDP_DPORT,
  UDP_HLEN,
  UDP_LEN,
  UDP_SPORT,
} from '../../src/abi/headers.ts'
import { LINK_MTU } from '../../src/abi/link.ts'
import {
  PROBE_DPORT,
  PROBE_DST,
  PROBE_FAMILY,
  PROBE_MARK,
  PROBE_NETNS,
  PROBE_PROTO,
  PROBE_REASON,
  PROBE_SPORT,
  PROBE_SRC,
  PROBE_VERDICT,
  PROBE_VERDICT_DROPPED,
  PROBE_VERDICT_PENDING,
} from '../../src/abi/probe.ts'
import { REASON_NEIGH_FAILED } from '../../src/abi/reason.ts'
import { SKB_PROBE } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Life } from '../conntrack/life.ts'
import { Neigh } from '../netns/neigh.ts'
import { Address } from '../packet/address.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { Make } from './make.ts'
import { Probe } from './probe.ts'
import { Sctp } from './sctp.ts'
import { Work } from './work.ts'

/** Options of a SYN as Linux sends them, timestamps left out: MSS, SACK permitted, window scale 7. */
const TCP_OPTIONS: u32 = 12
const UDP_DATA: u32 = 8
const ECHO_DATA: u32 = 8
const INIT_CHUNK: u32 = 20
const SCTP_HEADER: u32 = 12
const SEQUENCE: u32 = 0x504f4457
/** Pieces of work after which an attempt is taken for a loop. */
const ENDLESS: u32 = 100000

export abstract class Attempt {
  /** Runs one attempt to its end. `forget`: conntrack entries that it made are taken away again. */
  static run(probe: usize, forget: bool): void {
    Pool.reserve(256, 8)
    Neigh.restock()
    const serial = Life.serial()
    Attempt.send(probe, Probe.begin(probe))
    Work.run(ENDLESS)
    Probe.setCurrent(0)
    if (load<u8>(probe, PROBE_VERDICT) == PROBE_VERDICT_PENDING) {
      // What still waits, waits for a neighbour that does not answer.
      store<u8>(probe, PROBE_VERDICT_DROPPED, PROBE_VERDICT)
      store<u16>(probe, REASON_NEIGH_FAILED, PROBE_REASON)
    }
    if (forget) Life.forget(serial)
  }

  private static send(probe: usize, role: u32): void {
    const proto = load<u8>(probe, PROBE_PROTO) as u32
    const length = Attempt.length(proto)
    const skb = Make.packet(load<u32>(probe, PROBE_NETNS), load<u32>(probe, PROBE_FAMILY), length)
    if (skb == 0) return
    store<u32>(skb, role, SKB_PROBE)
    Skb.setMark(skb, load<u32>(probe, PROBE_MARK))
    Address.copy(Skb.src(skb), probe + PROBE_SRC)
    Address.copy(Skb.dst16(skb), probe + PROBE_DST)
    Skb.setProto(skb, proto)
    const sport = load<u16>(probe, PROBE_SPORT)
    const dport = load<u16>(probe, PROBE_DPORT)
    Skb.setSport(skb, sport)
    Skb.setDport(skb, dport)
    if (!Make.route(skb, 0)) return
    Address.copy(probe + PROBE_SRC, Skb.src(skb))
    const l4 = Skb.l4(skb)
    memory.fill(l4, 0, length)
    switch (proto) {
      case IPPROTO_TCP:
        Attempt.syn(skb, l4, sport, dport)
        break
      case IPPROTO_UDP:
        Attempt.datagram(skb, l4, sport, dport)
        break
      case IPPROTO_SCTP:
        Attempt.init(l4, sport, dport)
        break
      default:
        Attempt.echo(skb, l4, sport, proto)
    }
    if (Skb.family(skb) == NFPROTO_IPV4) {
      Make.header4(skb, proto, 0, Make.hops(skb), Make.nextId(Skb.netns(skb)), IP_DF)
    } else Make.header6(skb, proto, Make.hops(skb), 0x60)
    Make.send(skb)
  }

  /** Bytes behind the IP header. */
  private static length(proto: u32): u32 {
    switch (proto) {
      case IPPROTO_TCP:
        return (TCP_HLEN as u32) + TCP_OPTIONS
      case IPPROTO_UDP:
        return (UDP_HLEN as u32) + UDP_DATA
      case IPPROTO_SCTP:
        return SCTP_HEADER + INIT_CHUNK
      default:
        return (ICMP_HLEN as u32) + ECHO_DATA
    }
  }

  private static syn(skb: usize, th: usize, sport: u32, dport: u32): void {
    const overhead: u32 = Skb.family(skb) == NFPROTO_IPV4 ? 40 : 60
    const mss = min(load<u32>(Skb.outdev(skb), LINK_MTU), 65535) - overhead
    store<u16>(th, sport, TCP_SPORT)
    store<u16>(th, dport, TCP_DPORT)
    store<u32>(th, bswap<u32>(SEQUENCE), TCP_SEQ)
    store<u8>(th, (((TCP_HLEN as u32) + TCP_OPTIONS) >> 2) << 4, TCP_OFF)
    store<u8>(th, TCP_F_SYN, TCP_FLAGS)
    store<u16>(th, bswap<u16>(64240), TCP_WINDOW)
    store<u16>(th, 0x0402, 20)
    store<u16>(th, bswap<u16>(mss as u16), 22)
    store<u32>(th, 0x02040101, 24)
    store<u32>(th, 0x07030301, 28)
    Make.checksum(skb, IPPROTO_TCP, TCP_CHECK)
  }

  private static datagram(skb: usize, uh: usize, sport: u32, dport: u32): void {
    store<u16>(uh, sport, UDP_SPORT)
    store<u16>(uh, dport, UDP_DPORT)
    store<u16>(uh, bswap<u16>(((UDP_HLEN as u32) + UDP_DATA) as u16), UDP_LEN)
    Make.checksum(skb, IPPROTO_UDP, UDP_CHECK)
  }

  private static echo(skb: usize, l4: usize, id: u32, proto: u32): void {
    store<u8>(l4, proto == IPPROTO_ICMP ? ICMP_ECHO : ICMPV6_ECHO_REQUEST, ICMP_TYPE)
    store<u16>(l4, id, ICMP_ID)
    store<u16>(l4, bswap<u16>(1), ICMP_SEQ)
    Make.checksum(skb, proto == IPPROTO_ICMP ? IPPROTO_ICMP : IPPROTO_ICMPV6, ICMP_CHECK)
  }

  /** INIT (RFC 9260, 3.3.2). */
  private static init(sh: usize, sport: u32, dport: u32): void {
    store<u16>(sh, sport)
    store<u16>(sh, dport, 2)
    const chunk = sh + SCTP_HEADER
    store<u8>(chunk, 1)
    store<u16>(chunk, bswap<u16>(INIT_CHUNK as u16), 2)
    store<u32>(chunk, bswap<u32>(SEQUENCE), 4)
    store<u32>(chunk, bswap<u32>(106496), 8)
    store<u16>(chunk, bswap<u16>(10), 12)
    store<u16>(chunk, 0xffff, 14)
    store<u32>(chunk, bswap<u32>(SEQUENCE), 16)
    store<u32>(sh, Sctp.crc32c(sh, SCTP_HEADER + INIT_CHUNK), 8)
  }
}
