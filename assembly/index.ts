// The engine's exported surface: verbs on kernel objects, named <noun>_<verb>, and run(). Addresses are positions in
// linear memory, 0 = none; records are laid out as src/abi says.

import { PROBE_SIZE } from '../src/abi/probe.ts'
import { RT_TABLE_LOCAL } from '../src/abi/route.ts'
import { SKB_FRAME } from '../src/abi/skb.ts'
import { Arena } from './memory/arena.ts'
import { Bytes } from './memory/bytes.ts'
import { NETNS_CT } from '../src/abi/netns.ts'
import { Conntrack } from './conntrack/core.ts'
import { FragQueue } from './fragment/queue.ts'
import { Nat } from './conntrack/nat/nat.ts'
import { Random } from './memory/random.ts'
import { Time } from './memory/time.ts'
import { Addresses } from './netns/addresses.ts'
import { Fib } from './netns/fib.ts'
import { Link } from './netns/link.ts'
import { Links } from './netns/links.ts'
import { Namespaces } from './netns/namespaces.ts'
import { Neigh } from './netns/neigh.ts'
import { Netns } from './netns/netns.ts'
import { Prefix } from './netns/prefix.ts'
import { UserRoutes } from './netns/routes.ts'
import { Socket } from './netns/socket.ts'
import { Pool } from './packet/pool.ts'
import { Skb } from './packet/skb.ts'
import { Attempt } from './stack/attempt.ts'
import { Capture } from './stack/capture.ts'
import { Connection } from './stack/connection.ts'
import { Drop } from './stack/drop.ts'
import { Reassembly } from './stack/reassembly.ts'
import { Tcp } from './stack/tcp.ts'
import { Transmit } from './stack/transmit.ts'
import { Work } from './stack/work.ts'
import { Trace } from './trace/trace.ts'

export * from './conntrack/exports'
export * from './ipset/exports'
export * from './netfilter/exports'

export function abi_version(): i32 {
  return 1
}

