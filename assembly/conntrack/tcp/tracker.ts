// TCP (net/netfilter/nf_conntrack_proto_tcp.c: nf_conntrack_tcp_packet, tcp_new, nf_tcp_handle_invalid). No SYN proxy,
// no sequence adjustment.

import { Skb } from '../../packet/skb.ts'
import { Ct } from '../ct.ts'
import { CtNet } from '../ctnet.ts'
import { Life } from '../life.ts'
import { TransportChecksum } from '../transportChecksum.ts'
import { IPPROTO_TCP } from '../tuple.ts'
import { TRACK_INVALID, TRACK_REPEAT } from '../verdict.ts'
import { TcpReset } from './reset.ts'
import { FLAG_RST, Segment, TCP_HEADER } from './segment.ts'
import { Seen } from './seen.ts'
import { TcpTimeout } from './timeout.ts'
import { Transitions } from './transitions.ts'
import { WINDOW_ACCEPT, WINDOW_IGNORE, Window } from './window.ts'
import {
  CTNET_TCP_LOOSE,
  CT_TCP_LAST_ACK,
  CT_TCP_LAST_DIR,
  CT_TCP_LAST_END,
  CT_TCP_LAST_FLAGS,
  CT_TCP_LAST_INDEX,
  CT_TCP_LAST_SEQ,
  CT_TCP_LAST_WIN,
  CT_TCP_LAST_WSCALE,
  CT_TCP_RETRANS,
  IPS_ASSURED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
  IP_CT_EXP_CHALLENGE_ACK,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_CLOSE_INIT,
  IP_CT_TCP_FLAG_SACK_PERM,
  IP_CT_TCP_FLAG_WINDOW_SCALE,
  IP_CT_TCP_SIMULTANEOUS_OPEN,
  SEEN_FLAGS,
  SEEN_SCALE,
  TCP_ACK_SET,
  TCP_CONNTRACK_CLOSE,
  TCP_CONNTRACK_ESTABLISHED,
  TCP_CONNTRACK_FIN_WAIT,
  TCP_CONNTRACK_IGNORE,
  TCP_CONNTRACK_LAST_ACK,
  TCP_CONNTRACK_MAX,
  TCP_CONNTRACK_NONE,
  TCP_CONNTRACK_SYN_RECV,
  TCP_CONNTRACK_SYN_SENT,
  TCP_CONNTRACK_SYN_SENT2,
  TCP_CONNTRACK_TIME_WAIT,
  TCP_FIN_SET,
  TCP_NONE_SET,
  TCP_RST_SET,
  TCP_SYNACK_SET,
  TCP_SYN_SET,
  TCP_TIMEOUT_UNACK,
} from '../../../src/abi/conntrack.ts'
import { NF_ACCEPT } from '../../../src/abi/verdict.ts'

/** A side's state that only its options are read into. */
const OPTIONS = memory.data(32, 8)

/** Connections with less left are not worth shortening, seconds. */
const SHORT_LIFE: u32 = 120

