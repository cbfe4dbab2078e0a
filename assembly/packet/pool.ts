// Packet buffers. Two pools, one for frames of ordinary size and one for whole datagrams of up to 64 KiB, filled
// while loading; a packet that finds its pool empty is dropped and counted, memory never grows under a packet.

import { SKB_CLASS, SKB_NEXT, SKB_ROOM, SKB_SERIAL } from '../../src/abi/skb.ts'
import { Arena } from '../memory/arena.ts'
import { Bytes } from '../memory/bytes.ts'

const SMALL: usize = 2112
const LARGE: usize = 66560
/** First free buffer and number of free ones, small then large; then how often a pool was empty, and the last serial. */
const STATE = memory.data(32, 16)

export abstract class Pool {
  /** Makes sure that at least `small` and `large` buffers are free; false when memory cannot grow. */
  static reserve(small: u32, large: u32): bool {
    return Pool.fill(0, SMALL, small) && Pool.fill(8, LARGE, large)
  }

  /** A buffer for a record and `bytes` of frame behind its headroom, its record zeroed; 0 when none is free. */
  static take(bytes: u32): usize {
    const large = bytes > (SMALL as u32) - 256 - 48
    const head = STATE + (large ? 8 : 0)
    const skb: usize = load<u32>(head)
    if (skb == 0 || bytes > (LARGE as u32) - 256 - 48) {
      store<u32>(STATE, load<u32>(STATE, 16) + 1, 16)
      return 0
    }
    store<u32>(head, load<u32>(skb, SKB_NEXT))
    store<u32>(head, load<u32>(head, 4) - 1, 4)
    // All of SKB_HEADER.
    Bytes.clear192(skb)
    const serial = load<u32>(STATE, 20) + 1
    store<u32>(STATE, serial, 20)
    store<u32>(skb, serial, SKB_SERIAL)
    store<u8>(skb, large ? 1 : 0, SKB_CLASS)
    store<u32>(skb, (large ? LARGE : SMALL) as u32, SKB_ROOM)
    return skb
  }

  static give(skb: usize): void {
    const head = STATE + (load<u8>(skb, SKB_CLASS) != 0 ? 8 : 0)
    store<u32>(skb, load<u32>(head), SKB_NEXT)
    store<u32>(head, skb as u32)
    store<u32>(head, load<u32>(head, 4) + 1, 4)
  }

  /** Buffers that are free, of both pools. */
  @inline static free(): u32 {
    return load<u32>(STATE, 4) + load<u32>(STATE, 12)
  }

  /** How many packets found no buffer. */
  @inline static failures(): u32 {
    return load<u32>(STATE, 16)
  }

  private static fill(list: usize, size: usize, want: u32): bool {
    const head = STATE + list
    const have = load<u32>(head, 4)
    if (have >= want) return true
    const count = want - have
    let at = Arena.alloc((count as usize) * size)
    if (at == 0) return false
    for (let i: u32 = 0; i < count; i++) {
      store<u8>(at, size == LARGE ? 1 : 0, SKB_CLASS)
      Pool.give(at)
      at += size
    }
    return true
  }
}
