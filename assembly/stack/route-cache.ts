// Routes of received IPv4 packets that were chosen lately, by source, destination and interface: what an established
// flow's packets find again (Linux does it within a batch, net/ipv4/route.c: ip_route_use_hint; bench: forward, 300
// instructions against 50 a packet). Only packets that are forwarded are kept, and a slot counts only in its epoch:
// routes, addresses, links and settings that the choice depends on have not changed since.
//
//     0     4     8     12      16      20    24        32         48   64
//     | src | dst | dev | epoch | route | out | ipflags | next hop | -  |

import { Fib } from '../netns/fib.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'

const SRC = 0
const DST = 4
const DEV = 8
const EPOCH = 12
const ROUTE = 16
const OUT = 20
const IP_FLAGS = 24
const NEXTHOP: usize = 32
const SLOT: usize = 64
const SHIFT: u32 = 22
const SLOTS = memory.data(65536, 64)

export abstract class RouteCache {
  /** Where the route of a packet is, or would be, kept. */
  @inline static slot(skb: usize): usize {
    const hash =
      (Address.v4(Skb.src(skb)) * 0x85ebca6b + Address.v4(Skb.dst16(skb))) ^ (Skb.indev(skb) as u32)
    return SLOTS + (((hash * 0x9e3779b1) >> SHIFT) as usize) * SLOT
  }

  /** Whether the slot holds the packet's. */
  @inline static holds(slot: usize, skb: usize): bool {
    const different =
      (load<u32>(slot, SRC) ^ Address.v4(Skb.src(skb))) |
      (load<u32>(slot, DST) ^ Address.v4(Skb.dst16(skb))) |
      (load<u32>(slot, DEV) ^ (Skb.indev(skb) as u32)) |
      (load<u32>(slot, EPOCH) ^ Fib.epoch())
    return different == 0
  }

  /** Keeps what was chosen for a packet: `ipFlags` is what the choice added to its IP_F_*. */
  static keep(skb: usize, ipFlags: u32): void {
    const slot = RouteCache.slot(skb)
    store<u32>(slot, Address.v4(Skb.src(skb)), SRC)
    store<u32>(slot, Address.v4(Skb.dst16(skb)), DST)
    store<u32>(slot, Skb.indev(skb) as u32, DEV)
    store<u32>(slot, Fib.epoch(), EPOCH)
    store<u32>(slot, Skb.dst(skb) as u32, ROUTE)
    store<u32>(slot, Skb.outdev(skb) as u32, OUT)
    store<u32>(slot, ipFlags, IP_FLAGS)
    Address.copy(slot + NEXTHOP, Skb.nexthop(skb))
  }

  @inline static route(slot: usize): usize {
    return load<u32>(slot, ROUTE)
  }

  @inline static out(slot: usize): usize {
    return load<u32>(slot, OUT)
  }

  @inline static ipFlags(slot: usize): u32 {
    return load<u32>(slot, IP_FLAGS)
  }

  /** Where the 16 bytes of the next hop are. */
  @inline static nexthop(slot: usize): usize {
    return slot + NEXTHOP
  }
}
