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

  /** The block that holds rule `index` of a chain. */
  @inline static block(chain: usize, index: u32): usize {
    return chain + CHAIN_QUICK + ((index >> 2) as usize) * QUICK_SIZE
  }

  /** Index of the first candidate of a block; the number of rules when the chain has no more. */
  @inline static index(chain: usize, block: usize, candidates: u32): u32 {
    return (((block - chain - CHAIN_QUICK) >> 4) as u32) + ctz<u32>(candidates)
  }
}
