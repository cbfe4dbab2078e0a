// UDP (net/ipv4/udp.c: __udp4_lib_rcv; net/ipv6/udp.c): a listening socket sends back what it gets, a closed port is
// answered with port unreachable.

import {
  ICMPV6_DEST_UNREACH,
  ICMPV6_PORT_UNREACH,
  ICMP_DEST_UNREACH,
  ICMP_PORT_UNREACH,
  IPPROTO_UDP,
  IP_DF,
  UDP_CHECK,
  UDP_DPORT,
  UDP_HLEN,
  UDP_LEN,
  UDP_SPORT,
} from '../../src/abi/headers.ts'
import { PROBE_REPLY_ANSWER } from '../../src/abi/probe.ts'
import {
  REASON_DELIVERED,
  REASON_NO_SOCKET,
  REASON_PKT_TOO_SMALL,
  REASON_UDP_CSUM,
} from '../../src/abi/reason.ts'
import { SOCKET_FLAGS, SOCKET_F_SILENT } from '../../src/abi/socket.ts'
import { NFPROTO_IPV4, NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Socket } from '../netns/socket.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { Client } from './client.ts'
import { Drop } from './drop.ts'
import { Make } from './make.ts'
import { Rt } from './route.ts'

export abstract class Udp {
  /** The packet ends here. */
  static receive(skb: usize): void {
    const v4 = Skb.family(skb) == NFPROTO_IPV4
    const uh = Skb.l4(skb)
    const have = Skb.l4len(skb)
    if (have < (UDP_HLEN as u32)) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    let length = bswap<u16>(load<u16>(uh, UDP_LEN)) as u32
    if (length == 0 && !v4) length = have
    if (length > have || length < (UDP_HLEN as u32)) {
      Drop.packet(skb, REASON_PKT_TOO_SMALL)
      return
    }
    if (!Udp.rightChecksum(skb, v4, length)) {
      Drop.packet(skb, REASON_UDP_CSUM)
      return
    }
    if (Client.isReply(skb)) {
      Client.answered(skb, PROBE_REPLY_ANSWER)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    const socket = Socket.find(Skb.netns(skb), Skb.family(skb), IPPROTO_UDP, Skb.dst16(skb), Skb.dport(skb))
    const many = Rt.isMany(skb)
    // The error about a refused packet finds its connection by itself, behind raw.
    Conntrack.put(skb)
    if (socket == 0) {
      Client.refused(skb, REASON_NO_SOCKET)
      if (!many) {
        if (v4) Answer.icmpError(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, NF_INET_LOCAL_IN)
        else Answer.icmpError(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, NF_INET_LOCAL_IN)
      }
      Drop.packet(skb, REASON_NO_SOCKET)
      return
    }
    Client.arrived(skb)
    if (!(load<u32>(socket, SOCKET_FLAGS) & SOCKET_F_SILENT) && !many) Udp.echo(skb, length)
    Drop.consume(skb, REASON_DELIVERED)
  }

  /** A checksum of zero is none: right over IPv4, wrong over IPv6. */
  private static rightChecksum(skb: usize, v4: bool, length: u32): bool {
    const uh = Skb.l4(skb)
    if (load<u16>(uh, UDP_CHECK) == 0) return v4
    const sum = Checksum.pseudo(Skb.src(skb), Skb.dst16(skb), Skb.family(skb), IPPROTO_UDP, length)
    return Checksum.fold(Checksum.partial(uh, length, sum)) == 0xffff
  }

  private static echo(skb: usize, length: u32): void {
    const answer = Make.packet(Skb.netns(skb), Skb.family(skb), length)
    if (answer == 0) return
    Make.inherit(answer, skb)
    Address.copy(Skb.src(answer), Skb.dst16(skb))
    Address.copy(Skb.dst16(answer), Skb.src(skb))
    Skb.setProto(answer, IPPROTO_UDP)
    if (!Make.route(answer, 0)) return
    const uh = Skb.l4(answer)
    memory.copy(uh, Skb.l4(skb), length)
    store<u16>(uh, Skb.dport(skb), UDP_SPORT)
    store<u16>(uh, Skb.sport(skb), UDP_DPORT)
    store<u16>(uh, bswap<u16>(length as u16), UDP_LEN)
    Make.checksum(answer, IPPROTO_UDP, UDP_CHECK)
    if (Skb.family(answer) == NFPROTO_IPV4) {
      Make.header4(answer, IPPROTO_UDP, 0, Make.hops(answer), Make.nextId(Skb.netns(answer)), IP_DF)
    } else Make.header6(answer, IPPROTO_UDP, Make.hops(answer), 0x60)
    Make.send(answer)
  }
}
