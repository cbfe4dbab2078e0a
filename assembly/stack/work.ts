// The loop that runs the engine: takes work from the queue until there is none, or until the budget is used up.

import { WORK_FORWARD, WORK_ICMP_ERROR, WORK_RECEIVE, WORK_TCP_RESET } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Queue } from '../packet/queue.ts'
import { Skb } from '../packet/skb.ts'
import { Forward } from './forward.ts'
import { Icmp4 } from './icmp4.ts'
import { Icmp6 } from './icmp6.ts'
import { Receive } from './receive.ts'
import { Tcp } from './tcp.ts'

/** Conntrack entries that one piece of work may leave, at most. */
const ENTRIES: u32 = 64

export abstract class Work {
  /** Handles at most `budget` pieces of work; how many were handled. */
  static run(budget: u32): u32 {
    let done: u32 = 0
    while (done < budget) {
      const skb = Queue.next()
      if (skb == 0) break
      Conntrack.makeRoom(ENTRIES)
      done += 1
      if (Skb.work(skb) == WORK_RECEIVE) Receive.frame(skb)
      else Work.resume(skb)
    }
    return done
  }

  /** What was put off until packets made meanwhile have gone. */
  private static resume(skb: usize): void {
    switch (Skb.work(skb)) {
      case WORK_ICMP_ERROR:
        if (Skb.family(skb) == NFPROTO_IPV4) Icmp4.error(skb)
        else Icmp6.error(skb)
        break
      case WORK_TCP_RESET:
        Tcp.reset(skb)
        break
      case WORK_FORWARD:
        Forward.hook(skb)
        break
      default:
        Receive.frame(skb)
    }
  }
}
