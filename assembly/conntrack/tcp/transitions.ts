// The TCP state machine as conntrack sees it, from the middle (net/netfilter/nf_conntrack_proto_tcp.c): the next state
// by direction, kind of segment and state. One 64-bit word a kind and direction, four bits a state.
//
// IGNORE: perhaps valid, perhaps not, and the receiver will say; the state stays. MAX: invalid.

import {
  TCP_ACK_SET,
  TCP_CONNTRACK_CLOSE,
  TCP_CONNTRACK_CLOSE_WAIT,
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
  TCP_RST_SET,
  TCP_SYNACK_SET,
  TCP_SYN_SET,
} from '../../../src/abi/conntrack.ts'

const INVALID: u64 = TCP_CONNTRACK_MAX
const IGNORED: u64 = TCP_CONNTRACK_IGNORE
const SYN_SENT: u64 = TCP_CONNTRACK_SYN_SENT
const SYN_RECV: u64 = TCP_CONNTRACK_SYN_RECV
const ESTABLISHED: u64 = TCP_CONNTRACK_ESTABLISHED
const FIN_WAIT: u64 = TCP_CONNTRACK_FIN_WAIT
const CLOSE_WAIT: u64 = TCP_CONNTRACK_CLOSE_WAIT
const LAST_ACK: u64 = TCP_CONNTRACK_LAST_ACK
const TIME_WAIT: u64 = TCP_CONNTRACK_TIME_WAIT
const CLOSE: u64 = TCP_CONNTRACK_CLOSE
const SYN_SENT2: u64 = TCP_CONNTRACK_SYN_SENT2

// In which state a word's four bits are.
const IN_NONE: u64 = 4 * TCP_CONNTRACK_NONE
const IN_SYN_SENT: u64 = 4 * TCP_CONNTRACK_SYN_SENT
const IN_SYN_RECV: u64 = 4 * TCP_CONNTRACK_SYN_RECV
const IN_ESTABLISHED: u64 = 4 * TCP_CONNTRACK_ESTABLISHED
const IN_FIN_WAIT: u64 = 4 * TCP_CONNTRACK_FIN_WAIT
const IN_CLOSE_WAIT: u64 = 4 * TCP_CONNTRACK_CLOSE_WAIT
const IN_LAST_ACK: u64 = 4 * TCP_CONNTRACK_LAST_ACK
const IN_TIME_WAIT: u64 = 4 * TCP_CONNTRACK_TIME_WAIT
const IN_CLOSE: u64 = 4 * TCP_CONNTRACK_CLOSE
const IN_SYN_SENT2: u64 = 4 * TCP_CONNTRACK_SYN_SENT2

// A SYN of the client opens, or opens anew what has ended; in between it is a mistake or the world has moved on.
const CLIENT_SYN: u64 =
  (SYN_SENT << IN_NONE) |
  (SYN_SENT << IN_SYN_SENT) |
  (IGNORED << IN_SYN_RECV) |
  (IGNORED << IN_ESTABLISHED) |
  (IGNORED << IN_FIN_WAIT) |
  (IGNORED << IN_CLOSE_WAIT) |
  (IGNORED << IN_LAST_ACK) |
  (SYN_SENT << IN_TIME_WAIT) |
  (SYN_SENT << IN_CLOSE) |
  (SYN_SENT2 << IN_SYN_SENT2)

// A SYN of the server: simultaneous open, or the roles are changed after the end.
const SERVER_SYN: u64 =
  (INVALID << IN_NONE) |
  (SYN_SENT2 << IN_SYN_SENT) |
  (INVALID << IN_SYN_RECV) |
  (INVALID << IN_ESTABLISHED) |
  (INVALID << IN_FIN_WAIT) |
  (INVALID << IN_CLOSE_WAIT) |
  (INVALID << IN_LAST_ACK) |
  (SYN_SENT << IN_TIME_WAIT) |
  (INVALID << IN_CLOSE) |
  (SYN_SENT2 << IN_SYN_SENT2)