/** Sets up the engine: once, before anything else. False when memory is full. */
export function engine_init(seed: u32): i32 {
  Prefix.initialise()
  Random.seed(seed)
  Tcp.seed(seed)
  return Pool.reserve(1024, 16) && Connection.initialise() ? 1 : 0
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

/** Bytes of linear memory in use. */
export function arena_used(): u32 {
  return Arena.used() as u32
}

// Namespaces and what `ip` makes in them.

export function netns_create(): u32 {
  const netns = Namespaces.create()
  if (netns == 0) return 0
  const ct = Conntrack.netnsInit(Netns.id(netns))
  store<u32>(netns, ct as u32, NETNS_CT)
  return ct != 0 ? (netns as u32) : 0
}

/** Nothing may be in flight. */
export function netns_destroy(netns: u32): void {
  Transmit.forget(netns, 0)
  FragQueue.flush(netns)
  Connection.closeAll(netns)
  Conntrack.netnsExit(Netns.ct(netns))
  Namespaces.destroy(netns)
}

/** IPv6 forwarding of the namespace's links was changed. */
export function netns_forwarding6(netns: u32): void {
  Addresses.forwarding6(netns)
}

export function link_create(netns: u32, kind: u32): u32 {
  return Links.create(netns, kind) as u32
}

export function link_destroy(link: u32): void {
  Transmit.forget(Link.netns(link), link)
  Nat.forgetMasquerades(Netns.id(Link.netns(link)), Link.ifindex(link), 0)
  Links.destroy(link)
}

export function link_move(link: u32, netns: u32): void {
  Transmit.forget(Link.netns(link), link)
  Links.move(link, netns)
}

export function link_set_up(link: u32, up: i32): void {
  if (!up) {
    Transmit.forget(Link.netns(link), link)
    Nat.forgetMasquerades(Netns.id(Link.netns(link)), Link.ifindex(link), 0)
  }
  Links.setUp(link, up != 0)
}

/** 0, or a negative errno: -17 it exists, -22 its subnet has another scope, -12 no memory. */
export function address_add(link: u32, record: u32): i32 {
  return Addresses.add(link, record)
}

/** An address record of the link. */
export function address_delete(link: u32, address: u32): void {
  Nat.forgetMasquerades(Netns.id(Link.netns(link)), Link.ifindex(link), address)
  Addresses.remove(address)
}

/** 0, or a negative errno: -17 a route of this prefix and metric exists, -12 no memory. */
export function route_add(netns: u32, family: u32, record: u32): i32 {
  return UserRoutes.add(netns, family, record)
}

/** Takes out a route that `route_exact` found. */
export function route_delete(netns: u32, family: u32, route: u32): void {
  Fib.remove(netns, family, route)
}

/** The first route of exactly this prefix in the table (254, 255); 0 = none. The others hang on it. */
export function route_exact(netns: u32, family: u32, prefix: u32, plen: u32, table: u32): u32 {
  return Fib.exact(netns, family, prefix, plen, table == RT_TABLE_LOCAL) as u32
}

/** Settings that routing looks at (sysctls of links) have changed. */
export function routes_touch(): void {
  Fib.touch()
}

/** The entry of an address on a link, made when there is none; the host writes state and hardware address. */
export function neigh_make(link: u32, address: u32): u32 {
  return Neigh.make(Link.netns(link), link, address, true) as u32
}

/** The host has written an entry: packets that wait for it go on. */
export function neigh_resolved(neigh: u32): void {
  Transmit.resolved(neigh)
}

export function neigh_delete(link: u32, address: u32): i32 {
  const neigh = Neigh.find(Link.netns(link), link, address)
  if (neigh == 0) return 0
  let skb = Neigh.dequeue(neigh)
  while (skb != 0) {
    Drop.free(skb)
    skb = Neigh.dequeue(neigh)
  }
  Neigh.remove(Link.netns(link), neigh)
  return 1
}

export function socket_add(netns: u32, record: u32): u32 {
  return Socket.add(netns, record) as u32
}

export function socket_remove(netns: u32, socket: u32): void {
  Socket.remove(netns, socket)
}

// Packets.

/** A buffer for a frame of `bytes`, to be written at `frame_data` of it; 0 when memory is full. */
export function frame_alloc(bytes: u32): u32 {
  if (!Pool.reserve(256, 8)) return 0
  return Pool.take(bytes) as u32
}

export function frame_data(skb: u32): u32 {
  return skb + SKB_FRAME
}

/** The frame arrives at a link, when run() comes to it. */
export function frame_inject(skb: u32, link: u32, bytes: u32): void {
  Skb.setNetns(skb, Link.netns(link))
  Skb.setIndev(skb, link)
  Skb.setData(skb, skb + SKB_FRAME)
  Skb.setLen(skb, bytes)
  Transmit.inject(skb)
}

/**
 * `count` frames of `bytes` bytes each, which lie `stride` apart, arrive at a link. How many found a buffer. One call
 * for many frames, since a call a frame costs more than the frame.
 */
export function frames_inject(frames: u32, stride: u32, bytes: u32, count: u32, link: u32): u32 {
  if (!Pool.reserve(max(count, 256), 8)) return 0
  const netns = Link.netns(link)
  let at: usize = frames
  for (let i: u32 = 0; i < count; i++) {
    const skb = Pool.take(bytes)
    if (skb == 0) return i
    Bytes.copy(skb + SKB_FRAME, at, bytes)
    Skb.setNetns(skb, netns)
    Skb.setIndev(skb, link)
    Skb.setData(skb, skb + SKB_FRAME)
    Skb.setLen(skb, bytes)
    Transmit.inject(skb)
    at += stride
  }
  return count
}

/** Handles at most `budget` pieces of work and says how many it did: fewer than the budget means that all is done. */
export function engine_run(budget: u32): u32 {
  Pool.reserve(256, 8)
  Neigh.restock()
  return Work.run(budget)
}

/** Runs `count` attempts (PROBE_*), each to its end. `forget`: conntrack forgets them one by one. */
export function probe_run(probes: u32, count: u32, forget: i32): void {
  let probe: usize = probes
  for (let i: u32 = 0; i < count; i++) {
    Attempt.run(probe, forget != 0)
    probe += PROBE_SIZE
  }
}

/** Packet buffers that are free: all of them when nothing is in flight or waits. */
export function pool_free(): u32 {
  return Pool.free()
}

/** When the next timer of the stack is due, in milliseconds since the epoch; 0 when none is. */
export function timers_next(): f64 {
  const neighbours = Transmit.nextTimer()
  const fragments = FragQueue.nextDeadline()
  const first = neighbours == 0 || (fragments != 0 && fragments < neighbours) ? fragments : neighbours
  return (first as f64) / 1000.0
}

/** Runs the stack's timers that are due. */
export function timers_run(): void {
  Transmit.neighbourTimers()
  Reassembly.expire()
}

/** Where data, room, used and lost words of the captured frames are. */
export function capture_buffer(): u32 {
  return Capture.buffer() as u32
}

export function trace_buffer(): u32 {
  return Trace.buffer() as u32
}

export function trace_set(on: i32): void {
  Trace.set(on != 0)
}

/** One u32 a REASON_*: how many packets ended for it. */
export function reason_counts(): u32 {
  return Drop.counts() as u32
}
