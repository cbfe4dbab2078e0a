// Birth and death of entries: allocation, reference counting, confirmation into the index, removal, and the journal of
// confirmations by which a probe's traces can be forgotten (net/netfilter/nf_conntrack_core.c: __nf_conntrack_alloc,
// nf_conntrack_free, nf_ct_delete).
//
// A confirmed entry is held by the table; besides, every packet that carries an entry holds it. It is freed when the
// last holder lets go.

import { Arena } from '../memory/arena.ts'
import { Time } from '../memory/time.ts'
import { BySource } from './bysource.ts'
import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Slab } from './slab.ts'
import { Table } from './table.ts'
import {
  CTNET_COUNT,
  CT_KEY_HASH,
  CT_NET,
  CT_REFS,
  CT_SERIAL,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_NAT_CLASH,
  IPS_SRC_NAT_DONE,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
} from '../../src/abi/conntrack.ts'

//     0        4         8
//     | serial | journal | early drop wanted |
const STATE = memory.data(16, 8)
const SERIAL = 0
const JOURNAL = 4
const EARLY_DROP = 8

/** Confirmations the journal remembers; forgetting more falls back to a walk over all entries. */
const JOURNAL_LENGTH: u32 = 16384

export abstract class Life {
  /** Room for `entries` entries in all, with their index. False when memory cannot grow. */
  static reserve(entries: u32): bool {
    if (load<u32>(STATE, JOURNAL) == 0) {
      const journal = Arena.alloc(JOURNAL_LENGTH << 2)
      if (journal == 0) return false
      store<u32>(STATE, journal as u32, JOURNAL)
    }
    if (!Table.reserve(entries) || !BySource.reserve(entries)) return false
    return Slab.reserve(entries)
  }

  /**
   * Called between packets, never while one is under way: keeps room for `entries` entries more. The pool grows by an
   * eighth when it runs short. One compare when there is room. False when memory cannot grow: then packets that need
   * an entry are dropped, as when the kernel has no memory.
   */
  @inline static makeRoom(entries: u32): bool {
    return Slab.available() >= entries || Life.grow(entries)
  }

  private static grow(entries: u32): bool {
    const wanted = Slab.used() + entries
    const more = Slab.capacity() + (Slab.capacity() >> 3)
    return Life.reserve(wanted > more ? wanted : more) || Life.reserve(wanted)
  }

  /** An unconfirmed entry with one holder, or 0 when the pool is empty. */
  static create(net: usize): usize {
    const ct = Slab.take()
    if (ct == 0) return 0
    store<u16>(ct, 1, CT_REFS)
    store<u32>(ct, net as u32, CT_NET)
    CtNet.count(net, CTNET_COUNT)
    return ct
  }

  /** A holder lets go. */
  static put(ct: usize): void {
    const refs = Ct.refs(ct) - 1
    store<u16>(ct, refs, CT_REFS)
    if (refs != 0) return
    if (Ct.has(ct, IPS_SRC_NAT_DONE)) BySource.remove(ct)
    const net = Ct.net(ct)
    store<u32>(net, load<u32>(net, CTNET_COUNT) - 1, CTNET_COUNT)
    Slab.give(ct)
  }

  /**
   * Puts an entry whose keys are sealed into the index. Its time begins to run now; that of the loser of a clash,
   * which is found in the reply direction only, has begun.
   */
  static confirm(ct: usize, onlyReply: bool): void {
    Ct.hold(ct)
    if (!onlyReply) {
      Ct.setExpiresAt(ct, Ct.expiresAt(ct) + Time.now())
      Table.insert(ct, IP_CT_DIR_ORIGINAL)
    }
    Table.insert(ct, IP_CT_DIR_REPLY)
    Ct.setStatus(ct, IPS_CONFIRMED)
    const serial = Life.serial() + 1
    store<u32>(STATE, serial, SERIAL)
    store<u32>(ct, serial, CT_SERIAL)
    store<u32>(Life.journalAt(serial), ct as u32)
  }

  /** nf_ct_delete: out of the index; freed once no packet carries it. False when it is dying already. */
  static kill(ct: usize): bool {
    if (Ct.isDying(ct)) return false
    Ct.setStatus(ct, IPS_DYING)
    if (!Ct.has(ct, IPS_NAT_CLASH)) Table.remove(ct, IP_CT_DIR_ORIGINAL)
    Table.remove(ct, IP_CT_DIR_REPLY)
    Life.put(ct)
    return true
  }

  /** Finds a key; an entry found dead is removed and counts as not there. */
  @inline static find(tuple: usize, netnsId: u32, zone: u32): u32 {
    const ref = Table.find(tuple, netnsId, zone)
    if (ref == 0 || !Ct.isExpired(Ref.ct(ref))) return ref
    Life.kill(Ref.ct(ref))
    return 0
  }

  /** How many entries have been confirmed so far. */
  @inline static serial(): u32 {
    return load<u32>(STATE, SERIAL)
  }

  /** Removes every entry confirmed after `serial`. */
  static forget(serial: u32): void {
    const now = Life.serial()
    if (now - serial < JOURNAL_LENGTH) {
      for (let s = now; s != serial; s--) {
        const ct: usize = load<u32>(Life.journalAt(s))
        if (Ct.serial(ct) == s && Life.isInTable(ct)) Life.kill(ct)
      }
      return
    }
    for (let n: u32 = 0; n < Slab.touched(); n++) {
      const ct = Slab.at(n)
      if (Life.isInTable(ct) && Ct.serial(ct) - serial - 1 < now - serial) Life.kill(ct)
    }
  }

  /** A slab entry that the index holds. */
  @inline static isInTable(ct: usize): bool {
    return (Ct.status(ct) & (IPS_CONFIRMED | IPS_DYING)) == IPS_CONFIRMED
  }

  /** The table was found full: the next collection may remove what is not worth keeping (gc_worker). */
  @inline static wantEarlyDrop(wanted: bool): void {
    store<u32>(STATE, wanted as u32, EARLY_DROP)
  }

  @inline static earlyDropWanted(): bool {
    return load<u32>(STATE, EARLY_DROP) != 0
  }

  /** The hash of a sealed key. */
  @inline static hashOf(key: usize): u32 {
    return load<u32>(key, CT_KEY_HASH)
  }

  @inline private static journalAt(serial: u32): usize {
    return (load<u32>(STATE, JOURNAL) as usize) + (((serial & (JOURNAL_LENGTH - 1)) as usize) << 2)
  }
}
