// TCP as a listening socket and a kernel without one answer it (net/ipv4/tcp_ipv4.c: tcp_v4_rcv, tcp_v4_send_reset;
// net/ipv4/tcp_minisocks.c). A listener accepts, sends back what it gets and closes when the other side does. The
// handshake keeps no state before its last segment (as with SYN cookies); segments are taken in order only, nothing
// is sent again by timer, there is no congestion control and no option but MSS, SACK permitted and window scale.

import {
  CONNECTION_LAST_ACK,
  CONNECTION_OPEN,
  CONNECTION_RCV,
  CONNECTION_SND,
  CONNECTION_SOCKET,
  CONNECTION_STATE,
} from '../../src/abi/connection.ts'
import {
  IPPROTO_TCP,
  IP_DF,
  PACKET_HOST,
  TCP_ACK,
  TCP_CHECK,
  TCP_DPORT,
  TCP_FLAGS,
  TCP_F_ACK,
  TCP_F_FIN,
  TCP_F_PSH,
  TCP_F_RST,
  TCP_F_SYN,
  TCP_HLEN,
  TCP_OFF,
  TCP_SEQ,
  TCP_SPORT,
  TCP_WINDOW,
} from '../../src/abi/headers.ts'
import { LINK_MTU } from '../../src/abi/link.ts'
import { NETNS_FWMARK_REFLECT } from '../../src/abi/netns.ts'
import { PROBE_REPLY_ANSWER, PROBE_REPLY_RESET } from '../../src/abi/probe.ts'
import {
  REASON_DELIVERED,
  REASON_NO_SOCKET,
  REASON_OTHERHOST,
  REASON_PKT_TOO_SMALL,
  REASON_TCP_CSUM,
  REASON_TCP_INVALID,
} from '../../src/abi/reason.ts'
import { IP_F_ANYSRC, SKB_F_ERROR } from '../../src/abi/skb.ts'
import { SOCKET_FLAGS, SOCKET_F_SILENT } from '../../src/abi/socket.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Socket } from '../netns/socket.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { Client } from './client.ts'
import { Connection } from './connection.ts'
import { Drop } from './drop.ts'
import { Field } from '../netfilter/match/fields.ts'
import { Make } from './make.ts'
import { Rt } from './route.ts'

const SACK_PERMITTED: u32 = 1
const WINDOW_SCALE: u32 = 2
const WINDOW: u32 = 64240
/** Key of the initial sequence numbers; from the engine's seed. */
const SECRET = memory.data(8, 8)

export abstract class Tcp {
  static seed(seed: u32): void {
    store<u32>(SECRET, seed ^ 0x5bd1e995)
  }

