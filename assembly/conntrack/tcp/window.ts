// Whether a segment is within the windows of both sides, and what is learned from it
// (net/netfilter/nf_conntrack_proto_tcp.c: tcp_in_window, after van Rooij, "Real Stateful TCP Packet Filtering in IP
// Filter"). A segment passes when
//
//     I    seq       <= the most its receiver's window allows
//     II   seq + len >= the sender's highest end - the receiver's largest window
//     III  ack       <= the highest end of what the other side sent
//     IV   ack       >= that end - MAXACKWINDOW
//
// with the right edge of the highest SACK block in the place of ack where there is one.

import { Ct } from '../ct.ts'
import { CtNet } from '../ctnet.ts'
import { FLAG_ACK, FLAG_RST, FLAG_SYN, Segment } from './segment.ts'
import { Seen, SeqNo } from './seen.ts'
import {
  CTNET_TCP_BE_LIBERAL,
  CT_TCP_LAST_ACK,
  CT_TCP_LAST_DIR,
  CT_TCP_LAST_END,
  CT_TCP_LAST_SEQ,
  CT_TCP_LAST_WIN,
  CT_TCP_RETRANS,
  IP_CT_DIR_REPLY,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED,
  IP_CT_TCP_FLAG_MAXACK_SET,
  IP_CT_TCP_FLAG_SACK_PERM,
  IP_CT_TCP_FLAG_WINDOW_SCALE,
  TCP_ACK_SET,
  TCP_CONNTRACK_SYN_RECV,
  TCP_CONNTRACK_SYN_SENT,
} from '../../../src/abi/conntrack.ts'

/** Let the segment pass, but learn nothing and leave the state. */
export const WINDOW_IGNORE: i32 = 0
export const WINDOW_INVALID: i32 = 1
export const WINDOW_ACCEPT: i32 = 2

/** Acknowledgements may be this far behind whatever the windows say. */
const MAX_ACK_WINDOW: u32 = 66000

export abstract class Window {
  /** `length` is that of the TCP header and data, `kind` a TCP_*_SET, `dir` the sender's direction. */
  static check(ct: usize, dir: u32, kind: u32, th: usize, length: u32): i32 {
    const sender = Seen.of(ct, dir)
    const receiver = Seen.of(ct, dir ^ 1)
    const flags = Segment.flags(th)
    const rawWindow = Segment.window(th)
    const state = Ct.state(ct)
    let win = rawWindow
    let seq = Segment.seq(th)
    let ack = Segment.ackSeq(th)
    let end = Segment.end(th, length)
    let sack = ack
    if (Seen.flags(receiver) & IP_CT_TCP_FLAG_SACK_PERM) sack = Segment.highestSack(th, ack)

    if (Seen.maxwin(sender) == 0) {
      if (flags & FLAG_SYN) {
        Window.initSender(sender, receiver, th, end, win, dir)
        if ((flags & FLAG_ACK) == 0) return WINDOW_ACCEPT // simultaneous open
      } else {
        Window.pickUp(sender, receiver, end, win, sack)
      }
    } else if (
      (flags & FLAG_SYN) != 0 &&
      SeqNo.after(end, Seen.end(sender)) &&
      (state == TCP_CONNTRACK_SYN_SENT || state == TCP_CONNTRACK_SYN_RECV)
    ) {
      // RFC 793: a connection that starts anew uses higher sequence numbers; its options may differ, too.
      Window.initSender(sender, receiver, th, end, win, dir)
      if (dir == IP_CT_DIR_REPLY && (flags & FLAG_ACK) == 0) return WINDOW_ACCEPT
    }

    // No ACK, or the broken RST that has one of zero: as if it acknowledged everything.
    if ((flags & FLAG_ACK) == 0 || ((flags & FLAG_RST) != 0 && ack == 0)) {
      ack = Seen.end(receiver)
      sack = ack
    }
    // An RST that answers a SYN.
    if ((flags & FLAG_RST) != 0 && seq == 0 && state == TCP_CONNTRACK_SYN_SENT) {
      seq = Seen.end(sender)
      end = seq
    }

    if (Window.margin(sender, receiver, seq, end, sack) >= 0) {
      const verdict = Window.outside(sender, receiver, seq, end, sack)
      const liberal =
        (Seen.flags(sender) & IP_CT_TCP_FLAG_BE_LIBERAL) != 0 ||
        CtNet.get(Ct.net(ct), CTNET_TCP_BE_LIBERAL) != 0
      return liberal ? WINDOW_ACCEPT : verdict
    }

    if ((flags & FLAG_SYN) == 0) win <<= Seen.scale(sender)
    Window.learn(sender, receiver, (flags & FLAG_ACK) != 0, ack, sack, end, win)
    if (kind == TCP_ACK_SET) Window.countRetransmission(ct, dir, seq, ack, end, rawWindow)
    return WINDOW_ACCEPT
  }

  /** The four conditions: negative when all of them hold. Each is a difference's sign, so that one branch decides. */
  @inline static margin(sender: usize, receiver: usize, seq: u32, end: u32, sack: u32): i32 {
    const receiverWindow = Seen.maxwin(receiver)
    const receiverEnd = Seen.end(receiver)
    const ackWindow = max<u32>(Seen.maxwin(sender), MAX_ACK_WINDOW)
    const lowest = Seen.end(sender) - receiverWindow - 1
    return ((seq - Seen.maxend(sender) - 1) &
      (receiverWindow == 0 ? -1 : lowest - end) &
      (sack - receiverEnd - 1) &
      (receiverEnd - ackWindow - 1 - sack)) as i32
  }