export abstract class Tcp {
  static packet(ct: usize, skb: usize, ctinfo: u32, hook: u32): i32 {
    const length = Skb.l4len(skb)
    const th = Skb.l4(skb)
    if (Tcp.isBroken(skb, th, length, hook)) return TRACK_INVALID
    if (!Ct.isConfirmed(ct) && !Tcp.start(ct, th, length)) return TRACK_INVALID

    const flags = Segment.flags(th)
    const kind = Segment.kind(flags)
    const dir = Ct.dirOf(ctinfo)
    let oldState = Ct.state(ct)
    let newState = Transitions.next(dir, kind, oldState)
    let inWindow = false

    switch (newState) {
      case TCP_CONNTRACK_SYN_SENT:
        if (oldState < (TCP_CONNTRACK_TIME_WAIT as u32)) break
        if (Tcp.mayReopen(ct, dir)) {
          Life.kill(ct)
          return TRACK_REPEAT
        }
        if (!Tcp.inSyncAgain(ct, dir, kind, th)) return Tcp.ignore(ct, dir, kind, th, length, oldState)
        oldState = TCP_CONNTRACK_SYN_SENT
        newState = TCP_CONNTRACK_SYN_RECV
        break
      case TCP_CONNTRACK_IGNORE:
        if (!Tcp.inSyncAgain(ct, dir, kind, th)) return Tcp.ignore(ct, dir, kind, th, length, oldState)
        oldState = TCP_CONNTRACK_SYN_SENT
        newState = TCP_CONNTRACK_SYN_RECV
        break
      case TCP_CONNTRACK_MAX:
        return TRACK_INVALID
      case TCP_CONNTRACK_TIME_WAIT:
        // RFC 5961: the answer to a SYN that strayed into LAST_ACK acknowledges no FIN.
        if (
          oldState == TCP_CONNTRACK_LAST_ACK &&
          kind == TCP_ACK_SET &&
          load<u8>(ct, CT_TCP_LAST_DIR) != dir &&
          load<u8>(ct, CT_TCP_LAST_INDEX) == TCP_SYN_SET &&
          (load<u8>(ct, CT_TCP_LAST_FLAGS) & IP_CT_EXP_CHALLENGE_ACK) != 0
        ) {
          store<u8>(ct, load<u8>(ct, CT_TCP_LAST_FLAGS) & ~IP_CT_EXP_CHALLENGE_ACK, CT_TCP_LAST_FLAGS)
          return NF_ACCEPT
        }
        break
      case TCP_CONNTRACK_SYN_SENT2:
        store<u8>(ct, load<u8>(ct, CT_TCP_LAST_FLAGS) | IP_CT_TCP_SIMULTANEOUS_OPEN, CT_TCP_LAST_FLAGS)
        break
      case TCP_CONNTRACK_SYN_RECV:
        if (
          dir == IP_CT_DIR_REPLY &&
          kind == TCP_ACK_SET &&
          (load<u8>(ct, CT_TCP_LAST_FLAGS) & IP_CT_TCP_SIMULTANEOUS_OPEN) != 0
        ) {
          newState = TCP_CONNTRACK_ESTABLISHED
        }
        break
      case TCP_CONNTRACK_CLOSE: {
        if (kind != TCP_RST_SET) break
        const answer = TcpReset.judge(ct, dir, th, oldState)
        if (answer == TcpReset.INVALID) return TRACK_INVALID
        if (answer & TcpReset.KEEP_STATE) newState = oldState
        inWindow = (answer & TcpReset.IN_WINDOW) != 0
        break
      }
      default:
        break
    }

    if (!inWindow) {
      const verdict = Window.check(ct, dir, kind, th, length)
      if (verdict == WINDOW_IGNORE) return NF_ACCEPT
      if (verdict != WINDOW_ACCEPT) {
        Tcp.shorten(ct, dir, kind)
        return TRACK_INVALID
      }
    }
    return Tcp.accept(ct, dir, kind, flags, oldState, newState)
  }

  /** An RST has been sent for it: closed, with that state's timeout. */
  static setClosing(ct: usize): void {
    const old = Ct.state(ct)
    Ct.setState(ct, TCP_CONNTRACK_CLOSE)
    if (old != TCP_CONNTRACK_CLOSE) Ct.refresh(ct, CtNet.tcpTimeout(Ct.net(ct), TCP_CONNTRACK_CLOSE))
  }

  /** A segment in window: state, timeout, ASSURED. */
  private static accept(ct: usize, dir: u32, kind: u32, flags: u32, oldState: u32, newState: u32): i32 {
    const net = Ct.net(ct)
    store<u8>(ct, kind, CT_TCP_LAST_INDEX)
    store<u8>(ct, dir, CT_TCP_LAST_DIR)
    Ct.setState(ct, newState)
    const side = Seen.of(ct, dir)
    if (oldState != newState && newState == TCP_CONNTRACK_FIN_WAIT) {
      Seen.setFlags(side, Seen.flags(side) | IP_CT_TCP_FLAG_CLOSE_INIT)
    }

    let timeout = TcpTimeout.of(ct, net, kind, newState)
    const status = Ct.status(ct)
    if ((status & IPS_SEEN_REPLY) == 0) {
      // The only answer is an RST: there never was a connection.
      if (flags & FLAG_RST) {
        Tcp.drop(ct)
        return NF_ACCEPT
      }
      // A SYN sent again does not prolong the wait.
      if (kind == TCP_SYN_SET && oldState == TCP_CONNTRACK_SYN_SENT) return NF_ACCEPT
      // Picked up in the middle, from one side only.
      const unacknowledged = CtNet.tcpTimeout(net, TCP_TIMEOUT_UNACK)
      if (newState == TCP_CONNTRACK_ESTABLISHED && timeout > unacknowledged) timeout = unacknowledged
    } else if (
      (status & IPS_ASSURED) == 0 &&
      (oldState == TCP_CONNTRACK_SYN_RECV || oldState == TCP_CONNTRACK_ESTABLISHED) &&
      newState == TCP_CONNTRACK_ESTABLISHED
    ) {
      Ct.setStatus(ct, IPS_ASSURED)
    }
    Ct.refresh(ct, timeout)
    return NF_ACCEPT
  }

