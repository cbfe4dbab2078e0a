// How often a host is told that its packets have no route (net/ipv4/route.c: ip_error): five times at once, then once
// a second. Hosts are remembered in a small table; of two that fall together the older is forgotten.

import { NETNS_ID } from '../../src/abi/netns.ts'
import { Time } from '../memory/time.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'

const SLOTS: u32 = 256
/** [ host u32, netns u16, 0 u16, last µs u64, tokens µs u64 ] a slot. */
const SLOT_SIZE: u32 = 24
const TABLE = memory.data(256 * 24, 16)
/** ip_rt_error_burst and ip_rt_error_cost: 5 HZ and HZ. */
const BURST_US: u64 = 5000000
const COST_US: u64 = 1000000

export abstract class IpError {
  /** Notes one more error about a packet of this source and says whether it may be sent. */
  static allowed(skb: usize): bool {
    const host = Address.v4(Skb.src(skb))
    const netns = load<u16>(Skb.netns(skb), NETNS_ID)
    const slot = TABLE + (((host * 0x9e3779b1) >> 24) & (SLOTS - 1)) * SLOT_SIZE
    const now = Time.now()
    let tokens = BURST_US
    if (load<u32>(slot) == host && load<u16>(slot, 4) == netns) {
      tokens = min(load<u64>(slot, 16) + (now - load<u64>(slot, 8)), BURST_US)
    }
    const enough = tokens >= COST_US
    store<u32>(slot, host)
    store<u16>(slot, netns, 4)
    store<u64>(slot, now, 8)
    store<u64>(slot, enough ? tokens - COST_US : tokens, 16)
    return enough
  }
}
