// Where packets end. Every end has a reason (src/abi/reason.ts); reasons are counted and the last one of a probe's
// request is kept.

import { NETNS_DROPPED } from '../../src/abi/netns.ts'
import { REASON_COUNT } from '../../src/abi/reason.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { Probe } from './probe.ts'

/** One u32 a reason. */
const COUNTS = memory.data(REASON_COUNT * 4, 16)

export abstract class Drop {
  /** The packet ends here: its buffer goes back to the pool. */
  static packet(skb: usize, reason: u32): void {
    const at = COUNTS + ((reason as usize) << 2)
    store<u32>(at, load<u32>(at) + 1)
    const netns = Skb.netns(skb)
    if (netns != 0) store<u32>(netns, load<u32>(netns, NETNS_DROPPED) + 1, NETNS_DROPPED)
    if (Trace.wants(skb)) Trace.end(skb, reason)
    if (Probe.watches(skb)) Probe.ended(skb, reason)
    Drop.free(skb)
  }

  /** The packet has done its work (delivered, answered, sent as something else). */
  static consume(skb: usize, reason: u32): void {
    const at = COUNTS + ((reason as usize) << 2)
    store<u32>(at, load<u32>(at) + 1)
    if (Trace.wants(skb)) Trace.end(skb, reason)
    Drop.free(skb)
  }

  /** Gives the buffer back and lets go of the conntrack entry. */
  static free(skb: usize): void {
    Conntrack.put(skb)
    Pool.give(skb)
  }

  @inline static counts(): usize {
    return COUNTS
  }
}
