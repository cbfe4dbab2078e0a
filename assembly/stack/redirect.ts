// How often a host is told of a better first hop (net/ipv4/route.c: ip_rt_send_redirect): at growing intervals, nine
// times, then not for about twenty seconds. Hosts are remembered in a small table; two that fall together share.

import { NETNS_ID } from '../../src/abi/netns.ts'
import { Time } from '../memory/time.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'

const SLOTS: u32 = 256
/** [ host u32, netns u16, count u16, last µs u64 ] a slot. */
const TABLE = memory.data(256 * 16, 16)
/** ip_rt_redirect_load, HZ / 50. */
const LOAD_US: u64 = 20000
const NUMBER: u32 = 9
const SILENCE_US: u64 = LOAD_US << 10

export abstract class Redirect {
  /** Notes one more reason to send a redirect to the packet's source and says whether to do it now. */
  static allowed(skb: usize): bool {
    const host = Address.v4(Skb.src(skb))
    const netns = load<u16>(Skb.netns(skb), NETNS_ID)
    const slot = TABLE + ((((host * 0x9e3779b1) >> 24) & (SLOTS - 1)) << 4)
    const now = Time.now()
    if (load<u32>(slot) != host || load<u16>(slot, 4) != netns) {
      store<u32>(slot, host)
      store<u16>(slot, netns, 4)
      store<u16>(slot, 0, 6)
      store<u64>(slot, 0, 8)
    }
    if (now > load<u64>(slot, 8) + SILENCE_US) store<u16>(slot, 0, 6)
    const count = load<u16>(slot, 6) as u32
    if (count >= NUMBER) {
      store<u64>(slot, now, 8)
      return false
    }
    if (count != 0 && now <= load<u64>(slot, 8) + (LOAD_US << (count as u64))) return false
    store<u64>(slot, now, 8)
    store<u16>(slot, count + 1, 6)
    return true
  }
}
