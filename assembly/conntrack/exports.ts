// What the host may ask of conntrack.

import { Netns } from '../netns/netns.ts'
import { Conntrack } from './core.ts'
import { Ct } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Gc } from './gc.ts'
import { Life } from './life.ts'
import { Nat } from './nat/nat.ts'
import { Preload } from './preload.ts'
import { Slab } from './slab.ts'
import { Table } from './table.ts'
import { Template } from './template.ts'
import { CT_KEY_NETNS } from '../../src/abi/conntrack.ts'
import { TUPLE_SIZE } from '../../src/abi/tuple.ts'

/** The hash's seed. Only while no entry exists. */
export function ct_seed(seed: u32): void {
  Table.setSeed(seed)
}

/** Room for `entries` entries in all namespaces together. 0 when memory cannot grow. */
export function ct_reserve(entries: u32): i32 {
  return Life.reserve(entries) ? 1 : 0
}

export function ct_capacity(): u32 {
  return Slab.capacity()
}

/** Removes what has expired; the number of entries removed. */
export function ct_gc(): u32 {
  return Gc.run()
}

/** How many entries have been confirmed; what ct_forget() takes. */
export function ct_serial(): u32 {
  return Life.serial()
}

/** Removes every entry confirmed since ct_serial() said so. */
export function ct_forget(serial: u32): void {
  Life.forget(serial)
}

/** The entries of a namespace (0: all), as addresses, in the order of the pool. At most `max`; how many there are. */
export function ct_list(out: u32, max: u32, netnsId: u32): u32 {
  let count: u32 = 0
  for (let n: u32 = 0; n < Slab.touched(); n++) {
    const ct = Slab.at(n)
    if (!Life.isInTable(ct) || Ct.isExpired(ct) || Ct.isHidden(ct)) continue
    if (netnsId != 0 && load<u16>(Ct.original(ct), CT_KEY_NETNS) != netnsId) continue
    if (count < max) store<u32>((out as usize) + ((count as usize) << 2), ct as u32)
    count++
  }
  return count
}

/** Removes an entry that ct_list() named. 0 when it is gone already. */
export function ct_delete(ct: u32): i32 {
  return Life.isInTable(ct) && Life.kill(ct) ? 1 : 0
}

/** Removes all entries of a namespace. */
export function ct_flush(netnsId: u32): u32 {
  let count: u32 = 0
  for (let n: u32 = 0; n < Slab.touched(); n++) {
    const ct = Slab.at(n)
    if (!Life.isInTable(ct) || load<u16>(Ct.original(ct), CT_KEY_NETNS) != netnsId) continue
    Life.kill(ct)
    count++
  }
  return count
}

/** Whole seconds an entry still has. */
export function ct_expires_in(ct: u32): u32 {
  return Ct.expiresIn(ct)
}

/** Forgets what was masqueraded for an interface; for one of its addresses (16 bytes) unless that is 0. */
export function ct_masquerade_forget(netnsId: u32, ifindex: u32, address: u32): u32 {
  return Nat.forgetMasquerades(netnsId, ifindex, address)
}

/** Entries made from records (CT_PRELOAD_*), without packets. How many were made before room or a key ran out. */
export function ct_insert_batch(records: u32, count: u32, netns: u32): u32 {
  Life.makeRoom(count)
  return Preload.insert(records, count, Netns.ct(netns))
}

/** Looks up `count` tuples of 40 bytes in the default zone; writes a reference each, 0 for none. How many were found. */
export function ct_lookup_batch(tuples: u32, refs: u32, count: u32, netnsId: u32): u32 {
  const slots = Table.slots()
  const mask = Table.mask()
  let tuple: usize = tuples
  let out: usize = refs
  const end = out + ((count as usize) << 2)
  let found: u32 = 0
  if (slots == 0) return 0
  while (out < end) {
    const lastWord = Table.lastWord(tuple, netnsId)
    const ref = Table.probe(slots, mask, tuple, lastWord, 0, Table.hash(tuple, lastWord, 0))
    store<u32>(out, ref)
    if (ref != 0) found++
    tuple += TUPLE_SIZE
    out += 4
  }
  return found
}

/** A namespace's block with the kernel's defaults (CTNET_*), 0 when memory cannot grow. */
export function ct_netns_init(netnsId: u32): u32 {
  return CtNet.create(netnsId) as u32
}

/** One packet record through nf_conntrack_in. The walk does this by itself; here for tests and tools. */
export function ct_track(skb: u32, hook: u32): i32 {
  return Conntrack.in(skb, hook)
}

export function ct_confirm(skb: u32): i32 {
  return Conntrack.confirm(skb)
}

export function ct_put(skb: u32): void {
  Conntrack.put(skb)
}

/** The answer carries the entry of the packet it answers. */
export function ct_attach(answer: u32, skb: u32): void {
  Conntrack.attach(answer, skb)
}

export function ct_template(zone: u32, dir: u32, fromMark: i32): u32 {
  return Template.create(zone, dir, fromMark != 0) as u32
}

/** Binds one side (NF_NAT_MANIP_*) of an unconfirmed entry to a range (NAT_RANGE_*). */
export function nat_setup(ct: u32, range: u32, manip: i32): i32 {
  return Nat.setup(ct, range, manip)
}

export function nat_null_binding(ct: u32, hook: u32): i32 {
  return Nat.nullBinding(ct, hook)
}

/** Applies the bindings to a packet at a hook. */
export function nat_packet(skb: u32, hook: u32): i32 {
  return Nat.packet(skb, hook)
}
