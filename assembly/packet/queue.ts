// Work waiting for the walk: packets made here first, then frames that arrived, each in order. A hook or a route
// that answers a packet puts the answer here instead of calling the walk, so nothing on the packet path recurses.

import { SKB_NEXT } from '../../src/abi/skb.ts'

/** Head, tail of local output, then of reception; then the number of both. */
const STATE = memory.data(24, 16)

export abstract class Queue {
  /** Appends to the local output, which is served first. */
  @inline static local(skb: usize): void {
    Queue.append(STATE, skb)
  }

  /** Appends to the frames that arrived. */
  @inline static receive(skb: usize): void {
    Queue.append(STATE + 8, skb)
  }

  /** The next packet, 0 when there is none. */
  @inline static next(): usize {
    let list: usize = STATE
    let skb: usize = load<u32>(list)
    if (skb == 0) {
      list = STATE + 8
      skb = load<u32>(list)
      if (skb == 0) return 0
    }
    const next = load<u32>(skb, SKB_NEXT)
    store<u32>(list, next)
    if (next == 0) store<u32>(list, 0, 4)
    return skb
  }

  @inline static isEmpty(): bool {
    return load<u64>(STATE) == 0 && load<u64>(STATE, 8) == 0
  }

  @inline private static append(list: usize, skb: usize): void {
    store<u32>(skb, 0, SKB_NEXT)
    const tail: usize = load<u32>(list, 4)
    if (tail != 0) store<u32>(tail, skb as u32, SKB_NEXT)
    else store<u32>(list, skb as u32)
    store<u32>(list, skb as u32, 4)
  }
}
