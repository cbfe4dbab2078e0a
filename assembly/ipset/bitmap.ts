// bitmap:port: one bit a port of the set's range, and extensions of 24 bytes a port when the set has any
// (ip_set_bitmap_port.c, ip_set_bitmap_gen.h). Ports are host order here.

import {
  SETADT_EXISTS,
  SETADT_MISMATCH,
  SETADT_MISSING,
  SETADT_OK,
  SETBIT_SIZE,
} from '../../src/abi/ipset.ts'
import { Arena } from '../memory/arena.ts'
import { Set } from './set.ts'

export abstract class SetBitmap {
  @inline static ports(set: usize): u32 {
    return Set.lastPort(set) - Set.firstPort(set) + 1
  }

  /** Room for the whole range; false when memory cannot grow. */
  static prepare(set: usize): bool {
    const ports = SetBitmap.ports(set)
    const bits = Arena.alloc((ports >> 3) + 1)
    const bytes = (ports as usize) * SETBIT_SIZE
    const pool = Set.hasExtensions(set) ? Arena.alloc(bytes) : 0
    if (bits == 0 || (Set.hasExtensions(set) && pool == 0)) {
      Arena.free(bits, (ports >> 3) + 1)
      Arena.free(pool, bytes)
      return false
    }
    Set.setIndex(set, bits, 0)
    Set.setPool(set, pool, ports)
    return true
  }

  static release(set: usize): void {
    const ports = SetBitmap.ports(set)
    Arena.free(Set.index(set), (ports >> 3) + 1)
    Arena.free(Set.pool(set), (ports as usize) * SETBIT_SIZE)
  }

  static flush(set: usize): void {
    memory.fill(Set.index(set), 0, (SetBitmap.ports(set) >> 3) + 1)
    Set.setElements(set, 0)
  }

  @inline private static outside(set: usize, port: u32): bool {
    return port < Set.firstPort(set) || port > Set.lastPort(set)
  }

  @inline private static has(set: usize, id: u32): bool {
    return ((load<u8>(Set.index(set) + ((id >> 3) as usize)) >> (id & 7)) & 1) != 0
  }

  @inline private static flip(set: usize, id: u32): void {
    const at = Set.index(set) + ((id >> 3) as usize)
    store<u8>(at, (load<u8>(at) as u32) ^ (1 << (id & 7)))
  }

  /** Where the extensions of a port are; 0 when the set has none. */
  @inline private static ext(set: usize, id: u32): usize {
    const pool = Set.pool(set)
    return pool == 0 ? 0 : pool + (id as usize) * SETBIT_SIZE
  }

  static test(set: usize, port: u32, bytes: u32, flags: u32, ops: usize): bool {
    if (SetBitmap.outside(set, port)) return false
    const id = port - Set.firstPort(set)
    if (!SetBitmap.has(set, id)) return false
    const ext = SetBitmap.ext(set, id)
    return ext == 0 || Set.matches(set, ext, bytes, flags, ops)
  }

  /** `from`: extensions of the new element, in the order expires, packets, bytes. */
  static add(set: usize, port: u32, from: usize, exist: bool): i32 {
    if (SetBitmap.outside(set, port)) return SETADT_MISMATCH
    const id = port - Set.firstPort(set)
    const ext = SetBitmap.ext(set, id)
    const there = SetBitmap.has(set, id)
    if (there && !exist && !(ext != 0 && Set.expired(set, load<u64>(ext)))) return SETADT_EXISTS
    if (!there) {
      SetBitmap.flip(set, id)
      Set.setElements(set, Set.elements(set) + 1)
    }
    if (ext != 0) memory.copy(ext, from, SETBIT_SIZE)
    Set.changed(set)
    return SETADT_OK
  }

  static del(set: usize, port: u32): i32 {
    if (SetBitmap.outside(set, port)) return SETADT_MISMATCH
    const id = port - Set.firstPort(set)
    if (!SetBitmap.has(set, id)) return SETADT_MISSING
    const ext = SetBitmap.ext(set, id)
    const gone = ext != 0 && Set.expired(set, load<u64>(ext))
    SetBitmap.flip(set, id)
    Set.setElements(set, Set.elements(set) - 1)
    Set.changed(set)
    return gone ? SETADT_MISSING : SETADT_OK
  }
}