  /** tcp_v4_rcv, tcp_v6_rcv. The packet ends here. */
  static receive(skb: usize): void {
    if (Skb.pkttype(skb) != PACKET_HOST) {
      Drop.packet(skb, REASON_OTHERHOST)
      return
    }
    const th = Skb.l4(skb)
    const length = Skb.l4len(skb)
    if (length < (TCP_HLEN as u32)) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    const header = ((load<u8>(th, TCP_OFF) >> 4) as u32) << 2
    if (header < (TCP_HLEN as u32) || header > length) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    if (!Tcp.rightChecksum(skb)) {
      Drop.packet(skb, REASON_TCP_CSUM)
      return
    }
    Conntrack.put(skb)
    const flags = load<u8>(th, TCP_FLAGS) as u32
    if (Client.isReply(skb)) {
      Client.answered(skb, flags & TCP_F_RST ? PROBE_REPLY_RESET : PROBE_REPLY_ANSWER)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    const connection = Connection.find(skb)
    if (connection != 0) {
      Tcp.established(skb, connection, flags, header)
      return
    }
    const socket = Socket.find(Skb.netns(skb), Skb.family(skb), IPPROTO_TCP, Skb.dst16(skb), Skb.dport(skb))
    if (socket == 0) Tcp.closed(skb, flags, header)
    else Tcp.listening(skb, socket, flags, header)
  }

  private static rightChecksum(skb: usize): bool {
    const length = Skb.l4len(skb)
    const sum = Checksum.pseudo(Skb.src(skb), Skb.dst16(skb), Skb.family(skb), IPPROTO_TCP, length)
    return Checksum.fold(Checksum.partial(Skb.l4(skb), length, sum)) == 0xffff
  }

  /** No socket: a reset, unless the segment is one. */
  private static closed(skb: usize, flags: u32, header: u32): void {
    Client.refused(skb, REASON_NO_SOCKET)
    if (!(flags & TCP_F_RST) && !Rt.isMany(skb)) Tcp.resetFor(skb, flags, header)
    Drop.packet(skb, REASON_NO_SOCKET)
  }

  private static listening(skb: usize, socket: usize, flags: u32, header: u32): void {
    const th = Skb.l4(skb)
    const isn = Tcp.isn(skb)
    if (flags & TCP_F_RST) {
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    if (flags & TCP_F_ACK) {
      // The handshake's last segment, or a stranger.
      if (flags & TCP_F_SYN || bswap<u32>(load<u32>(th, TCP_ACK)) != isn + 1) {
        Tcp.closed(skb, flags, header)
        return
      }
      const connection = Connection.open(skb)
      if (connection == 0) {
        Drop.packet(skb, REASON_NO_SOCKET)
        return
      }
      store<u16>(connection, CONNECTION_OPEN, CONNECTION_STATE)
      store<u32>(connection, isn + 1, CONNECTION_SND)
      store<u32>(connection, bswap<u32>(load<u32>(th, TCP_SEQ)), CONNECTION_RCV)
      store<u32>(connection, socket as u32, CONNECTION_SOCKET)
      Tcp.established(skb, connection, flags, header)
      return
    }
    if (!(flags & TCP_F_SYN) || flags & TCP_F_FIN) {
      Drop.packet(skb, REASON_TCP_INVALID)
      return
    }
    Client.arrived(skb)
    const ack = bswap<u32>(load<u32>(th, TCP_SEQ)) + 1
    Tcp.send(skb, isn, ack, TCP_F_SYN | TCP_F_ACK, 0, 0, Tcp.options(th, header))
    Drop.consume(skb, REASON_DELIVERED)
  }

  private static established(skb: usize, connection: usize, flags: u32, header: u32): void {
    const th = Skb.l4(skb)
    const seq = bswap<u32>(load<u32>(th, TCP_SEQ))
    const expected = load<u32>(connection, CONNECTION_RCV)
    const sent = load<u32>(connection, CONNECTION_SND)
    if (flags & TCP_F_RST) {
      if (seq == expected) Connection.close(skb, connection)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    const data = Skb.l4len(skb) - header
    if (flags & TCP_F_SYN || !(flags & TCP_F_ACK) || seq != expected) {
      // Out of order or old: say what is expected (and a challenge to a SYN).
      if (flags & TCP_F_SYN || data != 0 || flags & TCP_F_FIN)
        Tcp.send(skb, sent, expected, TCP_F_ACK, 0, 0, 0)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    if (load<u16>(connection, CONNECTION_STATE) == CONNECTION_LAST_ACK) {
      if (bswap<u32>(load<u32>(th, TCP_ACK)) == sent) Connection.close(skb, connection)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    const ack = seq + data + (flags & TCP_F_FIN ? 1 : 0)
    store<u32>(connection, ack, CONNECTION_RCV)
    const socket: usize = load<u32>(connection, CONNECTION_SOCKET)
    const silent = (load<u32>(socket, SOCKET_FLAGS) & SOCKET_F_SILENT) != 0
    const echo = silent ? 0 : data
    if (flags & TCP_F_FIN) {
      Tcp.send(skb, sent, ack, TCP_F_FIN | TCP_F_ACK | (echo != 0 ? TCP_F_PSH : 0), th + header, echo, 0)
      store<u32>(connection, sent + echo + 1, CONNECTION_SND)
      store<u16>(connection, CONNECTION_LAST_ACK, CONNECTION_STATE)
    } else if (data != 0) {
      Tcp.send(skb, sent, ack, TCP_F_ACK | (echo != 0 ? TCP_F_PSH : 0), th + header, echo, 0)
      store<u32>(connection, sent + echo, CONNECTION_SND)
    }
    Drop.consume(skb, REASON_DELIVERED)
  }

  /** Which of the options we know a SYN carries. */
  private static options(th: usize, header: u32): u32 {
    let found: u32 = 0
    let at: u32 = TCP_HLEN
    while (at < header) {
      const kind = load<u8>(th + at) as u32
      if (kind == 0) break
      if (kind == 1) {
        at += 1
        continue
      }
      if (at + 2 > header) break
      const size = load<u8>(th + at, 1) as u32
      if (size < 2 || at + size > header) break
      if (kind == 3 && size == 3) found |= WINDOW_SCALE
      if (kind == 4 && size == 2) found |= SACK_PERMITTED
      at += size
    }
    return found
  }

  /** Answers the segment `skb`; on a SYN-ACK `options` says what to offer in turn. */
  private static send(
    skb: usize,
    seq: u32,
    ack: u32,
    flags: u32,
    data: usize,
    length: u32,
    options: u32,
  ): void {
    const syn = (flags & TCP_F_SYN) != 0
    const sack = (options & SACK_PERMITTED) != 0
    const scale = (options & WINDOW_SCALE) != 0
    const header: u32 = TCP_HLEN + (syn ? 4 + (sack ? 4 : 0) + (scale ? 4 : 0) : 0)
    const answer = Tcp.begin(skb, header + length)
    if (answer == 0) return
    if (!Make.route(answer, 0)) return
    const th = Skb.l4(answer)
    Tcp.fill(answer, seq, ack, flags, header)
    store<u16>(th, bswap<u16>(WINDOW as u16), TCP_WINDOW)
    if (syn) {
      const overhead: u32 = Skb.family(skb) == NFPROTO_IPV4 ? 40 : 60
      const mss = min(load<u32>(Skb.outdev(answer), LINK_MTU), 65535) - overhead
      store<u16>(th, 0x0402, 20)
      store<u16>(th, bswap<u16>(mss as u16), 22)
      let at = th + 24
      if (sack) {
        store<u32>(at, 0x02040101)
        at += 4
      }
      if (scale) store<u32>(at, 0x07030301)
    }
    if (length != 0) memory.copy(th + header, data, length)
    Tcp.finish(answer, 0)
  }

  /** A reset to a segment without a socket (tcp_v4_send_reset). */
  private static resetFor(skb: usize, flags: u32, header: u32): void {
    const answer = Tcp.begin(skb, TCP_HLEN)
    if (answer == 0) return
    if (load<u32>(Skb.netns(skb), NETNS_FWMARK_REFLECT) != 0) Skb.setMark(answer, Skb.mark(skb))
    if (!Make.route(answer, 0)) return
    Tcp.fillReset(answer, skb, flags, header)
    // ip_send_unicast_reply, tcp_v6_send_response: the type of service without the congestion bits.
    Tcp.finish(answer, Field.dsfield(skb) & ~3)
  }

  /** The reset REJECT asked for (nf_send_reset); `about` is the copy that asked, and ends here. */
  static reset(about: usize): void {
    const flags = load<u8>(Skb.l4(about), TCP_FLAGS) as u32
    const header = ((load<u8>(Skb.l4(about), TCP_OFF) >> 4) as u32) << 2
    const answer = Tcp.begin(about, TCP_HLEN)
    if (answer != 0) {
      Skb.addFlag(answer, SKB_F_ERROR)
      Skb.setIpFlags(answer, IP_F_ANYSRC)
      if (load<u32>(Skb.netns(about), NETNS_FWMARK_REFLECT) != 0) Skb.setMark(answer, Skb.mark(about))
      Conntrack.attach(answer, about)
      if (Make.route(answer, 0)) {
        Tcp.fillReset(answer, about, flags, header)
        Tcp.finish(answer, 0)
      }
    }
    Drop.free(about)
  }

  private static fillReset(answer: usize, skb: usize, flags: u32, header: u32): void {
    const th = Skb.l4(skb)
    if (flags & TCP_F_ACK) {
      Tcp.fill(answer, bswap<u32>(load<u32>(th, TCP_ACK)), 0, TCP_F_RST, TCP_HLEN)
      return
    }
    const length = Skb.l4len(skb) - header + (flags & TCP_F_SYN ? 1 : 0) + (flags & TCP_F_FIN ? 1 : 0)
    Tcp.fill(answer, 0, bswap<u32>(load<u32>(th, TCP_SEQ)) + length, TCP_F_RST | TCP_F_ACK, TCP_HLEN)
  }

  private static begin(skb: usize, length: u32): usize {
    const answer = Make.packet(Skb.netns(skb), Skb.family(skb), length)
    if (answer == 0) return 0
    Make.inherit(answer, skb)
    Address.copy(Skb.src(answer), Skb.dst16(skb))
    Address.copy(Skb.dst16(answer), Skb.src(skb))
    Skb.setSport(answer, Skb.dport(skb))
    Skb.setDport(answer, Skb.sport(skb))
    Skb.setProto(answer, IPPROTO_TCP)
    return answer
  }

  private static fill(answer: usize, seq: u32, ack: u32, flags: u32, header: u32): void {
    const th = Skb.l4(answer)
    memory.fill(th, 0, header)
    store<u16>(th, Skb.sport(answer), TCP_SPORT)
    store<u16>(th, Skb.dport(answer), TCP_DPORT)
    store<u32>(th, bswap<u32>(seq), TCP_SEQ)
    store<u32>(th, bswap<u32>(ack), TCP_ACK)
    store<u8>(th, (header >> 2) << 4, TCP_OFF)
    store<u8>(th, flags, TCP_FLAGS)
  }

  private static finish(answer: usize, tos: u32): void {
    Make.checksum(answer, IPPROTO_TCP, TCP_CHECK)
    if (Skb.family(answer) == NFPROTO_IPV4)
      Make.header4(answer, IPPROTO_TCP, tos, Make.hops(answer), 0, IP_DF)
    else Make.header6(answer, IPPROTO_TCP, Make.hops(answer), 0x60 | (tos >> 4) | ((tos & 15) << 12))
    Make.send(answer)
  }

  /** Initial sequence number of the answer to a SYN: a function of the flow and the seed. */
  private static isn(skb: usize): u32 {
    let h = load<u32>(SECRET)
    for (let at: usize = 0; at < 36; at += 4) h = rotl<u32>((h ^ load<u32>(skb + at)) * 0x9e3779b1, 13)
    return (h ^ (h >> 15)) * 0x85ebca6b
  }
}
