// What one side of a TCP connection has shown of itself (`struct ip_ct_tcp_state`; layout in src/abi/conntrack.ts), and
// arithmetic on sequence numbers.

import {
  CT_TCP_SEEN,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  SEEN_END,
  SEEN_FLAGS,
  SEEN_MAXACK,
  SEEN_MAXEND,
  SEEN_MAXWIN,
  SEEN_SCALE,
  SEEN_SIZE,
} from '../../../src/abi/conntrack.ts'

export abstract class SeqNo {
  @inline static before(a: u32, b: u32): bool {
    return ((a - b) as i32) < 0
  }

  @inline static after(a: u32, b: u32): bool {
    return ((b - a) as i32) < 0
  }
}

export abstract class Seen {
  @inline static of(ct: usize, dir: u32): usize {
    return ct + CT_TCP_SEEN + dir * SEEN_SIZE
  }

  /** Highest sequence number sent, plus length. */
  @inline static end(side: usize): u32 {
    return load<u32>(side, SEEN_END)
  }

  @inline static setEnd(side: usize, value: u32): void {
    store<u32>(side, value, SEEN_END)
  }

  /** Highest sequence number that the other side's window lets it send. */
  @inline static maxend(side: usize): u32 {
    return load<u32>(side, SEEN_MAXEND)
  }

  @inline static setMaxend(side: usize, value: u32): void {
    store<u32>(side, value, SEEN_MAXEND)
  }

  /** Largest window it has offered, scaled; 0 while nothing of this side is known. */
  @inline static maxwin(side: usize): u32 {
    return load<u32>(side, SEEN_MAXWIN)
  }

  @inline static setMaxwin(side: usize, value: u32): void {
    store<u32>(side, value, SEEN_MAXWIN)
  }

  @inline static maxack(side: usize): u32 {
    return load<u32>(side, SEEN_MAXACK)
  }

  @inline static setMaxack(side: usize, value: u32): void {
    store<u32>(side, value, SEEN_MAXACK)
  }

  @inline static scale(side: usize): u32 {
    return load<u8>(side, SEEN_SCALE)
  }

  @inline static setScale(side: usize, value: u32): void {
    store<u8>(side, value, SEEN_SCALE)
  }

  @inline static flags(side: usize): u32 {
    return load<u8>(side, SEEN_FLAGS)
  }

  @inline static setFlags(side: usize, value: u32): void {
    store<u8>(side, value, SEEN_FLAGS)
  }

  /** Forgets all but liberality (nf_ct_tcp_state_reset). */
  static reset(side: usize): void {
    store<u64>(side, 0, SEEN_END)
    store<u64>(side, 0, SEEN_MAXWIN)
    store<u8>(side, 0, SEEN_SCALE)
    Seen.setFlags(side, Seen.flags(side) & IP_CT_TCP_FLAG_BE_LIBERAL)
  }
}
