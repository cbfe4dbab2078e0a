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

const FLAGS = 13

export abstract class Established {
  /** Whether it is worth looking for the entry of this packet: a TCP segment whose only flag is ACK, perhaps with PSH. */
  @inline static isCandidate(skb: usize): bool {
    if (Skb.proto(skb) != IPPROTO_TCP || Skb.l4(skb) == 0 || Skb.l4len(skb) < TCP_HEADER) return false
    return ((load<u8>(Skb.l4(skb), FLAGS) as u32) & FLAG_MASK) == FLAG_ACK
  }

  /** Tracks a candidate; false, and nothing has changed, when Tcp.packet must. `ct` is in the table. */
  @inline static packet(ct: usize, skb: usize, dir: u32, hook: u32): bool {
    const status = Ct.status(ct) & (IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED | IPS_FIXED_TIMEOUT)
    if (status != (IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED)) return false
    if (Ct.state(ct) != TCP_CONNTRACK_ESTABLISHED) return false

    const th = Skb.l4(skb)
    const length = Skb.l4len(skb)
    // Sequence number, acknowledgement, and the word of header length, flags and window, in host order.
    const bytes = v128.load(th, 4)
    const words = i8x16.shuffle(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
    const seq = i32x4.extract_lane(words, 0) as u32
    const ack = i32x4.extract_lane(words, 1) as u32
    const last = i32x4.extract_lane(words, 2) as u32
    const header = (last >> 28) << 2
    if (header < TCP_HEADER || header > length) return false

    const sender = Seen.of(ct, dir)
    const receiver = Seen.of(ct, dir ^ 1)
    // A SACK block would take the place of the acknowledgement.
    if (header != TCP_HEADER && (Seen.flags(receiver) & IP_CT_TCP_FLAG_SACK_PERM) != 0) {
      if (header != TCP_HEADER + 12 || load<u32>(th, TCP_HEADER) != TIMESTAMP_ONLY) return false
    }
    const end = seq + length - header
    if (Seen.maxwin(sender) == 0 || !Window.isInside(sender, receiver, seq, end, ack)) return false
    if (!TransportChecksum.isGood(skb, hook, IPPROTO_TCP, length)) return false

    const window = last & 0xffff
    Window.learn(sender, receiver, true, ack, ack, end, window << Seen.scale(sender))
    Window.countRetransmission(ct, dir, seq, ack, end, window)
    store<u8>(ct, TCP_ACK_SET, CT_TCP_LAST_INDEX)
    store<u8>(ct, dir, CT_TCP_LAST_DIR)
    Ct.refresh(ct, TcpTimeout.of(ct, Ct.net(ct), TCP_ACK_SET, TCP_CONNTRACK_ESTABLISHED))
    return true
  }
}
