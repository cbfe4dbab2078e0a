// The attempt under way (src/abi/probe.ts): one at a time. Its packets carry its number and their role in SKB_PROBE,
// so that one that was left waiting by an earlier attempt is not taken for this one's.

import {
  PROBE_ANSWER,
  PROBE_NUMBER_SHIFT,
  PROBE_REASON,
  PROBE_REPLY,
  PROBE_REPLY_NONE,
  PROBE_REPLY_WHERE,
  PROBE_REQUEST,
  PROBE_ROLE_MASK,
  PROBE_VERDICT,
  PROBE_VERDICT_DELIVERED,
  PROBE_VERDICT_DROPPED,
  PROBE_VERDICT_PENDING,
  PROBE_VERDICT_UNKNOWN,
  PROBE_WHERE,
} from '../../src/abi/probe.ts'
import { REASON_UNKNOWN_RULE } from '../../src/abi/reason.ts'
import { SKB_PROBE } from '../../src/abi/skb.ts'
import { Netns } from '../netns/netns.ts'
import { Skb } from '../packet/skb.ts'

/** Address of the current attempt's record (0 when there is none), and its number. */
const CURRENT = memory.data(8, 8)

export abstract class Probe {
  @inline static current(): usize {
    return load<u32>(CURRENT)
  }

  @inline static setCurrent(probe: usize): void {
    store<u32>(CURRENT, probe as u32)
  }

  /** A new attempt; what to write into SKB_PROBE of its request. */
  static begin(probe: usize): u32 {
    const number = (load<u32>(CURRENT, 4) + 1) & 0x3fffffff
    store<u32>(CURRENT, number, 4)
    Probe.setCurrent(probe)
    return (number << PROBE_NUMBER_SHIFT) | PROBE_REQUEST
  }

  /** Does the packet belong to the current attempt? */
  @inline static watches(skb: usize): bool {
    const mine = load<u32>(skb, SKB_PROBE)
    return mine != 0 && Probe.current() != 0 && mine >> PROBE_NUMBER_SHIFT == load<u32>(CURRENT, 4)
  }

  /** Its role (PROBE_REQUEST, PROBE_ANSWER), 0 for none. */
  @inline static role(skb: usize): u32 {
    return load<u32>(skb, SKB_PROBE) & PROBE_ROLE_MASK
  }

  /** What answers a packet of an attempt is an answer of the same attempt. */
  @inline static inherit(skb: usize, from: usize): void {
    const number = load<u32>(from, SKB_PROBE)
    if (number != 0) store<u32>(skb, (number & ~PROBE_ROLE_MASK) | PROBE_ANSWER, SKB_PROBE)
  }

  /** A packet of the attempt ended. */
  static ended(skb: usize, reason: u32): void {
    const probe = Probe.current()
    const netns = Skb.netns(skb)
    const where = netns != 0 ? Netns.id(netns) : 0
    const unknown = reason == REASON_UNKNOWN_RULE
    if (Probe.role(skb) == PROBE_REQUEST) {
      if (load<u8>(probe, PROBE_VERDICT) != PROBE_VERDICT_PENDING) return
      store<u8>(probe, unknown ? PROBE_VERDICT_UNKNOWN : PROBE_VERDICT_DROPPED, PROBE_VERDICT)
      store<u16>(probe, reason, PROBE_REASON)
      store<u32>(probe, where, PROBE_WHERE)
      return
    }
    if (load<u8>(probe, PROBE_VERDICT) != PROBE_VERDICT_DELIVERED) return
    if (load<u8>(probe, PROBE_REPLY) != PROBE_REPLY_NONE) return
    store<u16>(probe, reason, PROBE_REASON)
    store<u16>(probe, where, PROBE_REPLY_WHERE)
    if (unknown) store<u8>(probe, PROBE_VERDICT_UNKNOWN, PROBE_VERDICT)
  }
}
