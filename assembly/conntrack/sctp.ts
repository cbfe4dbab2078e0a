// SCTP (net/netfilter/nf_conntrack_proto_sctp.c): a state machine over the chunks of a packet, and verification tags.

import { Cuts } from '../packet/cuts.ts'
import { Skb } from '../packet/skb.ts'
import { Ct } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Crc32c } from './crc32c.ts'
import { SctpState } from './sctpState.ts'
import { TransportChecksum } from './transportChecksum.ts'
import { TRACK_INVALID } from './verdict.ts'
import {
  CT_SCTP_FLAGS,
  CT_SCTP_INIT,
  CT_SCTP_LAST_DIR,
  CT_SCTP_VTAG,
  IPS_ASSURED,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
  SCTP_CONNTRACK_CLOSED,
  SCTP_CONNTRACK_ESTABLISHED,
  SCTP_CONNTRACK_MAX,
  SCTP_CONNTRACK_NONE,
} from '../../src/abi/conntrack.ts'
import { NF_ACCEPT } from '../../src/abi/verdict.ts'

const HEADER: u32 = 12
const VTAG = 4
const CHECKSUM = 8

const CHUNK_HEADER: u32 = 4
const CHUNK_FLAGS = 1
const CHUNK_LENGTH = 2
/** An INIT's fields behind the chunk header, of which the first is its tag. */
const INIT_HEADER: u32 = 16

export const CID_DATA: u32 = 0
export const CID_INIT: u32 = 1
export const CID_INIT_ACK: u32 = 2
export const CID_HEARTBEAT: u32 = 4
export const CID_HEARTBEAT_ACK: u32 = 5
export const CID_ABORT: u32 = 6
export const CID_SHUTDOWN: u32 = 7
export const CID_SHUTDOWN_ACK: u32 = 8
export const CID_ERROR: u32 = 9
export const CID_COOKIE_ECHO: u32 = 10
export const CID_COOKIE_ACK: u32 = 11
export const CID_SHUTDOWN_COMPLETE: u32 = 14

/** Chunks that carry a tag rule of their own; any other packet must show the tag of its direction. */
const OWN_TAG_RULE: u32 =
  (1 << CID_INIT) |
  (1 << CID_SHUTDOWN_COMPLETE) |
  (1 << CID_COOKIE_ECHO) |
  (1 << CID_ABORT) |
  (1 << CID_SHUTDOWN_ACK) |
  (1 << CID_HEARTBEAT) |
  (1 << CID_HEARTBEAT_ACK)
/** Out of the blue, these open nothing. */
const NEVER_NEW: u32 = (1 << CID_ABORT) | (1 << CID_SHUTDOWN_COMPLETE) | (1 << CID_COOKIE_ACK)

/** ABORT and SHUTDOWN COMPLETE: the tag is the other side's. */
const FLAG_T: u32 = 1
/** CT_SCTP_FLAGS: a heartbeat came with a strange tag and its answer may teach us. */
const HEARTBEAT_VTAG_FAILED: u32 = 1

const BROKEN: u32 = 0xffffffff

export abstract class Sctp {
  static packet(ct: usize, skb: usize, ctinfo: u32, hook: u32): i32 {
    const length = Skb.l4len(skb)
    const sh = Skb.l4(skb)
    if (length < HEADER) return TRACK_INVALID
    if (TransportChecksum.isWanted(skb, hook)) {
      Cuts.pull(skb, sh + HEADER)
      if (!Sctp.isSumRight(sh, length)) return TRACK_INVALID
    }

    const chunks = Sctp.inspect(sh, length)
    if (chunks == BROKEN) return TRACK_INVALID
    if (!Ct.isConfirmed(ct)) {
      if (chunks & NEVER_NEW) return TRACK_INVALID
      if (!Sctp.start(ct, sh, length)) return TRACK_INVALID
    }
    const dir = Ct.dirOf(ctinfo)
    if ((chunks & OWN_TAG_RULE) == 0 && Sctp.tagOf(sh) != Sctp.tag(ct, dir)) return TRACK_INVALID
    return Sctp.advance(ct, dir, sh, length, chunks)
  }

