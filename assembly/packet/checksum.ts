// The Internet checksum (RFC 1071) and its incremental update (RFC 1624, equation 3). Sums are computed over the
// bytes as they lie in memory: the one's complement sum does not care for byte order, so nothing is swapped and a
// result is stored as it comes.

export abstract class Checksum {
  /** Folds a partial sum to 16 bits, not complemented: each half is added to the other, the carry from below included. */
  @inline static fold(sum: u64): u32 {
    return Checksum.fold32(((sum + rotl<u64>(sum, 32)) >> 32) as u32)
  }

  @inline private static fold32(sum: u32): u32 {
    return (sum + rotl<u32>(sum, 16)) >> 16
  }

  /** Partial sum of `bytes` bytes from `ptr`, to be folded; reads nothing beyond them. */
  static partial(ptr: usize, bytes: u32, sum: u64): u64 {
    let at = ptr
    const end16 = ptr + ((bytes & ~15) as usize)
    while (at < end16) {
      sum += Checksum.eight(at) + Checksum.eight(at + 8)
      at += 16
    }
    if (bytes & 8) {
      sum += Checksum.eight(at)
      at += 8
    }
    if (bytes & 4) {
      sum += load<u32>(at)
      at += 4
    }
    if (bytes & 2) {
      sum += load<u16>(at)
      at += 2
    }
    if (bytes & 1) sum += load<u8>(at)
    return sum
  }

  @inline private static eight(at: usize): u64 {
    return (load<u32>(at) as u64) + (load<u32>(at, 4) as u64)
  }

  /** Partial sum of 20 bytes: a header without options. */
  @inline static twenty(at: usize, sum: u64): u64 {
    return sum + Checksum.eight(at) + Checksum.eight(at + 8) + (load<u32>(at, 16) as u64)
  }

  /** The checksum of a block in memory order: 0 over a block that holds its own right checksum. */
  @inline static of(ptr: usize, bytes: u32): u32 {
    return ~Checksum.fold(Checksum.partial(ptr, bytes, 0)) & 0xffff
  }

  /**
   * Partial sum of the pseudo header, from two addresses in the 16-byte form. IPv4-mapped addresses must be summed
   * without their prefix: pass family 2.
   */
  @inline static pseudo(src: usize, dst: usize, family: u32, proto: u32, length: u32): u64 {
    let sum: u64 = ((proto << 8) as u64) + (bswap<u32>(length) as u64)
    if (family == 2) {
      sum += (load<u32>(src, 12) as u64) + (load<u32>(dst, 12) as u64)
    } else {
      sum += Checksum.partial(src, 16, 0) + Checksum.partial(dst, 16, 0)
    }
    return sum
  }

  /** A 16-bit word under the checksum at `field` changed from `old` to `now` (both in memory order). */
  @inline static replace2(field: usize, old: u32, now: u32): void {
    Checksum.apply(field, Checksum.change2(old, now))
  }

  /** The complement of a 32-bit word. (`~word as u64` would be compiled as the complement of 64 bits.) */
  @inline private static inverse(word: u32): u64 {
    return (word ^ 0xffffffff) as u64
  }

  /** A 32-bit word changed. */
  @inline static replace4(field: usize, old: u32, now: u32): void {
    Checksum.apply(field, Checksum.change4(old, now))
  }

  /** What a change of a 16-bit word adds to the sums it is under; changes may be added up. */
  @inline static change2(old: u32, now: u32): u64 {
    return ((~old & 0xffff) + (now & 0xffff)) as u64
  }

  @inline static change4(old: u32, now: u32): u64 {
    return Checksum.inverse(old) + (now as u64)
  }

  @inline static apply(field: usize, change: u64): void {
    store<u16>(field, ~Checksum.fold(((~(load<u16>(field) as u32) & 0xffff) as u64) + change))
  }

  /** Sixteen bytes changed. */
  @inline static replace16(field: usize, old: usize, now: usize): void {
    let sum: u64 = (~(load<u16>(field) as u32) & 0xffff) as u64
    sum += Checksum.inverse(load<u32>(old)) + Checksum.inverse(load<u32>(old, 4))
    sum += Checksum.inverse(load<u32>(old, 8)) + Checksum.inverse(load<u32>(old, 12))
    sum += (load<u32>(now) as u64) + (load<u32>(now, 4) as u64)
    sum += (load<u32>(now, 8) as u64) + (load<u32>(now, 12) as u64)
    store<u16>(field, ~Checksum.fold(sum))
  }
}
