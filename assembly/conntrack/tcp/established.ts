// The segment that most packets are: an ACK, with or without data, within the windows of an established connection.
// Tcp.packet says the same of it and leaves the same entry, after more questions (bench: forward, 430 instructions
// against 130); what is any different is left to it, untouched.

import { Skb } from '../../packet/skb.ts'
import { Ct } from '../ct.ts'
import { TransportChecksum } from '../transportChecksum.ts'
import { IPPROTO_TCP } from '../tuple.ts'
import { FLAG_ACK, FLAG_MASK, TCP_HEADER, TIMESTAMP_ONLY } from './segment.ts'
import { Seen } from './seen.ts'
import { TcpTimeout } from './timeout.ts'
import { Window } from './window.ts'
import {
  CT_TCP_LAST_DIR,
  CT_TCP_LAST_INDEX,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  IP_CT_TCP_FLAG_SACK_PERM,
  TCP_ACK_SET,
  TCP_CONNTRACK_ESTABLISHED,
} from '../../../src/abi/conntrack.ts'

/** Bits of the entry's status that matter, and how they must be. */
const STATUS: u32 = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED | IPS_FIXED_TIMEOUT
const KNOWN: u32 = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED

export abstract class Established {
  /** 0 when it is worth looking for the packet's entry: a whole TCP header whose only flag is ACK, perhaps with PSH. */
  @inline static differs(skb: usize): u32 {
    return (Skb.tcpflags(skb) & FLAG_MASK) ^ FLAG_ACK
  }

  /** Tracks such a packet; false, and nothing has changed, when Tcp.packet must. `ct` is in the table. */
  @inline static packet(ct: usize, skb: usize, dir: u32, hook: u32): bool {
    const th = Skb.l4(skb)
    const length = Skb.l4len(skb)
    // Sequence number, acknowledgement, and the word of header length, flags and window, in host order.
    const bytes = v128.load(th, 4)
    const words = i8x16.shuffle(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
    const seq = i32x4.extract_lane(words, 0) as u32
    const ack = i32x4.extract_lane(words, 1) as u32
    const last = i32x4.extract_lane(words, 2) as u32
    const header = (last >> 28) << 2
    const end = seq + length - header
    const sender = Seen.of(ct, dir)
    const receiver = Seen.of(ct, dir ^ 1)
    // All that must not be, in one word; what must not be negative by its sign.
    const signs =
      ~Window.margin(sender, receiver, seq, end, ack) |
      (header - TCP_HEADER) |
      (length - header) |
      (Seen.maxwin(sender) - 1)
    const wrong =
      ((Ct.status(ct) & STATUS) ^ KNOWN) | (Ct.state(ct) ^ TCP_CONNTRACK_ESTABLISHED) | (signs >> 31)
    if (wrong != 0) return false
    // A SACK block would take the place of the acknowledgement.
    if (header != TCP_HEADER && !Established.hasNoSack(th, header, receiver)) return false
    if (!TransportChecksum.isGood(skb, hook, IPPROTO_TCP, length)) return false

    const window = last & 0xffff
    Window.learn(sender, receiver, true, ack, ack, end, window << Seen.scale(sender))
    Window.countRetransmission(ct, dir, seq, ack, end, window)
    store<u8>(ct, TCP_ACK_SET, CT_TCP_LAST_INDEX)
    store<u8>(ct, dir, CT_TCP_LAST_DIR)
    Ct.refresh(ct, TcpTimeout.of(ct, Ct.net(ct), TCP_ACK_SET, TCP_CONNTRACK_ESTABLISHED))
    return true
  }

  private static hasNoSack(th: usize, header: u32, receiver: usize): bool {
    if ((Seen.flags(receiver) & IP_CT_TCP_FLAG_SACK_PERM) == 0) return true
    return header == TCP_HEADER + 12 && load<u32>(th, TCP_HEADER) == TIMESTAMP_ONLY
  }
}
