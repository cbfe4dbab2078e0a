// The queues of incomplete datagrams: found by key, killed with all their pieces, given up in time
// (net/ipv4/inet_fragment.c). There are FRAGQ_COUNT of them; when all are in use a new datagram's fragment is dropped,
// as in Linux when the memory for fragments is used up. Not modelled: net.ipv4.ipfrag_max_dist.

import {
  FRAGQ_BUCKETS,
  FRAGQ_COUNT,
  FRAGQ_DEADLINE,
  FRAGQ_DST,
  FRAGQ_FAMILY,
  FRAGQ_FLAGS,
  FRAGQ_F_FIRST_IN,
  FRAGQ_HEAD,
  FRAGQ_ID,
  FRAGQ_LINK,
  FRAGQ_NETNS,
  FRAGQ_NEXT,
  FRAGQ_PROTO,
  FRAGQ_SIZE,
  FRAGQ_SRC,
  FRAGQ_USER,
} from '../../src/abi/fragment.ts'
import { NETNS_FRAG6_TIME, NETNS_IPFRAG_TIME } from '../../src/abi/netns.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Time } from '../memory/time.ts'
import { Address } from '../packet/address.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'

const QUEUES = memory.data(98304, 16) // FRAGQ_COUNT × FRAGQ_SIZE
const BUCKETS = memory.data(1024, 16) // FRAGQ_BUCKETS × u32
/** First free queue; how many have ever been handed out; how many are in use. */
const STATE = memory.data(12, 4)
const FREE = 0
const FRESH = 4
const USED = 8

export abstract class FragQueue {
  /** The queue of a fragment's datagram, made when there is none; 0 when none is left. */
  static find(skb: usize, user: u32, id: u32, proto: u32, link: usize): usize {
    const bucket = FragQueue.bucket(Skb.netns(skb), id)
    let queue: usize = load<u32>(bucket)
    while (queue != 0) {
      if (FragQueue.is(queue, skb, user, id, proto, link)) return queue
      queue = load<u32>(queue, FRAGQ_NEXT)
    }
    queue = FragQueue.take()
    if (queue == 0) return 0
    const netns = Skb.netns(skb)
    const family = Skb.family(skb)
    const v4 = family == NFPROTO_IPV4
    const seconds = v4 ? load<u32>(netns, NETNS_IPFRAG_TIME) : load<u32>(netns, NETNS_FRAG6_TIME)
    store<u32>(queue, load<u32>(bucket), FRAGQ_NEXT)
    store<u32>(bucket, queue as u32)
    store<u32>(queue, netns as u32, FRAGQ_NETNS)
    store<u32>(queue, id, FRAGQ_ID)
    store<u32>(queue, user, FRAGQ_USER)
    store<u32>(queue, link as u32, FRAGQ_LINK)
    store<u8>(queue, family, FRAGQ_FAMILY)
    store<u8>(queue, proto, FRAGQ_PROTO)
    Address.copy(queue + FRAGQ_SRC, Skb.src(skb))
    Address.copy(queue + FRAGQ_DST, Skb.dst16(skb))
    store<u64>(queue, Time.now() + (seconds as u64) * 1000000, FRAGQ_DEADLINE)
    return queue
  }

  /** Takes a queue out; its pieces are the caller's. */
  static unlink(queue: usize): void {
    let at = FragQueue.bucket(load<u32>(queue, FRAGQ_NETNS), load<u32>(queue, FRAGQ_ID))
    // The link of a queue is its first word, as a bucket's is, so `at` may be either.
    while (load<u32>(at) != (queue as u32)) at = load<u32>(at)
    store<u32>(at, load<u32>(queue, FRAGQ_NEXT))
    store<u32>(queue, load<u32>(STATE, FREE), FRAGQ_NEXT)
    store<u32>(STATE, queue as u32, FREE)
    store<u32>(STATE, load<u32>(STATE, USED) - 1, USED)
  }

