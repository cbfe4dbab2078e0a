// The attempt under way (src/abi/probe.ts): one at a time, its packets marked in SKB_PROBE.

import {
  PROBE_ANSWER,
  PROBE_REASON,
  PROBE_REPLY_WHERE,
  PROBE_REQUEST,
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

/** Address of the current attempt's record, 0 when there is none. */
const CURRENT = memory.data(8, 8)

export abstract class Probe {
  @inline static current(): usize {
    return load<u32>(CURRENT)
  }

  @inline static setCurrent(probe: usize): void {
    store<u32>(CURRENT, probe as u32)
  }

  @inline static watches(skb: usize): bool {
    return load<u32>(skb, SKB_PROBE) != 0 && Probe.current() != 0
  }

  /** A packet of the attempt ended. */
  static ended(skb: usize, reason: u32): void {
    const probe = Probe.current()
    const role = load<u32>(skb, SKB_PROBE)
    const netns = Skb.netns(skb)
    const where = netns != 0 ? Netns.id(netns) : 0
    if (role & PROBE_REQUEST) {
      if (load<u8>(probe, PROBE_VERDICT) != PROBE_VERDICT_PENDING) return
      store<u8>(
        probe,
        reason == REASON_UNKNOWN_RULE ? PROBE_VERDICT_UNKNOWN : PROBE_VERDICT_DROPPED,
        PROBE_VERDICT,
      )
      store<u16>(probe, reason, PROBE_REASON)
      store<u32>(probe, where, PROBE_WHERE)
    } else if (role & PROBE_ANSWER && load<u8>(probe, PROBE_VERDICT) == PROBE_VERDICT_DELIVERED) {
      store<u16>(probe, reason, PROBE_REASON)
      store<u16>(probe, where, PROBE_REPLY_WHERE)
      if (reason == REASON_UNKNOWN_RULE) store<u8>(probe, PROBE_VERDICT_UNKNOWN, PROBE_VERDICT)
    }
  }
}
