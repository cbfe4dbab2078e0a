// Neighbour tables (net/core/neighbour.c): static entries, entries learnt by ARP and neighbour discovery, and the
// packets that wait for an answer. An entry once learnt stays good; ageing (STALE, DELAY, PROBE) is not modelled.

import {
  NEIGH_ADDR,
  NEIGH_CHAIN,
  NEIGH_EXPIRES,
  NEIGH_HEAD,
  NEIGH_LINK,
  NEIGH_MAC,
  NEIGH_PROBES,
  NEIGH_QUEUED,
  NEIGH_SIZE,
  NEIGH_STATE,
  NEIGH_TABLE_BUCKETS,
  NEIGH_TABLE_COUNT,
  NEIGH_TABLE_MASK,
  NEIGH_TABLE_SIZE,
  NEIGH_TAIL,
  NEIGH_TIMER,
} from '../../src/abi/neigh.ts'
import { NETNS_NEIGH } from '../../src/abi/netns.ts'
import { SKB_NEXT } from '../../src/abi/skb.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'
import { Link } from './link.ts'

const FIRST_BUCKETS: u32 = 64
const MIX: u64 = ((0x9e3779b9 as u64) << 32) | 0x7f4a7c15
/** First neighbour that waits for an answer. */
const PENDING = memory.data(8, 8)
/** Records for entries made under a packet: taken while loading, so that no packet makes memory grow. */
const SPARE = memory.data(8, 8)
const SPARE_COUNT: u32 = 64
/** Entries that packets may add to one namespace (gc_thresh3). */
const MOST: u32 = 4096

export abstract class Neigh {
  @inline static state(neigh: usize): u32 {
    return load<u32>(neigh, NEIGH_STATE)
  }

  @inline static setState(neigh: usize, state: u32): void {
    store<u32>(neigh, state, NEIGH_STATE)
  }

  @inline static link(neigh: usize): usize {
    return load<u32>(neigh, NEIGH_LINK)
  }

  /** Where the 16 bytes of the address are. */
  @inline static addr(neigh: usize): usize {
    return neigh + NEIGH_ADDR
  }

  /** Where the 6 bytes of the hardware address are. */
  @inline static mac(neigh: usize): usize {
    return neigh + NEIGH_MAC
  }

  @inline static expires(neigh: usize): u64 {
    return load<u64>(neigh, NEIGH_EXPIRES)
  }

  @inline static setExpires(neigh: usize, at: u64): void {
    store<u64>(neigh, at, NEIGH_EXPIRES)
  }

  @inline static probes(neigh: usize): u32 {
    return load<u32>(neigh, NEIGH_PROBES)
  }

  @inline static setProbes(neigh: usize, probes: u32): void {
    store<u32>(neigh, probes, NEIGH_PROBES)
  }

  @inline static queued(neigh: usize): u32 {
    return load<u32>(neigh, NEIGH_QUEUED)
  }

  static createTable(): usize {
    const table = Arena.alloc(NEIGH_TABLE_SIZE)
    if (table == 0) return 0
    const buckets = Arena.alloc((FIRST_BUCKETS as usize) << 2)
    if (buckets == 0) return 0
    store<u32>(table, buckets as u32, NEIGH_TABLE_BUCKETS)
    store<u32>(table, FIRST_BUCKETS - 1, NEIGH_TABLE_MASK)
    Neigh.restock()
    return table
  }

  /** Refills the records that packets may take; called while loading. */
  static restock(): void {
    while (load<u32>(SPARE, 4) < SPARE_COUNT) {
      const neigh = Arena.alloc(NEIGH_SIZE)
      if (neigh == 0) return
      Neigh.spare(neigh)
    }
  }

  static find(netns: usize, link: usize, addr: usize): usize {
    return Neigh.lookup(netns, link, addr)
  }

  @inline static lookup(netns: usize, link: usize, addr: usize): usize {
    const table: usize = load<u32>(netns, NETNS_NEIGH)
    let neigh: usize = load<u32>(Neigh.bucket(table, link, addr))
    while (neigh != 0) {
      if (Address.equal(neigh + NEIGH_ADDR, addr)) {
        if (Neigh.link(neigh) == link) return neigh
      }
      neigh = load<u32>(neigh, NEIGH_CHAIN)
    }
    return 0
  }

  /** The entry of an address, made when there is none; 0 when memory or the table is full. `loading`: memory may grow. */
  static make(netns: usize, link: usize, addr: usize, loading: bool): usize {
    const found = Neigh.find(netns, link, addr)
    if (found != 0) return found
    const table: usize = load<u32>(netns, NETNS_NEIGH)
    let neigh: usize = 0
    if (loading) {
      neigh = Arena.alloc(NEIGH_SIZE)
      Neigh.grow(table)
    } else if (load<u32>(table, NEIGH_TABLE_COUNT) < MOST) {
      neigh = load<u32>(SPARE)
      if (neigh != 0) {
        store<u32>(SPARE, load<u32>(neigh))
        store<u32>(SPARE, load<u32>(SPARE, 4) - 1, 4)
        memory.fill(neigh, 0, NEIGH_SIZE)
      }
    }
    if (neigh == 0) return 0
    Address.copy(neigh + NEIGH_ADDR, addr)
    store<u32>(neigh, link as u32, NEIGH_LINK)
    const bucket = Neigh.bucket(table, link, addr)
    store<u32>(neigh, load<u32>(bucket), NEIGH_CHAIN)
    store<u32>(bucket, neigh as u32)
    store<u32>(table, load<u32>(table, NEIGH_TABLE_COUNT) + 1, NEIGH_TABLE_COUNT)
    return neigh
  }

