// What happened to a packet, as records (src/abi/trace.ts). Callers ask `Trace.wants(skb)` first, or are compiled
// twice over a type parameter (Traced, Untraced), so that an untraced packet pays nothing.

import { LINK_ID } from '../../src/abi/link.ts'
import {
  TRACE_CHAIN,
  TRACE_CTINFO,
  TRACE_FAMILY,
  TRACE_HOOK,
  TRACE_INDEV,
  TRACE_KIND,
  TRACE_LENGTH,
  TRACE_MARK,
  TRACE_NETNS,
  TRACE_OUTDEV,
  TRACE_PACKET,
  TRACE_REASON,
  TRACE_ROLE,
  TRACE_RULE,
  TRACE_SIZE,
  TRACE_TABLE,
  TRACE_TIME,
  TRACE_TUPLE,
  TRACE_VERDICT,
  TRACE_END,
  TRACE_RULE_MATCHED,
} from '../../src/abi/trace.ts'
import { PROBE_ROLE_MASK } from '../../src/abi/probe.ts'
import { SKB_F_TRACE, SKB_PROBE, SKB_SERIAL } from '../../src/abi/skb.ts'
import { TUPLE_SIZE } from '../../src/abi/tuple.ts'
import { Buffer } from '../memory/buffer.ts'
import { Time } from '../memory/time.ts'
import { Netns } from '../netns/netns.ts'
import { Skb } from '../packet/skb.ts'

const BUFFER = memory.data(16, 16)
/** Whether every packet is traced, not only those with SKB_F_TRACE. */
const STATE = memory.data(16, 16)

/** The walk that writes a record for each rule that matches. */
export class Traced {}
/** The walk that does not. */
export class Untraced {}

export abstract class Trace {
  /** Should this packet leave records? */
  @inline static wants(skb: usize): bool {
    return (load<u32>(STATE) | (Skb.flags(skb) & SKB_F_TRACE)) != 0
  }

  @inline static set(on: bool): void {
    store<u32>(STATE, on ? 1 : 0)
  }

  /** Where data, room, used and lost words of the records are. */
  @inline static buffer(): usize {
    return BUFFER
  }

  /** A rule matched: `chain` and `rule` as the table's owner numbers them, `verdict` as the walk goes on. */
  static rule(skb: usize, hook: u32, table: u32, chain: u32, rule: u32, verdict: i32): void {
    const at = Trace.record(skb, TRACE_RULE_MATCHED, hook)
    if (at == 0) return
    store<u8>(at, table, TRACE_TABLE)
    store<u32>(at, chain, TRACE_CHAIN)
    store<u32>(at, rule, TRACE_RULE)
    store<i32>(at, verdict, TRACE_VERDICT)
  }

  /** Anything else: `kind` is a TRACE_*. */
  static event(skb: usize, kind: u32, hook: u32, reason: u32): void {
    const at = Trace.record(skb, kind, hook)
    if (at != 0) store<u32>(at, reason, TRACE_REASON)
  }

  /** The packet's end. */
  static end(skb: usize, reason: u32): void {
    Trace.event(skb, TRACE_END, 255, reason)
  }

  /** A record with everything the packet itself says; 0 when there is no room. */
  @inline static record(skb: usize, kind: u32, hook: u32): usize {
    return Trace.recordIn(BUFFER, skb, kind, hook, TRACE_SIZE)
  }

  /** The same in a buffer of the caller's, with zeroed room for `size` bytes in all. */
  static recordIn(buffer: usize, skb: usize, kind: u32, hook: u32, size: u32): usize {
    const at = Buffer.extend(buffer, size)
    if (at == 0) return 0
    memory.fill(at, 0, size)
    store<u8>(at, kind, TRACE_KIND)
    store<u8>(at, hook, TRACE_HOOK)
    store<u8>(at, Skb.family(skb), TRACE_FAMILY)
    const netns = Skb.netns(skb)
    store<u32>(at, netns != 0 ? Netns.id(netns) : 0, TRACE_NETNS)
    store<u32>(at, Skb.mark(skb), TRACE_MARK)
    const indev = Skb.indev(skb)
    if (indev != 0) store<u32>(at, load<u32>(indev, LINK_ID), TRACE_INDEV)
    const outdev = Skb.outdev(skb)
    if (outdev != 0) store<u32>(at, load<u32>(outdev, LINK_ID), TRACE_OUTDEV)
    store<u32>(at, load<u32>(skb, SKB_SERIAL), TRACE_PACKET)
    memory.copy(at + TRACE_TUPLE, skb, TUPLE_SIZE)
    store<u32>(at, Skb.l3len(skb), TRACE_LENGTH)
    store<u8>(at, Skb.ct(skb) != 0 ? Skb.ctinfo(skb) : 255, TRACE_CTINFO)
    store<u8>(at, load<u32>(skb, SKB_PROBE) & PROBE_ROLE_MASK, TRACE_ROLE)
    store<u64>(at, Time.now(), TRACE_TIME)
    return at
  }
}
