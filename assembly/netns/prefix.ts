// Prefix masks over 16-byte addresses. IPv4 prefixes count their own bits: a /24 of family 2 covers 96 + 24 bits.

import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'

/** One v128 a length 0..128, filled once. */
const MASKS = memory.data(129 * 16, 16)

export abstract class Prefix {
  /** Fills the masks; called once when the module starts. */
  static initialise(): void {
    for (let bits: u32 = 0; bits <= 128; bits++) {
      const mask = MASKS + ((bits as usize) << 4)
      for (let i: u32 = 0; i < 16; i++) {
        const left: i32 = (bits as i32) - ((i << 3) as i32)
        const byte: u32 = left >= 8 ? 255 : left <= 0 ? 0 : (0xff00 >> left) & 255
        store<u8>(mask + (i as usize), byte)
      }
    }
  }

  /** Where the 16-byte mask of a prefix length is. */
  @inline static mask(family: u32, plen: u32): usize {
    return MASKS + (((family == NFPROTO_IPV4 ? plen + 96 : plen) as usize) << 4)
  }

  @inline static contains(prefix: usize, family: u32, plen: u32, addr: usize): bool {
    const differ = v128.and(
      v128.xor(v128.load(prefix), v128.load(addr)),
      v128.load(Prefix.mask(family, plen)),
    )
    return !v128.any_true(differ)
  }

  /** Clears the host bits of an address. */
  @inline static apply(addr: usize, family: u32, plen: u32): void {
    v128.store(addr, v128.and(v128.load(addr), v128.load(Prefix.mask(family, plen))))
  }
}