  /** Takes an entry out; its queue must be empty. */
  static remove(netns: usize, neigh: usize): void {
    const table: usize = load<u32>(netns, NETNS_NEIGH)
    Neigh.settle(neigh)
    const bucket = Neigh.bucket(table, Neigh.link(neigh), neigh + NEIGH_ADDR)
    let at = bucket
    let offset: usize = 0
    while (load<u32>(at + offset) != (neigh as u32)) {
      at = load<u32>(at + offset)
      offset = NEIGH_CHAIN
    }
    store<u32>(at + offset, load<u32>(neigh, NEIGH_CHAIN))
    store<u32>(table, load<u32>(table, NEIGH_TABLE_COUNT) - 1, NEIGH_TABLE_COUNT)
    Arena.free(neigh, NEIGH_SIZE)
  }

  /** The first entry of a link (any when 0), 0 when there is none: for taking them out one by one. */
  static anyOf(netns: usize, link: usize): usize {
    const table: usize = load<u32>(netns, NETNS_NEIGH)
    const buckets: usize = load<u32>(table, NEIGH_TABLE_BUCKETS)
    const mask = load<u32>(table, NEIGH_TABLE_MASK)
    for (let i: u32 = 0; i <= mask; i++) {
      let neigh: usize = load<u32>(buckets + ((i as usize) << 2))
      while (neigh != 0) {
        if (link == 0 || Neigh.link(neigh) == link) return neigh
        neigh = load<u32>(neigh, NEIGH_CHAIN)
      }
    }
    return 0
  }

  static destroyTable(netns: usize): void {
    const table: usize = load<u32>(netns, NETNS_NEIGH)
    Arena.free(
      load<u32>(table, NEIGH_TABLE_BUCKETS),
      ((load<u32>(table, NEIGH_TABLE_MASK) as usize) + 1) << 2,
    )
    Arena.free(table, NEIGH_TABLE_SIZE)
  }

  /** Puts a packet behind those that wait. */
  static enqueue(neigh: usize, skb: usize): void {
    store<u32>(skb, 0, SKB_NEXT)
    const tail: usize = load<u32>(neigh, NEIGH_TAIL)
    if (tail != 0) store<u32>(tail, skb as u32, SKB_NEXT)
    else store<u32>(neigh, skb as u32, NEIGH_HEAD)
    store<u32>(neigh, skb as u32, NEIGH_TAIL)
    store<u32>(neigh, Neigh.queued(neigh) + 1, NEIGH_QUEUED)
  }

  /** Takes the packet that has waited longest, 0 when none waits. */
  static dequeue(neigh: usize): usize {
    const skb: usize = load<u32>(neigh, NEIGH_HEAD)
    if (skb == 0) return 0
    const next = load<u32>(skb, SKB_NEXT)
    store<u32>(neigh, next, NEIGH_HEAD)
    if (next == 0) store<u32>(neigh, 0, NEIGH_TAIL)
    store<u32>(neigh, Neigh.queued(neigh) - 1, NEIGH_QUEUED)
    return skb
  }

  // The list of entries that wait for an answer.

  @inline static firstPending(): usize {
    return load<u32>(PENDING)
  }

  @inline static nextPending(neigh: usize): usize {
    return load<u32>(neigh, NEIGH_TIMER)
  }

  static await(neigh: usize): void {
    let at = PENDING
    let offset: usize = 0
    while (load<u32>(at + offset) != 0) {
      at = load<u32>(at + offset)
      if (at == neigh) return
      offset = NEIGH_TIMER
    }
    store<u32>(neigh, 0, NEIGH_TIMER)
    store<u32>(at + offset, neigh as u32)
  }

  static settle(neigh: usize): void {
    let at = PENDING
    let offset: usize = 0
    while (load<u32>(at + offset) != 0) {
      if (load<u32>(at + offset) == (neigh as u32)) {
        store<u32>(at + offset, load<u32>(neigh, NEIGH_TIMER))
        return
      }
      at = load<u32>(at + offset)
      offset = NEIGH_TIMER
    }
  }

  private static spare(neigh: usize): void {
    store<u32>(neigh, load<u32>(SPARE))
    store<u32>(SPARE, neigh as u32)
    store<u32>(SPARE, load<u32>(SPARE, 4) + 1, 4)
  }

  @inline private static bucket(table: usize, link: usize, addr: usize): usize {
    const words = (load<u64>(addr) ^ load<u64>(addr, 8)) + Link.ifindex(link)
    const h = ((words * MIX) >> 32) as u32
    return load<u32>(table, NEIGH_TABLE_BUCKETS) + ((h & load<u32>(table, NEIGH_TABLE_MASK)) << 2)
  }

  private static grow(table: usize): void {
    const mask = load<u32>(table, NEIGH_TABLE_MASK)
    if (load<u32>(table, NEIGH_TABLE_COUNT) <= mask) return
    const old: usize = load<u32>(table, NEIGH_TABLE_BUCKETS)
    const bytes = ((mask as usize) + 1) << 2
    const now = Arena.alloc(bytes << 1)
    if (now == 0) return
    store<u32>(table, now as u32, NEIGH_TABLE_BUCKETS)
    store<u32>(table, (mask << 1) | 1, NEIGH_TABLE_MASK)
    for (let i: u32 = 0; i <= mask; i++) {
      let neigh: usize = load<u32>(old + ((i as usize) << 2))
      while (neigh != 0) {
        const chain: usize = load<u32>(neigh, NEIGH_CHAIN)
        const bucket = Neigh.bucket(table, Neigh.link(neigh), neigh + NEIGH_ADDR)
        store<u32>(neigh, load<u32>(bucket), NEIGH_CHAIN)
        store<u32>(bucket, neigh as u32)
        neigh = chain
      }
    }
    Arena.free(old, bytes)
  }
}