  /** Drops a queue and its pieces. */
  static kill(queue: usize): void {
    FragQueue.unlink(queue)
    FragQueue.free(load<u32>(queue, FRAGQ_HEAD))
  }

  /** Gives a list of pieces back. */
  static free(list: usize): void {
    let piece = list
    while (piece != 0) {
      const next = Skb.next(piece)
      Pool.give(piece)
      piece = next
    }
  }

  /** A queue whose time has come, 0 when there is none. Cost: one pass over the queues in use. */
  static overdue(): usize {
    if (load<u32>(STATE, USED) == 0) return 0
    const now = Time.now()
    for (let i: usize = 0; i < (FRAGQ_BUCKETS as usize); i++) {
      let queue: usize = load<u32>(BUCKETS + (i << 2))
      while (queue != 0) {
        if (load<u64>(queue, FRAGQ_DEADLINE) <= now) return queue
        queue = load<u32>(queue, FRAGQ_NEXT)
      }
    }
    return 0
  }

  /** The earliest deadline of a queue, 0 when there is none. */
  static nextDeadline(): u64 {
    if (load<u32>(STATE, USED) == 0) return 0
    let first: u64 = 0
    for (let i: usize = 0; i < (FRAGQ_BUCKETS as usize); i++) {
      let queue: usize = load<u32>(BUCKETS + (i << 2))
      while (queue != 0) {
        const deadline = load<u64>(queue, FRAGQ_DEADLINE)
        if (first == 0 || deadline < first) first = deadline
        queue = load<u32>(queue, FRAGQ_NEXT)
      }
    }
    return first
  }

  /** Drops all queues of a namespace that goes away. */
  static flush(netns: usize): void {
    for (let i: usize = 0; i < (FRAGQ_BUCKETS as usize); i++) {
      let queue: usize = load<u32>(BUCKETS + (i << 2))
      while (queue != 0) {
        const next: usize = load<u32>(queue, FRAGQ_NEXT)
        if (load<u32>(queue, FRAGQ_NETNS) == (netns as u32)) FragQueue.kill(queue)
        queue = next
      }
    }
  }

  @inline static hasFirst(queue: usize): bool {
    return (load<u8>(queue, FRAGQ_FLAGS) & FRAGQ_F_FIRST_IN) != 0
  }

  @inline private static bucket(netns: usize, id: u32): usize {
    const hash = ((id ^ (netns as u32)) * 0x9e3779b1) >> 24
    return BUCKETS + ((hash as usize) << 2)
  }

  private static is(queue: usize, skb: usize, user: u32, id: u32, proto: u32, link: usize): bool {
    return (
      load<u32>(queue, FRAGQ_ID) == id &&
      load<u32>(queue, FRAGQ_NETNS) == (Skb.netns(skb) as u32) &&
      load<u32>(queue, FRAGQ_USER) == user &&
      load<u8>(queue, FRAGQ_FAMILY) == Skb.family(skb) &&
      load<u8>(queue, FRAGQ_PROTO) == proto &&
      load<u32>(queue, FRAGQ_LINK) == (link as u32) &&
      Address.equal(queue + FRAGQ_SRC, Skb.src(skb)) &&
      Address.equal(queue + FRAGQ_DST, Skb.dst16(skb))
    )
  }

  private static take(): usize {
    let queue: usize = load<u32>(STATE, FREE)
    if (queue != 0) {
      store<u32>(STATE, load<u32>(queue, FRAGQ_NEXT), FREE)
    } else {
      const fresh = load<u32>(STATE, FRESH)
      if (fresh == FRAGQ_COUNT) return 0
      store<u32>(STATE, fresh + 1, FRESH)
      queue = QUEUES + (fresh as usize) * FRAGQ_SIZE
    }
    memory.fill(queue, 0, FRAGQ_SIZE)
    store<u32>(STATE, load<u32>(STATE, USED) + 1, USED)
    return queue
  }
}
