// net/netfilter/xt_recent.c: addresses seen, each with a ring of the moments at which it was. The list (its layout is
// in src/abi/recent.ts) is made by the loader; a full list forgets the address that was touched longest ago.

import {
  HZ,
  RECENT_COMMAND,
  RECENT_FLAGS,
  RECENT_F_REAP,
  RECENT_F_TTL,
  RECENT_HITCOUNT,
  RECENT_LIST,
  RECENT_NOT,
  RECENT_REMOVE,
  RECENT_SECONDS,
  RECENT_SET,
  RECENT_SIDE,
  RECENT_SIDE_DEST,
  RECENT_UPDATE,
} from '../../../src/abi/match.ts'
import {
  RECENT_COUNT,
  RECENT_ENTRIES,
  RECENT_ENTRY_ADDRESS,
  RECENT_ENTRY_FAMILY,
  RECENT_ENTRY_HEAD,
  RECENT_ENTRY_INDEX,
  RECENT_ENTRY_LRU,
  RECENT_ENTRY_SERIAL,
  RECENT_ENTRY_STAMPS,
  RECENT_ENTRY_TTL,
  RECENT_ENTRY_USED,
  RECENT_FIRST,
  RECENT_MASK,
  RECENT_SERIAL,
  RECENT_STAMP_MASK,
  RECENT_STRIDE,
} from '../../../src/abi/recent.ts'
import { TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { Skb } from '../../packet/skb.ts'
import { Field } from './fields.ts'
import { Meter } from './meters.ts'

export abstract class Recent {
  static match(skb: usize, record: usize): bool {
    const list: usize = load<u32>(load<u32>(record, RECENT_LIST))
    const command = load<u8>(record, RECENT_COMMAND) as u32
    const flags = load<u8>(record, RECENT_FLAGS) as u32
    const not = load<u8>(record, RECENT_NOT) != 0
    const side = load<u8>(record, RECENT_SIDE) == RECENT_SIDE_DEST ? TUPLE_DST : TUPLE_SRC
    const address = v128.and(v128.load(skb + side), v128.load(list, RECENT_MASK))
    // The time to live as it was before this host took one off.
    let ttl = Field.hops(skb)
    if (Skb.outdev(skb) != 0 && !Field.hasSocket(skb)) ttl = (ttl + 1) & 255
    const entry = Recent.find(list, address, Skb.family(skb), flags & RECENT_F_TTL ? ttl : 0)
    if (entry == 0) {
      if (command != RECENT_SET) return not
      Recent.add(list, address, Skb.family(skb), ttl)
      return !not
    }
    let matched = not
    if (command == RECENT_SET) matched = !not
    else if (command == RECENT_REMOVE) {
      Recent.remove(list, entry)
      return !not
    } else {
      const seconds = load<u32>(record, RECENT_SECONDS)
      const since = Meter.jiffies() - (seconds as u64) * HZ
      if (Recent.hit(entry, since, seconds != 0, load<u32>(record, RECENT_HITCOUNT))) matched = !not
      if (flags & RECENT_F_REAP) Recent.reap(list, since, command == RECENT_UPDATE && matched ? entry : 0)
    }
    if (command == RECENT_SET || (command == RECENT_UPDATE && matched)) {
      Recent.touch(list, entry)
      store<u8>(entry, ttl, RECENT_ENTRY_TTL)
    }
    return matched
  }

  /** The oldest entry that fits; a time to live of 0 on either side fits any. */
  private static find(list: usize, address: v128, family: u32, ttl: u32): usize {
    const stride: usize = load<u32>(list, RECENT_STRIDE)
    const end = list + RECENT_FIRST + (RECENT_ENTRIES as usize) * stride
    let found: usize = 0
    for (let e = list + RECENT_FIRST; e < end; e += stride) {
      if (load<u16>(e, RECENT_ENTRY_USED) == 0 || load<u8>(e, RECENT_ENTRY_FAMILY) != family) continue
      if (v128.any_true(v128.xor(v128.load(e, RECENT_ENTRY_ADDRESS), address))) continue
      const own = load<u8>(e, RECENT_ENTRY_TTL) as u32
      if (ttl != own && ttl != 0 && own != 0) continue
      if (found == 0 || load<u32>(e, RECENT_ENTRY_SERIAL) < load<u32>(found, RECENT_ENTRY_SERIAL)) found = e
    }
    return found
  }

  /** `hitcount` stamps not older than `since`; one, when no count is asked for. */
  private static hit(entry: usize, since: u64, timed: bool, hitcount: u32): bool {
    const stamps = load<u16>(entry, RECENT_ENTRY_STAMPS) as u32
    let hits: u32 = 0
    for (let i: u32 = 0; i < stamps; i++) {
      if (timed && load<u64>(entry + RECENT_ENTRY_HEAD + ((i as usize) << 3)) < since) continue
      if (hitcount == 0 || ++hits >= hitcount) return true
    }
    return false
  }

  private static add(list: usize, address: v128, family: u32, ttl: u32): void {
    const stride: usize = load<u32>(list, RECENT_STRIDE)
    let entry: usize = 0
    if (load<u32>(list, RECENT_COUNT) >= (RECENT_ENTRIES as u32)) {
      entry = Recent.oldest(list)
      Recent.remove(list, entry)
    } else {
      entry = list + RECENT_FIRST
      while (load<u16>(entry, RECENT_ENTRY_USED) != 0) entry += stride
    }
    const serial = Recent.serial(list)
    v128.store(entry, address, RECENT_ENTRY_ADDRESS)
    store<u8>(entry, family, RECENT_ENTRY_FAMILY)
    store<u8>(entry, ttl, RECENT_ENTRY_TTL)
    store<u16>(entry, 1, RECENT_ENTRY_INDEX)
    store<u16>(entry, 1, RECENT_ENTRY_STAMPS)
    store<u16>(entry, 1, RECENT_ENTRY_USED)
    store<u32>(entry, serial, RECENT_ENTRY_SERIAL)
    store<u32>(entry, serial, RECENT_ENTRY_LRU)
    store<u64>(entry, Meter.jiffies(), RECENT_ENTRY_HEAD)
    store<u32>(list, load<u32>(list, RECENT_COUNT) + 1, RECENT_COUNT)
  }

  /** Another stamp, and the entry is the youngest of the list. */
  private static touch(list: usize, entry: usize): void {
    const index = (load<u16>(entry, RECENT_ENTRY_INDEX) as u32) & load<u32>(list, RECENT_STAMP_MASK)
    store<u64>(entry + RECENT_ENTRY_HEAD + ((index as usize) << 3), Meter.jiffies())
    store<u16>(entry, index + 1, RECENT_ENTRY_INDEX)
    if (index + 1 > (load<u16>(entry, RECENT_ENTRY_STAMPS) as u32))
      store<u16>(entry, index + 1, RECENT_ENTRY_STAMPS)
    store<u32>(entry, Recent.serial(list), RECENT_ENTRY_LRU)
  }

  /** Forgets the oldest address if it was last seen before `since`, unless it is the one that is being updated. */
  private static reap(list: usize, since: u64, working: usize): void {
    const entry = Recent.oldest(list)
    if (entry == working) return
    const last = (load<u16>(entry, RECENT_ENTRY_INDEX) - 1) as usize
    if (load<u64>(entry + RECENT_ENTRY_HEAD + (last << 3)) < since) Recent.remove(list, entry)
  }

  private static oldest(list: usize): usize {
    const stride: usize = load<u32>(list, RECENT_STRIDE)
    const end = list + RECENT_FIRST + (RECENT_ENTRIES as usize) * stride
    let found: usize = 0
    for (let e = list + RECENT_FIRST; e < end; e += stride) {
      if (load<u16>(e, RECENT_ENTRY_USED) == 0) continue
      if (found == 0 || load<u32>(e, RECENT_ENTRY_LRU) < load<u32>(found, RECENT_ENTRY_LRU)) found = e
    }
    return found
  }

  @inline private static remove(list: usize, entry: usize): void {
    store<u16>(entry, 0, RECENT_ENTRY_USED)
    store<u32>(list, load<u32>(list, RECENT_COUNT) - 1, RECENT_COUNT)
  }

  @inline private static serial(list: usize): u32 {
    const serial = load<u32>(list, RECENT_SERIAL) + 1
    store<u32>(list, serial, RECENT_SERIAL)
    return serial
  }
}
