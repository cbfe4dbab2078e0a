// One chain walked for a run of packets: what the benchmark measures and the tests of the quick filter compare.

import { Walk } from './walk.ts'

export abstract class WalkBatch {
  /** Walks `count` skbs, `stride` bytes apart; returns the sum of the verdicts. */
  static run(skbs: usize, count: u32, stride: u32, hook: u32, table: usize, plain: bool): u32 {
    let sum: u32 = 0
    let skb = skbs
    for (let i: u32 = 0; i < count; i++) {
      sum += (plain ? Walk.plain(skb, hook, table) : Walk.table(skb, hook, table)) as u32
      skb += stride as usize
    }
    return sum
  }
}
