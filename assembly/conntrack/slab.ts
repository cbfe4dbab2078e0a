// The pool that all conntrack entries of the engine come from: chunks of 1 MiB, entries handed out in order the first
// time and from a list of freed ones after that. Chunks are added by reserve() only, never while a packet is under
// way, and never move.

import { Arena } from '../memory/arena.ts'
import {
  CT_BYSOURCE_NEXT,
  CT_CHUNK_ENTRIES,
  CT_CHUNK_HEAD,
  CT_CHUNK_SIZE,
  CT_SIZE,
  CT_STATUS,
} from '../../src/abi/conntrack.ts'

//     0      4         8      12
//     | free | touched | used | capacity |
const STATE = memory.data(16, 8)
const FREE = 0
const TOUCHED = 4
const USED = 8
const CAPACITY = 12

/** Addresses of the chunks, as many as linear memory can ever hold. */
const CHUNKS = memory.data(16384, 8)

export abstract class Slab {
  @inline static used(): u32 {
    return load<u32>(STATE, USED)
  }

  @inline static capacity(): u32 {
    return load<u32>(STATE, CAPACITY)
  }

  @inline static available(): u32 {
    return load<u32>(STATE, CAPACITY) - load<u32>(STATE, USED)
  }

  /** Entries that have been handed out at least once: those below this number are worth looking at. */
  @inline static touched(): u32 {
    return load<u32>(STATE, TOUCHED)
  }

  /** The n-th entry, in use or not. */
  @inline static at(n: u32): usize {
    const chunk: usize = load<u32>(CHUNKS + ((n / CT_CHUNK_ENTRIES) << 2))
    return chunk + CT_CHUNK_HEAD + (n % CT_CHUNK_ENTRIES) * CT_SIZE
  }

  /** Room for `entries` entries in all. False when memory cannot grow; what was reserved before stays. */
  static reserve(entries: u32): bool {
    while (Slab.capacity() < entries) {
      const chunk = Arena.alloc(CT_CHUNK_SIZE)
      if (chunk == 0) return false
      store<u32>(CHUNKS + ((Slab.capacity() / CT_CHUNK_ENTRIES) << 2), chunk as u32)
      store<u32>(STATE, Slab.capacity() + CT_CHUNK_ENTRIES, CAPACITY)
    }
    return true
  }

  /** An entry whose bytes are zero, or 0 when the pool is empty. */
  static take(): usize {
    let entry: usize = load<u32>(STATE, FREE)
    if (entry != 0) {
      store<u32>(STATE, load<u32>(entry, CT_BYSOURCE_NEXT), FREE)
      Slab.clear(entry)
    } else {
      const n = Slab.touched()
      if (n == Slab.capacity()) return 0
      entry = Slab.at(n)
      store<u32>(STATE, n + 1, TOUCHED)
    }
    store<u32>(STATE, Slab.used() + 1, USED)
    return entry
  }

  static give(entry: usize): void {
    store<u32>(entry, 0, CT_STATUS)
    store<u32>(entry, load<u32>(STATE, FREE), CT_BYSOURCE_NEXT)
    store<u32>(STATE, entry as u32, FREE)
    store<u32>(STATE, Slab.used() - 1, USED)
  }

  @inline private static clear(entry: usize): void {
    const zero = i64x2.splat(0)
    v128.store(entry, zero, 0)
    v128.store(entry, zero, 16)
    v128.store(entry, zero, 32)
    v128.store(entry, zero, 48)
    v128.store(entry, zero, 64)
    v128.store(entry, zero, 80)
    v128.store(entry, zero, 96)
    v128.store(entry, zero, 112)
    v128.store(entry, zero, 128)
    v128.store(entry, zero, 144)
    v128.store(entry, zero, 160)
    v128.store(entry, zero, 176)
  }
}
