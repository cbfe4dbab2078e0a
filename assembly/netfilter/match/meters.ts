// Matches that keep count: statistic (net/netfilter/xt_statistic.c), limit (xt_limit.c), nfacct (xt_nfacct.c).

import {
  HZ,
  LIMIT_CAP,
  LIMIT_COST,
  LIMIT_CREDIT,
  LIMIT_PREV,
  NFACCT_OBJECT,
  NTH_COUNT,
  NTH_EVERY,
  NTH_NOT,
  NTH_START,
  RANDOM_NOT,
  RANDOM_PROBABILITY,
} from '../../../src/abi/match.ts'
import { COUNTER_BYTES, COUNTER_PACKETS } from '../../../src/abi/rule.ts'
import { Random } from '../../memory/random.ts'
import { Time } from '../../memory/time.ts'
import { Skb } from '../../packet/skb.ts'

const CREDITS_PER_JIFFY: u32 = 128

export abstract class Meter {
  /** The kernel's clock tick. */
  @inline static jiffies(): u64 {
    return Time.now() / (1000000 / HZ)
  }

  static random(record: usize): bool {
    const hit = (Random.u32() & 0x7fffffff) < load<u32>(record, RANDOM_PROBABILITY)
    return hit != (load<u32>(record, RANDOM_NOT) != 0)
  }

  static nth(record: usize): bool {
    const old = load<u32>(record, NTH_COUNT)
    const now = old == load<u32>(record, NTH_EVERY) ? 0 : old + 1
    store<u32>(record, now, NTH_COUNT)
    return (now == 0) != (load<u32>(record, NTH_NOT) != 0)
  }

  static limit(record: usize): bool {
    const now = Meter.jiffies()
    const cost = load<u32>(record, LIMIT_COST)
    const gained = ((now - load<u64>(record, LIMIT_PREV)) as u32) * CREDITS_PER_JIFFY
    store<u64>(record, now, LIMIT_PREV)
    let credit = load<u32>(record, LIMIT_CREDIT) + gained
    const cap = load<u32>(record, LIMIT_CAP)
    if (credit > cap) credit = cap
    const pass = credit >= cost
    store<u32>(record, pass ? credit - cost : credit, LIMIT_CREDIT)
    return pass
  }

  /** Without a quota, which ruleset models do not have, an accounting object matches every packet. */
  static nfacct(skb: usize, record: usize): bool {
    const object: usize = load<u32>(record, NFACCT_OBJECT)
    store<u64>(object, load<u64>(object, COUNTER_PACKETS) + 1, COUNTER_PACKETS)
    store<u64>(object, load<u64>(object, COUNTER_BYTES) + Skb.l3len(skb), COUNTER_BYTES)
    return true
  }

  /** What checkentry does when a table is loaded: the state of the rule begins anew. */
  @inline static resetNth(record: usize): void {
    store<u32>(record, load<u32>(record, NTH_START), NTH_COUNT)
  }

  @inline static resetLimit(record: usize): void {
    store<u32>(record, load<u32>(record, LIMIT_CAP), LIMIT_CREDIT)
    store<u64>(record, Meter.jiffies(), LIMIT_PREV)
  }
}
