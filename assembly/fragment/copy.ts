// A packet buffer with the record of another and room for a network packet of its own (ip_copy_metadata): what a
// reassembled datagram takes from its first fragment, and a fragment from its datagram.

import { CT_REFS } from '../../src/abi/conntrack.ts'
import {
  SKB_CLASS,
  SKB_CUTS,
  SKB_HEADER,
  SKB_FRAME,
  SKB_NETWORK,
  SKB_NEXT,
  SKB_ROOM,
  SKB_SERIAL,
} from '../../src/abi/skb.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'

const ETHERNET: u32 = SKB_NETWORK - SKB_FRAME

export abstract class SkbCopy {
  /**
   * The record of `skb` over a buffer for a network packet of `bytes` bytes; the link-layer header is copied, the
   * packet's bytes are the caller's to write at l3. The copy holds the conntrack entry too. 0 when no buffer is left.
   */
  static of(skb: usize, bytes: u32): usize {
    const copy = Pool.take(bytes)
    if (copy == 0) return 0
    const kind = load<u8>(copy, SKB_CLASS)
    const room = load<u32>(copy, SKB_ROOM)
    const serial = load<u32>(copy, SKB_SERIAL)
    memory.copy(copy, skb, SKB_HEADER)
    store<u8>(copy, kind, SKB_CLASS)
    store<u32>(copy, room, SKB_ROOM)
    store<u32>(copy, serial, SKB_SERIAL)
    store<u32>(copy, 0, SKB_NEXT)
    store<u32>(copy, 0, SKB_CUTS)
    memory.copy(copy + SKB_FRAME, Skb.l3(skb) - ETHERNET, ETHERNET)
    Skb.setData(copy, copy + SKB_FRAME)
    Skb.setLen(copy, ETHERNET + bytes)
    Skb.setL3(copy, copy + SKB_NETWORK)
    Skb.setL3len(copy, bytes)
    const ct = Skb.ct(skb)
    if (ct != 0) store<u16>(ct, load<u16>(ct, CT_REFS) + 1, CT_REFS)
    return copy
  }
}
