// The SCTP state machine (net/netfilter/nf_conntrack_proto_sctp.c): next state by direction, chunk and state. One
// 64-bit word a direction and chunk, four bits a state. Chunks that are not named change nothing.

import {
  SCTP_CONNTRACK_CLOSED,
  SCTP_CONNTRACK_COOKIE_ECHOED,
  SCTP_CONNTRACK_COOKIE_WAIT,
  SCTP_CONNTRACK_ESTABLISHED,
  SCTP_CONNTRACK_HEARTBEAT_SENT,
  SCTP_CONNTRACK_MAX,
  SCTP_CONNTRACK_NONE,
  SCTP_CONNTRACK_SHUTDOWN_ACK_SENT,
  SCTP_CONNTRACK_SHUTDOWN_RECD,
  SCTP_CONNTRACK_SHUTDOWN_SENT,
} from '../../src/abi/conntrack.ts'

const CLOSED: u64 = SCTP_CONNTRACK_CLOSED
const COOKIE_WAIT: u64 = SCTP_CONNTRACK_COOKIE_WAIT
const COOKIE_ECHOED: u64 = SCTP_CONNTRACK_COOKIE_ECHOED
const ESTABLISHED: u64 = SCTP_CONNTRACK_ESTABLISHED
const SHUTDOWN_SENT: u64 = SCTP_CONNTRACK_SHUTDOWN_SENT
const SHUTDOWN_RECD: u64 = SCTP_CONNTRACK_SHUTDOWN_RECD
const SHUTDOWN_ACK_SENT: u64 = SCTP_CONNTRACK_SHUTDOWN_ACK_SENT
const HEARTBEAT_SENT: u64 = SCTP_CONNTRACK_HEARTBEAT_SENT
const INVALID: u64 = SCTP_CONNTRACK_MAX

const IN_NONE: u64 = 4 * SCTP_CONNTRACK_NONE
const IN_CLOSED: u64 = 4 * SCTP_CONNTRACK_CLOSED
const IN_COOKIE_WAIT: u64 = 4 * SCTP_CONNTRACK_COOKIE_WAIT
const IN_COOKIE_ECHOED: u64 = 4 * SCTP_CONNTRACK_COOKIE_ECHOED
const IN_ESTABLISHED: u64 = 4 * SCTP_CONNTRACK_ESTABLISHED
const IN_SHUTDOWN_SENT: u64 = 4 * SCTP_CONNTRACK_SHUTDOWN_SENT
const IN_SHUTDOWN_RECD: u64 = 4 * SCTP_CONNTRACK_SHUTDOWN_RECD
const IN_SHUTDOWN_ACK_SENT: u64 = 4 * SCTP_CONNTRACK_SHUTDOWN_ACK_SENT
const IN_HEARTBEAT_SENT: u64 = 4 * SCTP_CONNTRACK_HEARTBEAT_SENT

/** Every state but none and heartbeat stays what it is. Rows differ from this in a few places, by XOR. */
const SAME: u64 =
  (CLOSED << IN_CLOSED) |
  (COOKIE_WAIT << IN_COOKIE_WAIT) |
  (COOKIE_ECHOED << IN_COOKIE_ECHOED) |
  (ESTABLISHED << IN_ESTABLISHED) |
  (SHUTDOWN_SENT << IN_SHUTDOWN_SENT) |
  (SHUTDOWN_RECD << IN_SHUTDOWN_RECD) |
  (SHUTDOWN_ACK_SENT << IN_SHUTDOWN_ACK_SENT)

/** From the initiator, out of the blue or in a heartbeat's path, most chunks close. */
const ORIGINAL_SAME: u64 = SAME | (CLOSED << IN_NONE) | (CLOSED << IN_HEARTBEAT_SENT)
/** From the responder they are invalid there. */
const REPLY_SAME: u64 = SAME | (INVALID << IN_NONE) | (INVALID << IN_HEARTBEAT_SENT)

const ALL_CLOSED: u64 =
  (CLOSED << IN_CLOSED) |
  (CLOSED << IN_COOKIE_WAIT) |
  (CLOSED << IN_COOKIE_ECHOED) |
  (CLOSED << IN_ESTABLISHED) |
  (CLOSED << IN_SHUTDOWN_SENT) |
  (CLOSED << IN_SHUTDOWN_RECD) |
  (CLOSED << IN_SHUTDOWN_ACK_SENT)

// Chunk types, in the order of RFC 9260.
const INIT: u32 = 1
const INIT_ACK: u32 = 2
const HEARTBEAT: u32 = 4
const HEARTBEAT_ACK: u32 = 5
const ABORT: u32 = 6
const SHUTDOWN: u32 = 7
const SHUTDOWN_ACK: u32 = 8
const ERROR: u32 = 9
const COOKIE_ECHO: u32 = 10
const COOKIE_ACK: u32 = 11
const SHUTDOWN_COMPLETE: u32 = 14

