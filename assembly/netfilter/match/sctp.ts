// net/netfilter/xt_sctp.c: ports and chunk types.

import {
  PORTS_DST_MAX,
  PORTS_DST_MIN,
  PORTS_SRC_MAX,
  PORTS_SRC_MIN,
  SCTP_CHUNKS,
  SCTP_DST,
  SCTP_GIVEN,
  SCTP_INVERT,
  SCTP_MAP,
  SCTP_SCOPE,
  SCTP_SCOPE_ALL,
  SCTP_SCOPE_ANY,
  SCTP_SCOPE_ONLY,
  SCTP_SRC,
  SCTP_TEST,
  SCTP_TEST_SIZE,
  SCTP_TESTS,
} from '../../../src/abi/match.ts'
import { Xt } from '../xt.ts'
import { Transport } from './transport.ts'

const SCTP_HEADER: usize = 12

/** Chunk types that `all` has not met yet. */
const MISSING = memory.data(32, 16)

export abstract class Sctp {
  static match(record: usize): bool {
    if (Xt.fragoff != 0 || !Transport.there(SCTP_HEADER)) return false
    const given = load<u8>(record, SCTP_GIVEN) as u32
    const invert = load<u8>(record, SCTP_INVERT) as u32
    if (given & SCTP_SRC) {
      const port = Xt.sport()
      const inside = port >= load<u16>(record, PORTS_SRC_MIN) && port <= load<u16>(record, PORTS_SRC_MAX)
      if (inside == ((invert & SCTP_SRC) != 0)) return false
    }
    if (given & SCTP_DST) {
      const port = Xt.dport()
      const inside = port >= load<u16>(record, PORTS_DST_MIN) && port <= load<u16>(record, PORTS_DST_MAX)
      if (inside == ((invert & SCTP_DST) != 0)) return false
    }
    if (given & SCTP_CHUNKS) return Sctp.chunks(record) != ((invert & SCTP_CHUNKS) != 0)
    return true
  }

  private static chunks(record: usize): bool {
    const scope = load<u8>(record, SCTP_SCOPE) as u32
    if (scope == SCTP_SCOPE_ALL) memory.copy(MISSING, record + SCTP_MAP, 32)
    let at = Xt.thoff + SCTP_HEADER
    do {
      if (at + 4 > Xt.end) return Sctp.broken()
      const type = load<u8>(at) as u32
      const flags = load<u8>(at, 1) as u32
      const length = ((load<u8>(at, 2) as u32) << 8) | load<u8>(at, 3)
      if (length == 0) return Sctp.broken()
      at += ((length + 3) & ~3) as usize
      const asked = ((load<u8>(record + SCTP_MAP + (type >> 3)) as u32) >> (type & 7)) & 1
      if (asked == 0) {
        if (scope == SCTP_SCOPE_ONLY) return false
        continue
      }
      const fits = Sctp.flags(record, type, flags)
      if (scope == SCTP_SCOPE_ANY && fits) return true
      if (scope == SCTP_SCOPE_ONLY && !fits) return false
      if (scope == SCTP_SCOPE_ALL && fits) {
        const byte = MISSING + (type >> 3)
        store<u8>(byte, (load<u8>(byte) as u32) & ~((1 as u32) << (type & 7)))
      }
    } while (at < Xt.end)
    if (scope == SCTP_SCOPE_ALL) return !v128.any_true(v128.or(v128.load(MISSING), v128.load(MISSING, 16)))
    return scope == SCTP_SCOPE_ONLY
  }

  /** A chunk that is cut off or has no length drops the packet. */
  @inline private static broken(): bool {
    Xt.hotdrop = true
    return false
  }

  /** The flag test of a chunk type, when there is one. */
  private static flags(record: usize, type: u32, flags: u32): bool {
    let test = record + SCTP_TEST
    for (let left: i32 = load<u8>(record, SCTP_TESTS); left > 0; left--) {
      if (load<u8>(test) == type) return (flags & load<u8>(test, 1)) == load<u8>(test, 2)
      test += SCTP_TEST_SIZE
    }
    return true
  }
}
