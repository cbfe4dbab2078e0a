// Entries by the source of their original tuple, so that a client's port keeps its mapping when it talks to somebody
// else (net/netfilter/nf_nat_core.c: nf_nat_bysource, find_appropriate_src). Chained, newest first, as in the kernel;
// an entry is in it from its source binding, null ones too, until it is freed.

import { Arena } from '../memory/arena.ts'
import { Ct } from './ct.ts'
import { Tuple } from './tuple.ts'
import { CT_BYSOURCE_NEXT, CT_BYSOURCE_PREV, CT_KEY_NETNS, CT_KEY_ZONE } from '../../src/abi/conntrack.ts'
import { TUPLE_SPORT, TUPLE_SRC } from '../../src/abi/tuple.ts'

//     0         4
//     | buckets | mask |
const STATE = memory.data(8, 8)
const BUCKETS = 0
const MASK = 4

const K0: u64 = 0x9e3779b97f4a7c15
const K1: u64 = 0xbf58476d1ce4e5b9
const K2: u64 = 0x94d049bb133111eb

export abstract class BySource {
  /** A bucket an entry. The chains are rebuilt by the caller's walk when the table grows: see rehash(). */
  static reserve(entries: u32): bool {
    const buckets = (1 as u32) << (32 - clz<u32>((entries < 1024 ? 1024 : entries) - 1))
    const old: usize = load<u32>(STATE, BUCKETS)
    const oldMask = load<u32>(STATE, MASK)
    if (old != 0 && buckets <= oldMask + 1) return true
    const fresh = Arena.alloc((buckets as usize) << 2)
    if (fresh == 0) return false
    store<u32>(STATE, fresh as u32, BUCKETS)
    store<u32>(STATE, buckets - 1, MASK)
    if (old != 0) {
      for (let i: u32 = 0; i <= oldMask; i++) BySource.rehash(load<u32>(old + ((i as usize) << 2)))
      Arena.free(old, ((oldMask + 1) as usize) << 2)
    }
    return true
  }

  /** First entry of the chain that entries with this source are in. Others may be in it too: compare with isSame. */
  @inline static first(tuple: usize, netnsId: u32): usize {
    return load<u32>(BySource.bucket(tuple, netnsId))
  }

  @inline static next(ct: usize): usize {
    return load<u32>(ct, CT_BYSOURCE_NEXT)
  }

  /** nf_nat_core.c: same_src, and the namespace and zone. */
  @inline static isSame(ct: usize, tuple: usize, netnsId: u32, zone: u32): bool {
    const key = Ct.original(ct)
    return (
      Tuple.addressEqual(key + TUPLE_SRC, tuple + TUPLE_SRC) &&
      load<u16>(key, TUPLE_SPORT) == load<u16>(tuple, TUPLE_SPORT) &&
      Tuple.proto(key) == Tuple.proto(tuple) &&
      load<u16>(key, CT_KEY_NETNS) == netnsId &&
      load<u32>(key, CT_KEY_ZONE) == zone
    )
  }

  static add(ct: usize): void {
    const key = Ct.original(ct)
    const bucket = BySource.bucket(key, load<u16>(key, CT_KEY_NETNS))
    const first: usize = load<u32>(bucket)
    store<u32>(ct, first as u32, CT_BYSOURCE_NEXT)
    store<u32>(ct, 0, CT_BYSOURCE_PREV)
    if (first != 0) store<u32>(first, ct as u32, CT_BYSOURCE_PREV)
    store<u32>(bucket, ct as u32)
  }

  static remove(ct: usize): void {
    const next: usize = load<u32>(ct, CT_BYSOURCE_NEXT)
    const prev: usize = load<u32>(ct, CT_BYSOURCE_PREV)
    if (next != 0) store<u32>(next, prev as u32, CT_BYSOURCE_PREV)
    if (prev != 0) {
      store<u32>(prev, next as u32, CT_BYSOURCE_NEXT)
      return
    }
    const key = Ct.original(ct)
    store<u32>(BySource.bucket(key, load<u16>(key, CT_KEY_NETNS)), next as u32)
  }

  private static bucket(tuple: usize, netnsId: u32): usize {
    let h = load<u64>(tuple, TUPLE_SRC) * K0
    h += rotl<u64>(load<u64>(tuple, TUPLE_SRC + 8), 32) * K1
    const port: u64 = load<u16>(tuple, TUPLE_SPORT)
    h += (port | ((Tuple.proto(tuple) as u64) << 16) | ((netnsId as u64) << 32)) * K2
    h ^= h >> 32
    const index = ((h * K0) >> 40) as u32
    return (load<u32>(STATE, BUCKETS) as usize) + (((index & load<u32>(STATE, MASK)) as usize) << 2)
  }

  /** Moves a chain to where its entries belong now, from its end, so that newest stay first. */
  private static rehash(chain: usize): void {
    if (chain == 0) return
    let last = chain
    while (BySource.next(last) != 0) last = BySource.next(last)
    while (last != 0) {
      const prev: usize = load<u32>(last, CT_BYSOURCE_PREV)
      BySource.add(last)
      last = prev
    }
  }
}