export abstract class SctpState {
  /** The next state, or SCTP_CONNTRACK_MAX for invalid. */
  static next(dir: u32, chunk: u32, state: u32): u32 {
    const row = dir == 0 ? SctpState.original(chunk) : SctpState.reply(chunk)
    return row == 0 ? state : (((row >> ((state as u64) << 2)) & 15) as u32)
  }

  /** One place of a row changed. */
  @inline private static but(row: u64, where: u64, state: u64): u64 {
    return (row & ~((15 as u64) << where)) | (state << where)
  }

  private static original(chunk: u32): u64 {
    switch (chunk) {
      case INIT: {
        const opened = SctpState.but(ORIGINAL_SAME, IN_HEARTBEAT_SENT, COOKIE_WAIT)
        const restarted = SctpState.but(opened, IN_SHUTDOWN_SENT, CLOSED)
        return SctpState.but(restarted, IN_SHUTDOWN_RECD, CLOSED)
      }
      case INIT_ACK:
      case ERROR:
        return ORIGINAL_SAME
      case ABORT:
        return ALL_CLOSED | (CLOSED << IN_NONE) | (CLOSED << IN_HEARTBEAT_SENT)
      case SHUTDOWN:
        return SctpState.but(ORIGINAL_SAME, IN_ESTABLISHED, SHUTDOWN_SENT)
      case SHUTDOWN_ACK: {
        const known = SctpState.but(SctpState.shutdownAck(ORIGINAL_SAME), IN_NONE, SHUTDOWN_ACK_SENT)
        return SctpState.but(known, IN_HEARTBEAT_SENT, SHUTDOWN_ACK_SENT)
      }
      case COOKIE_ECHO:
        return SctpState.but(ORIGINAL_SAME, IN_COOKIE_WAIT, COOKIE_ECHOED)
      case COOKIE_ACK:
        return SctpState.but(ORIGINAL_SAME, IN_COOKIE_ECHOED, ESTABLISHED)
      case SHUTDOWN_COMPLETE:
        return SctpState.but(ORIGINAL_SAME, IN_SHUTDOWN_ACK_SENT, CLOSED)
      case HEARTBEAT: {
        const sent = SctpState.but(ORIGINAL_SAME, IN_NONE, HEARTBEAT_SENT)
        return SctpState.but(sent, IN_HEARTBEAT_SENT, HEARTBEAT_SENT)
      }
      case HEARTBEAT_ACK:
        return SctpState.but(ORIGINAL_SAME, IN_HEARTBEAT_SENT, HEARTBEAT_SENT)
      default:
        return 0
    }
  }

  private static reply(chunk: u32): u64 {
    switch (chunk) {
      case INIT:
        return REPLY_SAME
      case INIT_ACK:
        return SctpState.but(REPLY_SAME, IN_CLOSED, COOKIE_WAIT)
      case ABORT:
        return ALL_CLOSED | (INVALID << IN_NONE) | (INVALID << IN_HEARTBEAT_SENT)
      case SHUTDOWN:
        return SctpState.but(REPLY_SAME, IN_ESTABLISHED, SHUTDOWN_RECD)
      case SHUTDOWN_ACK:
        return SctpState.shutdownAck(REPLY_SAME)
      case ERROR:
        return SctpState.but(REPLY_SAME, IN_COOKIE_ECHOED, CLOSED)
      case COOKIE_ECHO:
        return SctpState.but(REPLY_SAME, IN_COOKIE_WAIT, COOKIE_ECHOED)
      case COOKIE_ACK:
        return SctpState.but(REPLY_SAME, IN_COOKIE_ECHOED, ESTABLISHED)
      case SHUTDOWN_COMPLETE:
        return SctpState.but(REPLY_SAME, IN_SHUTDOWN_ACK_SENT, CLOSED)
      case HEARTBEAT:
        return SctpState.but(REPLY_SAME, IN_HEARTBEAT_SENT, HEARTBEAT_SENT)
      case HEARTBEAT_ACK:
        return SctpState.but(REPLY_SAME, IN_HEARTBEAT_SENT, ESTABLISHED)
      default:
        return 0
    }
  }

  @inline private static shutdownAck(row: u64): u64 {
    return SctpState.but(
      SctpState.but(row, IN_SHUTDOWN_SENT, SHUTDOWN_ACK_SENT),
      IN_SHUTDOWN_RECD,
      SHUTDOWN_ACK_SENT,
    )
  }
}
