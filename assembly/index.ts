// The engine's exported surface: verbs on kernel objects, named <noun>_<verb>, and run().

import { Random } from './memory/random.ts'
import { Time } from './memory/time.ts'
import { Arena } from './memory/arena.ts'

export function abi_version(): i32 {
  return 1
}

/** Virtual time, in milliseconds since the epoch (fractions count). */
export function clock_set(ms: f64): void {
  Time.set((ms * 1000.0) as u64)
}

export function random_seed(seed: u32): void {
  Random.seed(seed)
}

/** A zeroed block of linear memory for the host to write objects into; 0 when memory cannot grow. */
export function arena_alloc(bytes: u32): u32 {
  return Arena.alloc(bytes) as u32
}

export function arena_free(ptr: u32, bytes: u32): void {
  Arena.free(ptr, bytes)
}

export * from './conntrack/exports'
export * from './ipset/exports'
export * from './netfilter/exports'
