// Accepted TCP connections of all namespaces: a hash over a fixed pool. When the pool is full no more are accepted.

import {
  CONNECTION_LOCAL,
  CONNECTION_LPORT,
  CONNECTION_NETNS,
  CONNECTION_NEXT,
  CONNECTION_REMOTE,
  CONNECTION_RPORT,
  CONNECTION_SIZE,
} from '../../src/abi/connection.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'

const MOST: u32 = 4096
const BUCKETS: u32 = 4096
/** Buckets, first free. */
const STATE = memory.data(8, 8)

export abstract class Connection {
  /** Makes the pool; called while loading. */
  static initialise(): bool {
    if (load<u32>(STATE) != 0) return true
    const buckets = Arena.alloc((BUCKETS as usize) << 2)
    let at = Arena.alloc((MOST as usize) * CONNECTION_SIZE)
    if (buckets == 0 || at == 0) return false
    store<u32>(STATE, buckets as u32)
    for (let i: u32 = 0; i < MOST; i++) {
      store<u32>(at, load<u32>(STATE, 4), CONNECTION_NEXT)
      store<u32>(STATE, at as u32, 4)
      at += CONNECTION_SIZE
    }
    return true
  }

  /** The connection a received segment belongs to, 0 when there is none. */
  static find(skb: usize): usize {
    let at: usize = load<u32>(Connection.bucket(skb))
    while (at != 0) {
      if (
        (load<u16>(at, CONNECTION_LPORT) as u32) == Skb.dport(skb) &&
        (load<u16>(at, CONNECTION_RPORT) as u32) == Skb.sport(skb) &&
        load<u32>(at, CONNECTION_NETNS) == (Skb.netns(skb) as u32) &&
        Address.equal(at + CONNECTION_LOCAL, Skb.dst16(skb)) &&
        Address.equal(at + CONNECTION_REMOTE, Skb.src(skb))
      ) {
        return at
      }
      at = load<u32>(at, CONNECTION_NEXT)
    }
    return 0
  }

  /** A new connection for a received segment; 0 when the pool is empty. */
  static open(skb: usize): usize {
    const at: usize = load<u32>(STATE, 4)
    if (at == 0) return 0
    store<u32>(STATE, load<u32>(at, CONNECTION_NEXT), 4)
    memory.fill(at, 0, CONNECTION_SIZE)
    Address.copy(at + CONNECTION_LOCAL, Skb.dst16(skb))
    Address.copy(at + CONNECTION_REMOTE, Skb.src(skb))
    store<u32>(at, Skb.netns(skb) as u32, CONNECTION_NETNS)
    store<u16>(at, Skb.dport(skb), CONNECTION_LPORT)
    store<u16>(at, Skb.sport(skb), CONNECTION_RPORT)
    const bucket = Connection.bucket(skb)
    store<u32>(at, load<u32>(bucket), CONNECTION_NEXT)
    store<u32>(bucket, at as u32)
    return at
  }

  /** Ends the connection that the segment belongs to. */
  static close(skb: usize, connection: usize): void {
    Connection.unlink(Connection.bucket(skb), connection)
  }

  /** Ends every connection of a namespace, or of all when 0. */
  static closeAll(netns: usize): void {
    const buckets: usize = load<u32>(STATE)
    if (buckets == 0) return
    for (let i: u32 = 0; i < BUCKETS; i++) {
      const bucket = buckets + ((i as usize) << 2)
      let at: usize = load<u32>(bucket)
      while (at != 0) {
        const next: usize = load<u32>(at, CONNECTION_NEXT)
        if (netns == 0 || load<u32>(at, CONNECTION_NETNS) == (netns as u32)) Connection.unlink(bucket, at)
        at = next
      }
    }
  }

  private static unlink(bucket: usize, connection: usize): void {
    let at = bucket
    let offset: usize = 0
    while (load<u32>(at + offset) != (connection as u32)) {
      at = load<u32>(at + offset)
      if (at == 0) return
      offset = CONNECTION_NEXT
    }
    store<u32>(at + offset, load<u32>(connection, CONNECTION_NEXT))
    store<u32>(connection, load<u32>(STATE, 4), CONNECTION_NEXT)
    store<u32>(STATE, connection as u32, 4)
  }

  private static bucket(skb: usize): usize {
    const src = Skb.src(skb)
    const dst = Skb.dst16(skb)
    let h =
      load<u32>(src, 12) ^ rotl<u32>(load<u32>(dst, 12), 11) ^ load<u32>(src, 4) ^ (Skb.netns(skb) as u32)
    h = (h ^ ((Skb.sport(skb) << 16) | Skb.dport(skb))) * 0x9e3779b1
    return (load<u32>(STATE) as usize) + (((h >> 20) & (BUCKETS - 1)) << 2)
  }
}
