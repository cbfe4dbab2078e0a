// What the stack asks of conntrack, in one place.

import { Skb } from '../packet/skb.ts'

export abstract class Conntracks {
  /** The packet lets go of its entry (nf_reset_ct). */
  static put(skb: usize): void {
    Skb.setCt(skb, 0)
    Skb.setCtinfo(skb, 0)
  }

  /** An answer takes on the entry of the packet it answers, as related (nf_ct_attach). */
  static attach(answer: usize, about: usize): void {
    Skb.setCt(answer, Skb.ct(about))
  }
}