  /** tcp_error: cut short, bad checksum, impossible flags. */
  private static isBroken(skb: usize, th: usize, length: u32, hook: u32): bool {
    if (length < TCP_HEADER) return true
    const header = Segment.headerLength(th)
    if (header < TCP_HEADER || length < header) return true
    if (!TransportChecksum.isGood(skb, hook, IPPROTO_TCP, length)) return true
    return !Segment.areFlagsValid(Segment.flags(th))
  }

  /** The first segment of an entry (tcp_new); again for every segment while it is unconfirmed. */
  private static start(ct: usize, th: usize, length: u32): bool {
    const kind = Segment.kind(Segment.flags(th))
    const state = Transitions.next(IP_CT_DIR_ORIGINAL, kind, TCP_CONNTRACK_NONE)
    if (state >= (TCP_CONNTRACK_MAX as u32)) return false
    const opening = state == TCP_CONNTRACK_SYN_SENT
    if (!opening && CtNet.get(Ct.net(ct), CTNET_TCP_LOOSE) == 0) return false

    const client = Seen.of(ct, IP_CT_DIR_ORIGINAL)
    const server = Seen.of(ct, IP_CT_DIR_REPLY)
    Tcp.clear(ct)
    const end = Segment.end(th, length)
    const window = Segment.window(th)
    Seen.setEnd(client, end)
    Seen.setMaxwin(client, window == 0 ? 1 : window)
    Seen.setMaxend(client, end)
    if (opening) {
      Segment.readOptions(th, client)
    } else {
      // In the middle: window scaling is unknown, so both sides are judged liberally.
      Seen.setMaxend(client, end + Seen.maxwin(client))
      Seen.setFlags(client, IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL)
      Seen.setFlags(server, IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL)
    }
    store<u8>(ct, TCP_NONE_SET, CT_TCP_LAST_INDEX)
    return true
  }

  private static clear(ct: usize): void {
    Seen.setFlags(Seen.of(ct, 0), 0)
    Seen.setFlags(Seen.of(ct, 1), 0)
    Seen.reset(Seen.of(ct, 0))
    Seen.reset(Seen.of(ct, 1))
    Ct.setState(ct, TCP_CONNTRACK_NONE)
    store<u8>(ct, 0, CT_TCP_LAST_DIR)
    store<u8>(ct, 0, CT_TCP_RETRANS)
    store<u32>(ct, 0, CT_TCP_LAST_SEQ)
    store<u32>(ct, 0, CT_TCP_LAST_ACK)
    store<u32>(ct, 0, CT_TCP_LAST_END)
    store<u32>(ct, 0, CT_TCP_LAST_WIN) // and the scale and flags behind it
  }

  /** A SYN where a connection has ended: closed by FIN, or by an RST from the same side. */
  private static mayReopen(ct: usize, dir: u32): bool {
    const flags = Seen.flags(Seen.of(ct, 0)) | Seen.flags(Seen.of(ct, 1))
    if (flags & IP_CT_TCP_FLAG_CLOSE_INIT) return true
    return load<u8>(ct, CT_TCP_LAST_DIR) == dir && load<u8>(ct, CT_TCP_LAST_INDEX) == TCP_RST_SET
  }