  /** What it means when one of them does not hold. */
  private static outside(sender: usize, receiver: usize, seq: u32, end: u32, sack: u32): i32 {
    const senderWindow = Seen.maxwin(sender)
    const receiverWindow = Seen.maxwin(receiver)
    const ackWindow = senderWindow > MAX_ACK_WINDOW ? senderWindow : MAX_ACK_WINDOW
    const lowest = Seen.end(sender) - receiverWindow - 1
    const ackLow = SeqNo.after(sack, Seen.end(receiver) - ackWindow - 1)
    const ackHigh = SeqNo.before(sack, Seen.end(receiver) + 1)

    if (!SeqNo.before(seq, Seen.maxend(sender) + 1)) {
      const overshot = end - Seen.maxend(sender) + 1
      const inReceiveWindow = receiverWindow != 0 && SeqNo.after(end, lowest)
      if (inReceiveWindow && ackLow && overshot <= receiverWindow && ackHigh) {
        // More than the window allows, but only that: should the rules let it pass, its ACK must be understood.
        Seen.setEnd(sender, end)
        Seen.setFlags(sender, Seen.flags(sender) | IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED)
        return WINDOW_IGNORE
      }
      return WINDOW_INVALID
    }
    return ackHigh ? WINDOW_IGNORE : WINDOW_INVALID
  }

  /** What a valid segment tells about both sides. `win` is scaled. */
  @inline static learn(
    sender: usize,
    receiver: usize,
    hasAck: bool,
    ack: u32,
    sack: u32,
    end: u32,
    win: u32,
  ): void {
    let flags = Seen.flags(sender)
    Seen.setMaxwin(sender, max<u32>(Seen.maxwin(sender), win + (sack - ack)))
    if (SeqNo.after(end, Seen.end(sender))) {
      Seen.setEnd(sender, end)
      flags |= IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED
    }
    if (hasAck) {
      const maxack = Seen.maxack(sender)
      const highest = SeqNo.after(ack, maxack) ? ack : maxack
      Seen.setMaxack(sender, flags & IP_CT_TCP_FLAG_MAXACK_SET ? highest : ack)
      flags |= IP_CT_TCP_FLAG_MAXACK_SET
    }
    Seen.setFlags(sender, flags)

    if (SeqNo.after(end, Seen.maxend(sender))) {
      const window = Seen.maxwin(receiver)
      if (window != 0) Seen.setMaxwin(receiver, window + end - Seen.maxend(sender))
    }
    if (SeqNo.after(sack + win, Seen.maxend(receiver) - 1)) {
      Seen.setMaxend(receiver, sack + win + (win == 0 ? 1 : 0))
    }
    if (ack == Seen.end(receiver)) {
      Seen.setFlags(receiver, Seen.flags(receiver) & ~IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED)
    }
  }

  /** The same ACK again counts as one retransmission more; any other starts the count anew. */
  @inline static countRetransmission(ct: usize, dir: u32, seq: u32, ack: u32, end: u32, win: u32): void {
    const different =
      ((load<u8>(ct, CT_TCP_LAST_DIR) as u32) ^ dir) |
      (load<u32>(ct, CT_TCP_LAST_SEQ) ^ seq) |
      (load<u32>(ct, CT_TCP_LAST_ACK) ^ ack) |
      (load<u32>(ct, CT_TCP_LAST_END) ^ end) |
      ((load<u16>(ct, CT_TCP_LAST_WIN) as u32) ^ win)
    if (different == 0) {
      store<u8>(ct, load<u8>(ct, CT_TCP_RETRANS) + 1, CT_TCP_RETRANS)
      return
    }
    store<u8>(ct, dir, CT_TCP_LAST_DIR)
    store<u32>(ct, seq, CT_TCP_LAST_SEQ)
    store<u32>(ct, ack, CT_TCP_LAST_ACK)
    store<u32>(ct, end, CT_TCP_LAST_END)
    store<u16>(ct, win, CT_TCP_LAST_WIN)
    store<u8>(ct, 0, CT_TCP_RETRANS)
  }

  /** A SYN or SYN/ACK: this side's numbers and options start here (tcp_init_sender). */
  private static initSender(sender: usize, receiver: usize, th: usize, end: u32, win: u32, dir: u32): void {
    Seen.setEnd(sender, end)
    Seen.setMaxend(sender, end)
    Seen.setMaxwin(sender, win == 0 ? 1 : win)
    Segment.readOptions(th, sender)
    // RFC 1323: windows are scaled only when both sides said so.
    const both = Seen.flags(sender) & Seen.flags(receiver) & IP_CT_TCP_FLAG_WINDOW_SCALE
    if (dir == IP_CT_DIR_REPLY && both == 0) {
      Seen.setScale(sender, 0)
      Seen.setScale(receiver, 0)
    }
  }

  /** The middle of a connection whose beginning was not seen: the segment is all there is to go by. */
  private static pickUp(sender: usize, receiver: usize, end: u32, win: u32, sack: u32): void {
    const scaled = win << Seen.scale(sender)
    const window = scaled == 0 ? 1 : scaled
    Seen.setEnd(sender, end)
    Seen.setMaxwin(sender, window)
    Seen.setMaxend(sender, end + window)
    if (Seen.maxwin(receiver) == 0) {
      Seen.setEnd(receiver, sack)
      Seen.setMaxend(receiver, sack)
    } else if (sack == Seen.end(receiver) + 1) {
      // The answer to a keepalive, most likely.
      Seen.setEnd(receiver, Seen.end(receiver) + 1)
    }
  }
}
