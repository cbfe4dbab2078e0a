// SCTP as far as a first packet goes (net/sctp/input.c): INIT to a listener brings INIT ACK, to a port without one
// ABORT. A namespace in which nothing listens with SCTP has no SCTP at all, as a kernel without the module:
// protocol unreachable. Associations are not carried further.

import {
  ICMPV6_PARAMPROB,
  ICMPV6_UNK_NEXTHDR,
  ICMP_DEST_UNREACH,
  ICMP_PROT_UNREACH,
  IPPROTO_SCTP,
  IP_DF,
} from '../../src/abi/headers.ts'
import { PROBE_REPLY_ANSWER, PROBE_REPLY_RESET } from '../../src/abi/probe.ts'
import {
  REASON_DELIVERED,
  REASON_NO_SOCKET,
  REASON_PKT_TOO_SMALL,
  REASON_UNHANDLED_PROTO,
} from '../../src/abi/reason.ts'
import { NFPROTO_IPV4, NF_INET_LOCAL_IN } from '../../src/abi/verdict.ts'
import { Socket } from '../netns/socket.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Skb } from '../packet/skb.ts'
import { Client } from './client.ts'
import { Drop } from './drop.ts'
import { Headers6 } from './headers6.ts'
import { Make } from './make.ts'

const HEADER: u32 = 12
const INIT: u32 = 1
const INIT_ACK: u32 = 2
const ABORT: u32 = 6
const TAG: u32 = 0x57a96b3d

export abstract class Sctp {
  /** The packet ends here. */
  static receive(skb: usize): void {
    const sh = Skb.l4(skb)
    const length = Skb.l4len(skb)
    const netns = Skb.netns(skb)
    if (Client.isReply(skb) && length >= HEADER + 4) {
      const abort = load<u8>(sh, HEADER) == ABORT
      Client.answered(skb, abort ? PROBE_REPLY_RESET : PROBE_REPLY_ANSWER)
      Drop.consume(skb, REASON_DELIVERED)
      return
    }
    if (!Socket.any(netns, IPPROTO_SCTP)) {
      Client.refused(skb, REASON_UNHANDLED_PROTO)
      if (Skb.family(skb) == NFPROTO_IPV4)
        Answer.icmpError(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, NF_INET_LOCAL_IN)
      else {
        const pointer = bswap<u32>(Headers6.announcer())
        Answer.icmpErrorInfo(skb, ICMPV6_PARAMPROB, ICMPV6_UNK_NEXTHDR, pointer, NF_INET_LOCAL_IN)
      }
      Drop.packet(skb, REASON_UNHANDLED_PROTO)
      return
    }
    if (length < HEADER + 20 || load<u8>(sh, HEADER) != INIT) {
      Drop.packet(skb, length < HEADER + 4 ? REASON_PKT_TOO_SMALL : REASON_NO_SOCKET)
      return
    }
    const socket = Socket.find(netns, Skb.family(skb), IPPROTO_SCTP, Skb.dst16(skb), Skb.dport(skb))
    if (socket == 0) {
      Client.refused(skb, REASON_NO_SOCKET)
      Sctp.answer(skb, ABORT)
      Drop.packet(skb, REASON_NO_SOCKET)
      return
    }
    Client.arrived(skb)
    Sctp.answer(skb, INIT_ACK)
    Drop.consume(skb, REASON_DELIVERED)
  }

  private static answer(skb: usize, kind: u32): void {
    const chunk: u32 = kind == INIT_ACK ? 28 : 4
    const answer = Make.packet(Skb.netns(skb), Skb.family(skb), HEADER + chunk)
    if (answer == 0) return
    Make.inherit(answer, skb)
    Address.copy(Skb.src(answer), Skb.dst16(skb))
    Address.copy(Skb.dst16(answer), Skb.src(skb))
    Skb.setProto(answer, IPPROTO_SCTP)
    if (!Make.route(answer, 0)) return
    const sh = Skb.l4(answer)
    const init = Skb.l4(skb) + HEADER
    memory.fill(sh, 0, HEADER + chunk)
    store<u16>(sh, Skb.dport(skb))
    store<u16>(sh, Skb.sport(skb), 2)
    store<u32>(sh, load<u32>(init, 4), 4)
    store<u8>(sh, kind, HEADER)
    store<u16>(sh, bswap<u16>(chunk as u16), HEADER + 2)
    if (kind == INIT_ACK) {
      store<u32>(sh, TAG, HEADER + 4)
      store<u32>(sh, bswap<u32>(106496), HEADER + 8)
      store<u32>(sh, load<u32>(init, 12), HEADER + 12)
      store<u32>(sh, TAG, HEADER + 16)
      store<u16>(sh, 0x0700, HEADER + 20)
      store<u16>(sh, 0x0800, HEADER + 22)
      store<u32>(sh, TAG, HEADER + 24)
    }
    store<u32>(sh, Sctp.crc32c(sh, HEADER + chunk), 8)
    if (Skb.family(answer) == NFPROTO_IPV4) {
      Make.header4(answer, IPPROTO_SCTP, 0, Make.hops(answer), 0, IP_DF)
    } else Make.header6(answer, IPPROTO_SCTP, Make.hops(answer), 0x60)
    Make.send(answer)
  }

  /** CRC-32C (Castagnoli) over a packet whose checksum field is zero, as it is stored. */
  static crc32c(at: usize, bytes: u32): u32 {
    let crc: u32 = 0xffffffff
    for (let i: u32 = 0; i < bytes; i++) {
      crc ^= load<u8>(at + i)
      for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
    }
    return ~crc
  }
}