  /** A SYN/ACK that answers a SYN ignored before: the two ends agree, and what the SYN said is taken over. */
  private static inSyncAgain(ct: usize, dir: u32, kind: u32, th: usize): bool {
    const lastDir: u32 = load<u8>(ct, CT_TCP_LAST_DIR)
    if (kind != TCP_SYNACK_SET || load<u8>(ct, CT_TCP_LAST_INDEX) != TCP_SYN_SET || lastDir == dir)
      return false
    const lastEnd = load<u32>(ct, CT_TCP_LAST_END)
    if (Segment.ackSeq(th) != lastEnd) return false
    const other = Seen.of(ct, lastDir)
    const lastWin: u32 = load<u16>(ct, CT_TCP_LAST_WIN)
    const flags = (load<u8>(ct, CT_TCP_LAST_FLAGS) as u32) & ~(IP_CT_EXP_CHALLENGE_ACK as u32)
    store<u8>(ct, flags, CT_TCP_LAST_FLAGS)
    Seen.setEnd(other, lastEnd)
    Seen.setMaxend(other, lastEnd)
    Seen.setMaxwin(other, lastWin == 0 ? 1 : lastWin)
    Seen.setScale(other, load<u8>(ct, CT_TCP_LAST_WSCALE))
    Seen.setFlags(other, flags)
    Seen.reset(Seen.of(ct, dir))
    return true
  }

  /** A segment that may be wrong or may show that our entry is: remembered, and let pass. */
  private static ignore(ct: usize, dir: u32, kind: u32, th: usize, length: u32, state: u32): i32 {
    store<u8>(ct, kind, CT_TCP_LAST_INDEX)
    store<u8>(ct, dir, CT_TCP_LAST_DIR)
    store<u32>(ct, Segment.seq(th), CT_TCP_LAST_SEQ)
    store<u32>(ct, Segment.end(th, length), CT_TCP_LAST_END)
    store<u16>(ct, Segment.window(th), CT_TCP_LAST_WIN)
    if (kind == TCP_SYN_SET && dir == IP_CT_DIR_ORIGINAL) {
      store<u8>(OPTIONS, 0, SEEN_FLAGS)
      store<u8>(OPTIONS, 0, SEEN_SCALE)
      Segment.readOptions(th, OPTIONS)
      const options = Seen.flags(OPTIONS)
      let last = options & (IP_CT_TCP_FLAG_WINDOW_SCALE | IP_CT_TCP_FLAG_SACK_PERM)
      if (state == TCP_CONNTRACK_LAST_ACK) last |= IP_CT_EXP_CHALLENGE_ACK
      store<u8>(ct, last, CT_TCP_LAST_FLAGS)
      store<u8>(ct, options & IP_CT_TCP_FLAG_WINDOW_SCALE ? Seen.scale(OPTIONS) : 0, CT_TCP_LAST_WSCALE)
    }
    // Perhaps the challenge ACK that answers a SYN.
    if (state == TCP_CONNTRACK_SYN_SENT && kind == TCP_ACK_SET && dir == IP_CT_DIR_REPLY) {
      store<u32>(ct, Segment.ackSeq(th), CT_TCP_LAST_ACK)
    }
    return NF_ACCEPT
  }

  /** FIN or RST out of window from both sides: the connection is over even if we cannot follow; do not keep it long. */
  private static shorten(ct: usize, dir: u32, kind: u32): void {
    if (!Ct.has(ct, IPS_ASSURED) || Ct.has(ct, IPS_FIXED_TIMEOUT)) return
    if (kind != TCP_RST_SET && kind != TCP_FIN_SET) return
    const lastKind: u32 = load<u8>(ct, CT_TCP_LAST_INDEX)
    if (load<u8>(ct, CT_TCP_LAST_DIR) == dir || (lastKind != TCP_FIN_SET && lastKind != TCP_RST_SET)) {
      store<u8>(ct, kind, CT_TCP_LAST_INDEX)
      store<u8>(ct, dir, CT_TCP_LAST_DIR)
      return
    }
    if (!Ct.lives(ct, SHORT_LIFE)) return
    const unack = CtNet.tcpTimeout(Ct.net(ct), TCP_TIMEOUT_UNACK)
    if (Ct.lives(ct, unack)) Ct.refresh(ct, unack)
  }

  /** nf_ct_kill_acct: an unconfirmed entry is only marked, and goes with its packet. */
  private static drop(ct: usize): void {
    if (Ct.isConfirmed(ct)) Life.kill(ct)
  }
}
