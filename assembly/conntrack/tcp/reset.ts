// Whether an RST is to be believed (net/netfilter/nf_conntrack_proto_tcp.c: the TCP_CONNTRACK_CLOSE case of
// nf_conntrack_tcp_packet; RFC 5961).

import { Ct } from '../ct.ts'
import { CtNet } from '../ctnet.ts'
import { Gc } from '../gc.ts'
import { Segment } from './segment.ts'
import { Seen, SeqNo } from './seen.ts'
import {
  CTNET_TCP_IGNORE_INVALID_RST,
  CT_TCP_LAST_ACK,
  CT_TCP_LAST_DIR,
  CT_TCP_LAST_END,
  CT_TCP_LAST_INDEX,
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  IP_CT_DIR_REPLY,
  IP_CT_TCP_FLAG_MAXACK_SET,
  TCP_ACK_SET,
  TCP_CONNTRACK_ESTABLISHED,
  TCP_CONNTRACK_SYN_SENT,
  TCP_SYN_SET,
} from '../../../src/abi/conntrack.ts'

export abstract class TcpReset {
  /** The window decides. */
  static readonly CHECK: i32 = 0
  /** Believed whatever the window says. A bit. */
  static readonly IN_WINDOW: i32 = 1
  /** The sequence number is not exactly the expected one: a challenge ACK may follow, the state stays. A bit. */
  static readonly KEEP_STATE: i32 = 2
  static readonly INVALID: i32 = 4

  static judge(ct: usize, dir: u32, th: usize, state: u32): i32 {
    // It may be about a connection whose tuple has been used again: nothing we remember is worth comparing with.
    if (Gc.isTcpClosing(state)) return TcpReset.IN_WINDOW

    const seq = Segment.seq(th)
    const lastKind: u32 = load<u8>(ct, CT_TCP_LAST_INDEX)
    const lastDir: u32 = load<u8>(ct, CT_TCP_LAST_DIR)
    const established = state == TCP_CONNTRACK_ESTABLISHED && Ct.has(ct, IPS_ASSURED)
    const other = Seen.of(ct, dir ^ 1)
    let answer = TcpReset.CHECK

    // The other side's highest ACK is what an RST must continue at, unless a SYN passed meanwhile.
    if ((Seen.flags(other) & IP_CT_TCP_FLAG_MAXACK_SET) != 0 && lastKind != TCP_SYN_SET) {
      const maxack = Seen.maxack(other)
      if (seq == 0 && !established) return TcpReset.CHECK
      if (SeqNo.before(seq, maxack) && CtNet.get(Ct.net(ct), CTNET_TCP_IGNORE_INVALID_RST) == 0) {
        return TcpReset.INVALID
      }
      if (!established || seq == maxack) return TcpReset.CHECK
      // Right behind the last segment of its own.
      if (lastKind == TCP_ACK_SET && lastDir == dir && seq == load<u32>(ct, CT_TCP_LAST_END))
        return TcpReset.CHECK
      answer = TcpReset.KEEP_STATE
    }

    // The answer to a SYN or an ACK that was let pass: it acknowledges what we ignored.
    const answersSyn = Ct.has(ct, IPS_SEEN_REPLY) && lastKind == TCP_SYN_SET && lastDir != dir
    const answersAck = !Ct.has(ct, IPS_ASSURED) && lastKind == TCP_ACK_SET
    if ((answersSyn || answersAck) && Segment.ackSeq(th) == load<u32>(ct, CT_TCP_LAST_END)) {
      return answer | TcpReset.IN_WINDOW
    }
    // The answer to a challenge ACK.
    if (
      state == TCP_CONNTRACK_SYN_SENT &&
      lastKind == TCP_ACK_SET &&
      lastDir == IP_CT_DIR_REPLY &&
      seq == load<u32>(ct, CT_TCP_LAST_ACK)
    ) {
      return answer | TcpReset.IN_WINDOW
    }
    return answer
  }
}
