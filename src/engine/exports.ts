/** What the module exports, as assembly/index.ts writes it. u32 results arrive signed: `>>> 0` where it matters. */
import type { ConntrackExports } from './conntrack.ts'
import type { IpsetExports } from './ipset.ts'

/** The module's memory; what a `WebAssembly.Memory` is, for programs whose compiler knows none. */
export interface EngineMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

export interface EngineExports extends ConntrackExports, IpsetExports {
  readonly memory: EngineMemory
  abi_version(): number
  engine_init(seed: number): number
  clock_set(ms: number): void
  random_seed(seed: number): void
  arena_used(): number
  netns_create(): number
  netns_destroy(netns: number): void
  netns_forwarding6(netns: number): void
  link_create(netns: number, kind: number): number
  link_destroy(link: number): void
  link_move(link: number, netns: number): void
  link_set_up(link: number, up: number): void
  address_add(link: number, record: number): number
  address_delete(link: number, address: number): void
  route_add(netns: number, family: number, record: number): number
  route_delete(netns: number, family: number, route: number): void
  route_exact(netns: number, family: number, prefix: number, prefixLength: number, table: number): number
  routes_touch(): void
  neigh_make(link: number, address: number): number
  neigh_resolved(neigh: number): void
  neigh_delete(link: number, address: number): number
  socket_add(netns: number, record: number): number
  socket_remove(netns: number, socket: number): void
  frame_alloc(bytes: number): number
  frame_data(skb: number): number
  frame_inject(skb: number, link: number, bytes: number): void
  frames_inject(frames: number, stride: number, bytes: number, count: number, link: number): number
  engine_run(budget: number): number
  probe_run(probes: number, count: number, forget: number): void
  pool_free(): number
  timers_next(): number
  timers_run(): void
  capture_buffer(): number
  trace_buffer(): number
  trace_set(on: number): void
  log_set(on: number): void
  log_buffer(): number
  reason_counts(): number
  jumpstack_set(ptr: number): void
  chain_reset(chain: number): void
  walk_unknown_chain(): number
  walk_unknown_rule(): number
  ct_seed(seed: number): void
}
