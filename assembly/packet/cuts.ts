// Where a reassembled datagram was cut (the frag_list of a Linux skb): a list behind the datagram of a u16 count and
// the u16 lengths of the parts that make up its data. Code that writes into a header first pulls it into the first
// part (net/core/skbuff.c: __pskb_pull_tail), which moves the cut, and so the fragments that leave again.

import { SKB_CUTS } from '../../src/abi/skb.ts'
import { Skb } from './skb.ts'

export abstract class Cuts {
  /** The datagram was put together from parts. */
  @inline static has(skb: usize): bool {
    return load<u32>(skb, SKB_CUTS) != 0
  }

  /** The first part reaches to `end`, an address in the datagram, if there are so many bytes (pskb_may_pull). */
  @inline static pull(skb: usize, end: usize): void {
    if (load<u32>(skb, SKB_CUTS) != 0) Cuts.take(skb, end)
  }

  /** The whole datagram is one part from now on (skb_ensure_writable over all of it). */
  @inline static linearize(skb: usize): void {
    store<u32>(skb, 0, SKB_CUTS)
  }

  private static take(skb: usize, end: usize): void {
    const list: usize = load<u32>(skb, SKB_CUTS)
    const count: u32 = load<u16>(list)
    let data: u32 = 0
    for (let i: u32 = 0; i < count; i++) data += Cuts.length(list, i)
    const whole = Skb.l3(skb) + Skb.l3len(skb)
    if (end > whole) return
    let first = Cuts.length(list, 0)
    const part = whole - data + first
    if (end <= part) return
    let want = (end - part) as u32
    let next: u32 = 1
    while (want >= Cuts.length(list, next)) {
      first += Cuts.length(list, next)
      want -= Cuts.length(list, next)
      next += 1
      if (next == count) {
        Cuts.linearize(skb)
        return
      }
    }
    store<u16>(list + 2, first + want)
    let left: u32 = 1
    for (let i = next; i < count; i++) {
      store<u16>(list + 2 + ((left as usize) << 1), Cuts.length(list, i) - (i == next ? want : 0))
      left += 1
    }
    store<u16>(list, left)
  }

  @inline private static length(list: usize, index: u32): u32 {
    return load<u16>(list + 2 + ((index as usize) << 1))
  }
}