  /** Applies the chunks in order. What was learned before one that is invalid stays, as in the kernel. */
  private static advance(ct: usize, dir: u32, sh: usize, length: u32, chunks: u32): i32 {
    const tag = Sctp.tagOf(sh)
    let state: u32 = SCTP_CONNTRACK_NONE
    let keepTimeout = false
    let skipped = false
    for (let at: u32 = HEADER; at + CHUNK_HEADER <= length; at = Sctp.following(sh, at)) {
      const chunk = sh + at
      const type: u32 = load<u8>(chunk)
      if (!Sctp.isTagRight(ct, dir, type, chunk, tag)) return TRACK_INVALID
      if (type == CID_COOKIE_ACK) {
        Sctp.setInit(ct, dir, 0)
        Sctp.setInit(ct, dir ^ 1, 0)
      } else if (type == CID_HEARTBEAT) {
        if (Sctp.tag(ct, dir) != 0 && tag != Sctp.tag(ct, dir)) {
          // Perhaps another path of the same association: its answer will show.
          if ((chunks & (1 << CID_DATA)) != 0 || skipped) return TRACK_INVALID
          Sctp.setFlags(ct, Sctp.flags(ct) | HEARTBEAT_VTAG_FAILED)
          store<u8>(ct, dir, CT_SCTP_LAST_DIR)
          skipped = true
          continue
        }
        Sctp.heartbeatMatched(ct, dir, tag)
      } else if (type == CID_HEARTBEAT_ACK) {
        if (Sctp.tag(ct, dir) != 0 && tag != Sctp.tag(ct, dir)) {
          if ((chunks & (1 << CID_DATA)) != 0 || skipped) return TRACK_INVALID
          const asked = (Sctp.flags(ct) & HEARTBEAT_VTAG_FAILED) != 0 && load<u8>(ct, CT_SCTP_LAST_DIR) != dir
          if (!asked) return TRACK_INVALID
          Sctp.setFlags(ct, Sctp.flags(ct) & ~HEARTBEAT_VTAG_FAILED)
          Sctp.setTag(ct, dir, tag)
          Sctp.setTag(ct, dir ^ 1, 0)
        } else {
          Sctp.heartbeatMatched(ct, dir, tag)
        }
      }

      const old = Ct.state(ct)
      state = SctpState.next(dir, type, old)
      if (state == SCTP_CONNTRACK_MAX) return TRACK_INVALID
      if (type == CID_INIT) {
        if (at + CHUNK_HEADER + INIT_HEADER > length) return TRACK_INVALID
        Sctp.noteInit(ct, dir, old, load<u32>(chunk, CHUNK_HEADER))
        // An INIT sent again does not prolong the wait.
        if (state == SCTP_CONNTRACK_CLOSED && old == SCTP_CONNTRACK_CLOSED && Ct.isConfirmed(ct))
          keepTimeout = true
      } else if (type == CID_INIT_ACK) {
        if (at + CHUNK_HEADER + INIT_HEADER > length) return TRACK_INVALID
        if (!Sctp.noteInitAck(ct, dir, load<u32>(chunk, CHUNK_HEADER))) return TRACK_INVALID
      }
      Ct.setState(ct, state)
      if (old != state && state == SCTP_CONNTRACK_ESTABLISHED) Ct.setStatus(ct, IPS_ASSURED)
    }
    if (!keepTimeout && !skipped) Ct.refresh(ct, CtNet.sctpTimeout(Ct.net(ct), state))
    return NF_ACCEPT
  }

  /** RFC 9260, 8.5.1: chunks whose tag is not simply that of their direction. */
  private static isTagRight(ct: usize, dir: u32, type: u32, chunk: usize, tag: u32): bool {
    switch (type) {
      case CID_INIT:
        return tag == 0
      case CID_ABORT:
      case CID_SHUTDOWN_COMPLETE:
        return tag == Sctp.tag(ct, load<u8>(chunk, CHUNK_FLAGS) & FLAG_T ? dir ^ 1 : dir)
      case CID_COOKIE_ECHO:
        return tag == Sctp.tag(ct, dir)
      default:
        return true
    }
  }

  @inline private static heartbeatMatched(ct: usize, dir: u32, tag: u32): void {
    if (Sctp.tag(ct, dir) == 0) Sctp.setTag(ct, dir, tag)
    else Sctp.setFlags(ct, Sctp.flags(ct) & ~HEARTBEAT_VTAG_FAILED)
  }

  private static noteInit(ct: usize, dir: u32, old: u32, tag: u32): void {
    // One that repeats the tag we know is old or sent again.
    if (old == SCTP_CONNTRACK_NONE || Sctp.tag(ct, dir ^ 1) != tag) {
      if (Sctp.init(ct, dir) != 0 && Sctp.init(ct, dir ^ 1) != 0) Sctp.setInit(ct, dir ^ 1, 0)
      Sctp.setInit(ct, dir, 1)
    }
    Sctp.setTag(ct, dir ^ 1, tag)
  }

