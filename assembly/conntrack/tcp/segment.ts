// A TCP segment in the middle: the fields conntrack reads, in host order, and its options
// (net/netfilter/nf_conntrack_proto_tcp.c: tcp_error, tcp_options, tcp_sack).

import {
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_SACK_PERM,
  IP_CT_TCP_FLAG_WINDOW_SCALE,
  SEEN_FLAGS,
  SEEN_SCALE,
  TCP_ACK_SET,
  TCP_FIN_SET,
  TCP_NONE_SET,
  TCP_RST_SET,
  TCP_SYNACK_SET,
  TCP_SYN_SET,
} from '../../../src/abi/conntrack.ts'

export const TCP_HEADER: u32 = 20
const SEQ = 4
const ACK_SEQ = 8
const DOFF = 12
const FLAGS = 13
const WINDOW = 14

export const FLAG_FIN: u32 = 0x01
export const FLAG_SYN: u32 = 0x02
export const FLAG_RST: u32 = 0x04
export const FLAG_ACK: u32 = 0x10
export const FLAG_URG: u32 = 0x20
/** The flags that decide; PSH, ECE and CWR go with anything. */
export const FLAG_MASK: u32 = FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK | FLAG_URG

const OPT_EOL: u32 = 0
const OPT_NOP: u32 = 1
const OPT_WINDOW: u32 = 3
const OPT_SACK_PERM: u32 = 4
const OPT_SACK: u32 = 5
/** NOP NOP TIMESTAMP 10, in memory order: an option block with nothing else needs no look. */
export const TIMESTAMP_ONLY: u32 = 0x0a080101
const MAX_WSCALE: u32 = 14

export abstract class Segment {
  @inline static seq(th: usize): u32 {
    return bswap<u32>(load<u32>(th, SEQ))
  }

  @inline static ackSeq(th: usize): u32 {
    return bswap<u32>(load<u32>(th, ACK_SEQ))
  }

  @inline static window(th: usize): u32 {
    return bswap<u16>(load<u16>(th, WINDOW))
  }

  @inline static flags(th: usize): u32 {
    return load<u8>(th, FLAGS)
  }

  /** Bytes of the header with its options. */
  @inline static headerLength(th: usize): u32 {
    return ((load<u8>(th, DOFF) >> 4) as u32) << 2
  }

  /** The sequence number behind the segment. `length` is that of header and data. */
  @inline static end(th: usize, length: u32): u32 {
    const flags = Segment.flags(th)
    return Segment.seq(th) + length - Segment.headerLength(th) + ((flags >> 1) & 1) + (flags & 1)
  }

  /** TCP_*_SET, by the first of RST, SYN, FIN, ACK. */
  @inline static kind(flags: u32): u32 {
    if (flags & FLAG_RST) return TCP_RST_SET
    if (flags & FLAG_SYN) return flags & FLAG_ACK ? TCP_SYNACK_SET : TCP_SYN_SET
    if (flags & FLAG_FIN) return TCP_FIN_SET
    return flags & FLAG_ACK ? TCP_ACK_SET : TCP_NONE_SET
  }

  /** PSH, ECE and CWR go with anything; of the others only these sets make sense. */
  static areFlagsValid(flags: u32): bool {
    switch (flags & FLAG_MASK) {
      case FLAG_SYN:
      case FLAG_SYN | FLAG_URG:
      case FLAG_SYN | FLAG_ACK:
      case FLAG_RST:
      case FLAG_RST | FLAG_ACK:
      case FLAG_FIN | FLAG_ACK:
      case FLAG_FIN | FLAG_ACK | FLAG_URG:
      case FLAG_ACK:
      case FLAG_ACK | FLAG_URG:
        return true
      default:
        return false
    }
  }

  /** Takes window scale and SACK-permitted of a SYN into one side's state. Nothing changes when there are no options. */
  static readOptions(th: usize, side: usize): void {
    let left = (Segment.headerLength(th) - TCP_HEADER) as i32
    if (left == 0) return
    let at = th + TCP_HEADER
    let scale: u32 = 0
    let flags: u32 = load<u8>(side, SEEN_FLAGS) & IP_CT_TCP_FLAG_BE_LIBERAL
    while (left > 0) {
      const kind: u32 = load<u8>(at)
      if (kind == OPT_EOL) break
      if (kind == OPT_NOP) {
        at++
        left--
        continue
      }
      if (left < 2) break
      const size = load<u8>(at, 1) as i32
      if (size < 2 || size > left) break
      if (kind == OPT_SACK_PERM && size == 2) {
        flags |= IP_CT_TCP_FLAG_SACK_PERM
      } else if (kind == OPT_WINDOW && size == 3) {
        scale = load<u8>(at, 2)
        if (scale > MAX_WSCALE) scale = MAX_WSCALE
        flags |= IP_CT_TCP_FLAG_WINDOW_SCALE
      }
      at += size
      left -= size
    }
    store<u8>(side, scale, SEEN_SCALE)
    store<u8>(side, flags, SEEN_FLAGS)
  }

  /** The highest right edge of the segment's SACK blocks that is above `ack`, else `ack`. */
  static highestSack(th: usize, ack: u32): u32 {
    let left = (Segment.headerLength(th) - TCP_HEADER) as i32
    if (left == 0) return ack
    let at = th + TCP_HEADER
    if (left == 12 && load<u32>(at) == TIMESTAMP_ONLY) return ack
    while (left > 0) {
      const kind: u32 = load<u8>(at)
      if (kind == OPT_EOL) return ack
      if (kind == OPT_NOP) {
        at++
        left--
        continue
      }
      if (left < 2) return ack
      const size = load<u8>(at, 1) as i32
      if (size < 2 || size > left) return ack
      if (kind == OPT_SACK && size >= 10 && (size - 2) % 8 == 0) {
        let highest = ack
        for (let i: i32 = 2; i < size; i += 8) {
          const edge = bswap<u32>(load<u32>(at + i, 4))
          if (((highest - edge) as i32) < 0) highest = edge
        }
        return highest
      }
      at += size
      left -= size
    }
    return ack
  }
}