// The client sends a SYN/ACK only in a simultaneous open.
const CLIENT_SYNACK: u64 =
  (INVALID << IN_NONE) |
  (INVALID << IN_SYN_SENT) |
  (SYN_RECV << IN_SYN_RECV) |
  (INVALID << IN_ESTABLISHED) |
  (INVALID << IN_FIN_WAIT) |
  (INVALID << IN_CLOSE_WAIT) |
  (INVALID << IN_LAST_ACK) |
  (INVALID << IN_TIME_WAIT) |
  (INVALID << IN_CLOSE) |
  (SYN_RECV << IN_SYN_SENT2)

// A SYN/ACK that comes late may answer a SYN that was ignored.
const SERVER_SYNACK: u64 =
  (INVALID << IN_NONE) |
  (SYN_RECV << IN_SYN_SENT) |
  (IGNORED << IN_SYN_RECV) |
  (IGNORED << IN_ESTABLISHED) |
  (IGNORED << IN_FIN_WAIT) |
  (IGNORED << IN_CLOSE_WAIT) |
  (IGNORED << IN_LAST_ACK) |
  (IGNORED << IN_TIME_WAIT) |
  (IGNORED << IN_CLOSE) |
  (SYN_RECV << IN_SYN_SENT2)

// The first FIN starts the close, the second waits for the last ACK. The same from both sides.
const FIN: u64 =
  (INVALID << IN_NONE) |
  (INVALID << IN_SYN_SENT) |
  (FIN_WAIT << IN_SYN_RECV) |
  (FIN_WAIT << IN_ESTABLISHED) |
  (LAST_ACK << IN_FIN_WAIT) |
  (LAST_ACK << IN_CLOSE_WAIT) |
  (LAST_ACK << IN_LAST_ACK) |
  (TIME_WAIT << IN_TIME_WAIT) |
  (CLOSE << IN_CLOSE) |
  (INVALID << IN_SYN_SENT2)

// An ACK of the client establishes, also out of nothing: a connection older than our knowledge of it.
const CLIENT_ACK: u64 =
  (ESTABLISHED << IN_NONE) |
  (INVALID << IN_SYN_SENT) |
  (ESTABLISHED << IN_SYN_RECV) |
  (ESTABLISHED << IN_ESTABLISHED) |
  (CLOSE_WAIT << IN_FIN_WAIT) |
  (CLOSE_WAIT << IN_CLOSE_WAIT) |
  (TIME_WAIT << IN_LAST_ACK) |
  (TIME_WAIT << IN_TIME_WAIT) |
  (CLOSE << IN_CLOSE) |
  (INVALID << IN_SYN_SENT2)

// An ACK of the server before its SYN/ACK: half open, or a challenge.
const SERVER_ACK: u64 =
  (INVALID << IN_NONE) |
  (IGNORED << IN_SYN_SENT) |
  (SYN_RECV << IN_SYN_RECV) |
  (ESTABLISHED << IN_ESTABLISHED) |
  (CLOSE_WAIT << IN_FIN_WAIT) |
  (CLOSE_WAIT << IN_CLOSE_WAIT) |
  (TIME_WAIT << IN_LAST_ACK) |
  (TIME_WAIT << IN_TIME_WAIT) |
  (CLOSE << IN_CLOSE) |
  (IGNORED << IN_SYN_SENT2)

export abstract class Transitions {
  /** TCP_CONNTRACK_*, TCP_CONNTRACK_IGNORE or TCP_CONNTRACK_MAX for invalid. */
  static next(dir: u32, kind: u32, state: u32): u32 {
    let row: u64
    switch (kind) {
      case TCP_SYN_SET:
        row = dir == 0 ? CLIENT_SYN : SERVER_SYN
        break
      case TCP_SYNACK_SET:
        row = dir == 0 ? CLIENT_SYNACK : SERVER_SYNACK
        break
      case TCP_FIN_SET:
        row = FIN
        break
      case TCP_ACK_SET:
        row = dir == 0 ? CLIENT_ACK : SERVER_ACK
        break
      case TCP_RST_SET:
        return state == TCP_CONNTRACK_NONE ? TCP_CONNTRACK_MAX : TCP_CONNTRACK_CLOSE
      default:
        return TCP_CONNTRACK_MAX
    }
    return ((row >> ((state as u64) << 2)) & 15) as u32
  }
}