  private static noteInitAck(ct: usize, dir: u32, tag: u32): bool {
    const known = Sctp.tag(ct, dir ^ 1)
    if (Sctp.init(ct, dir ^ 1) == 0 && known != 0 && known != tag) return false
    // Both sides sent an INIT.
    if (Sctp.init(ct, dir) != 0 && Sctp.init(ct, dir ^ 1) != 0 && known != tag) return false
    Sctp.setTag(ct, dir ^ 1, tag)
    return true
  }

  /** Which chunks there are, a bit each of the first 32 types; BROKEN when they make no packet (do_basic_checks). */
  private static inspect(sh: usize, length: u32): u32 {
    let chunks: u32 = 0
    let alone = false
    let count: u32 = 0
    for (let at: u32 = HEADER; at + CHUNK_HEADER <= length; at = Sctp.following(sh, at)) {
      const chunk = sh + at
      const type: u32 = load<u8>(chunk)
      if (type == CID_INIT || type == CID_INIT_ACK || type == CID_SHUTDOWN_COMPLETE) alone = true
      const first = alone || type == CID_COOKIE_ACK || type == CID_COOKIE_ECHO
      if ((first && count != 0) || load<u16>(chunk, CHUNK_LENGTH) == 0) return BROKEN
      if (type < 31) chunks |= 1 << type
      count++
    }
    return count == 0 ? BROKEN : chunks
  }

  /** sctp_new. */
  private static start(ct: usize, sh: usize, length: u32): bool {
    store<u64>(ct, 0, CT_SCTP_VTAG)
    Sctp.setFlags(ct, 0)
    Sctp.setInit(ct, 0, 0)
    Sctp.setInit(ct, 1, 0)
    store<u8>(ct, 0, CT_SCTP_LAST_DIR)
    Ct.setState(ct, SCTP_CONNTRACK_NONE)
    for (let at: u32 = HEADER; at + CHUNK_HEADER <= length; at = Sctp.following(sh, at)) {
      const type: u32 = load<u8>(sh + at)
      const state = SctpState.next(IP_CT_DIR_ORIGINAL, type, SCTP_CONNTRACK_NONE)
      if (state == SCTP_CONNTRACK_NONE || state == SCTP_CONNTRACK_MAX) return false
      if (type == CID_INIT) {
        if (Sctp.tagOf(sh) != 0 || at + CHUNK_HEADER + INIT_HEADER > length) return false
        Sctp.setTag(ct, IP_CT_DIR_REPLY, load<u32>(sh + at, CHUNK_HEADER))
      } else if (type == CID_HEARTBEAT) {
        Sctp.setTag(ct, IP_CT_DIR_ORIGINAL, Sctp.tagOf(sh))
      } else if (type == CID_SHUTDOWN_ACK) {
        Sctp.setTag(ct, IP_CT_DIR_REPLY, Sctp.tagOf(sh))
      }
    }
    return true
  }

  private static isSumRight(sh: usize, length: u32): bool {
    return load<u32>(sh, CHECKSUM) == Crc32c.sctp(sh, length)
  }

  /** Where the next chunk begins: lengths are padded to four bytes and have been found not to be zero. */
  @inline private static following(sh: usize, at: u32): u32 {
    return at + (((bswap<u16>(load<u16>(sh + at, CHUNK_LENGTH)) as u32) + 3) & ~3)
  }

  @inline private static tagOf(sh: usize): u32 {
    return load<u32>(sh, VTAG)
  }

  @inline private static tag(ct: usize, dir: u32): u32 {
    return load<u32>(ct + (dir << 2), CT_SCTP_VTAG)
  }

  @inline private static setTag(ct: usize, dir: u32, tag: u32): void {
    store<u32>(ct + (dir << 2), tag, CT_SCTP_VTAG)
  }

  @inline private static init(ct: usize, dir: u32): u32 {
    return load<u8>(ct + dir, CT_SCTP_INIT)
  }

  @inline private static setInit(ct: usize, dir: u32, seen: u32): void {
    store<u8>(ct + dir, seen, CT_SCTP_INIT)
  }

  @inline private static flags(ct: usize): u32 {
    return load<u8>(ct, CT_SCTP_FLAGS)
  }

  @inline private static setFlags(ct: usize, flags: u32): void {
    store<u8>(ct, flags, CT_SCTP_FLAGS)
  }
}
