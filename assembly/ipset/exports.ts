// What the host calls on IP sets.

import { IpSet } from './ipset.ts'
import { SetLoad } from './load.ts'

/** An empty set; limit is maxelem, or a port range (first port in the low half). 0: memory cannot grow. */
export function ipset_create(type: u32, family: u32, flags: u32, timeout: u32, limit: u32): u32 {
  return SetLoad.create(type, family, flags, timeout, limit) as u32
}

export function ipset_destroy(set: u32): void {
  SetLoad.destroy(set)
}

export function ipset_reserve(set: u32, count: u32): u32 {
  return SetLoad.reserve(set, count) ? 1 : 0
}

export function ipset_flush(set: u32): void {
  SetLoad.flush(set)
}

/** Adds or renews elements (records of src/abi/ipset.ts): SETADT_*. */
export function ipset_add(set: u32, elements: u32, count: u32): i32 {
  return SetLoad.add(set, elements, count)
}

export function ipset_del(set: u32, elements: u32, count: u32): void {
  SetLoad.del(set, elements, count)
}

/** The members of a list of sets. */
export function ipset_members(set: u32, members: u32, count: u32): i32 {
  return SetLoad.members(set, members, count)
}

/** Whether an element is in a set; a whole address is looked for in every network. */
export function ipset_probe(set: u32, element: u32, whole: u32): i32 {
  return SetLoad.probe(set, element, whole != 0)
}

/** What a set match says of a packet: `rule` is dimensions, sources << 8 and flags << 16. */
export function ipset_test(slot: u32, skb: u32, rule: u32, ops: u32): u32 {
  return IpSet.test(slot, skb, rule & 255, (rule >> 8) & 255, (rule >> 16) & 255, ops) ? 1 : 0
}

/** What a SET target does with a packet: `rule` as above, flags bit 0 = exist, bit 1 = delete. */
export function ipset_change(slot: u32, skb: u32, rule: u32, seconds: u32): i32 {
  if ((rule >> 16) & 2) return IpSet.del(slot, skb, rule & 255, (rule >> 8) & 255)
  return IpSet.add(slot, skb, rule & 255, (rule >> 8) & 255, ((rule >> 16) & 1) != 0, seconds)
}
