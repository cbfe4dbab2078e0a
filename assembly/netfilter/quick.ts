// The scan over quick blocks: which rule can match next. Four rules a step, five vector operations and one branch.

import {
  CHAIN_QUICK,
  QUICK_MASK,
  QUICK_NET,
  QUICK_PP,
  QUICK_PP_MASK,
  QUICK_SIZE,
} from '../../src/abi/rule.ts'

export abstract class Quick {
  /** A bit a rule of the block that may match. */
  @inline static candidates(block: usize, dst: v128, pp: v128): u32 {
    return i32x4.bitmask(
      v128.and(
        i32x4.eq(v128.and(dst, v128.load(block, QUICK_MASK)), v128.load(block, QUICK_NET)),
        i32x4.eq(v128.and(pp, v128.load(block, QUICK_PP_MASK)), v128.load(block, QUICK_PP)),
      ),
    ) as u32
  }

  /** Index of the first rule from `from` on that may match; the number of rules when there is none. */
  @inline static next(chain: usize, from: u32, dst: v128, pp: v128): u32 {
    const first = chain + CHAIN_QUICK
    let block = first + ((from >> 2) as usize) * QUICK_SIZE
    let bits = Quick.candidates(block, dst, pp) & (15 << (from & 3))
    while (bits == 0) {
      block += QUICK_SIZE
      bits = Quick.candidates(block, dst, pp)
    }
    return (((block - first) >> 4) as u32) + ctz<u32>(bits)
  }
}
