// Requests for an answer to a packet: a TCP reset or an ICMP error. A hook cannot send; it leaves a copy of the
// packet's headers on the local output queue with what is wanted, and the stack (which knows routes and source
// addresses) builds the answer before it takes up any other work. The copy holds the packet's conntrack entry, which
// the answer inherits as nf_ct_attach does.

import { CT_REFS, CT_STATUS, IPS_TEMPLATE } from '../../src/abi/conntrack.ts'
import {
  SKB_DATA,
  SKB_HEADER,
  SKB_HOOK,
  SKB_ICMP_CODE,
  SKB_ICMP_INFO,
  SKB_ICMP_TYPE,
  SKB_CLASS,
  SKB_NETWORK,
  SKB_PARENT,
  SKB_ROOM,
  SKB_SERIAL,
  WORK_ICMP_ERROR,
  WORK_TCP_RESET,
} from '../../src/abi/skb.ts'
import { Pool } from './pool.ts'
import { Queue } from './queue.ts'
import { Skb } from './skb.ts'

/** No ICMP error quotes more than this: 1280 bytes less an IPv6 and an ICMPv6 header. */
const QUOTE: u32 = 1232

export abstract class Answer {
  /** Asks for an ICMP or ICMPv6 error about the packet, by its family. */
  @inline static icmpError(skb: usize, type: u32, code: u32, hook: u32): void {
    Answer.icmpErrorInfo(skb, type, code, 0, hook)
  }

  /** The same with the second word of the ICMP header (network order): MTU, gateway or pointer. */
  static icmpErrorInfo(skb: usize, type: u32, code: u32, info: u32, hook: u32): void {
    const copy = Answer.copy(skb, hook)
    if (copy == 0) return
    store<u8>(copy, type, SKB_ICMP_TYPE)
    store<u8>(copy, code, SKB_ICMP_CODE)
    store<u32>(copy, info, SKB_ICMP_INFO)
    Skb.setWork(copy, WORK_ICMP_ERROR)
    Queue.local(copy)
  }

  /** Asks for a TCP reset to the packet's sender (nf_send_reset). */
  static tcpReset(skb: usize, hook: u32): void {
    const copy = Answer.copy(skb, hook)
    if (copy == 0) return
    Skb.setWork(copy, WORK_TCP_RESET)
    Queue.local(copy)
  }

  /** The record and the first bytes of the network packet; l3len and l4len stay those of the whole packet. */
  private static copy(skb: usize, hook: u32): usize {
    const l3 = Skb.l3(skb)
    const length = min(Skb.l3len(skb), QUOTE)
    const copy = Pool.take(length)
    if (copy == 0) return 0
    const kind = load<u8>(copy, SKB_CLASS)
    const room = load<u32>(copy, SKB_ROOM)
    const serial = load<u32>(copy, SKB_SERIAL)
    memory.copy(copy, skb, SKB_HEADER)
    store<u32>(copy, serial, SKB_SERIAL)
    store<u32>(copy, load<u32>(skb, SKB_SERIAL), SKB_PARENT)
    store<u8>(copy, kind, SKB_CLASS)
    store<u32>(copy, room, SKB_ROOM)
    const at = copy + SKB_NETWORK
    memory.copy(at, l3, length)
    store<u32>(copy, at as u32, SKB_DATA)
    Skb.setLen(copy, length)
    Skb.setL3(copy, at)
    const l4 = Skb.l4(skb)
    Skb.setL4(copy, l4 != 0 ? at + (l4 - l3) : 0)
    store<u8>(copy, hook, SKB_HOOK)
    const ct = Skb.ct(skb)
    if (ct != 0 && !(load<u32>(ct, CT_STATUS) & IPS_TEMPLATE))
      store<u16>(ct, load<u16>(ct, CT_REFS) + 1, CT_REFS)
    return copy
  }
}
