// The nat table's place in the hooks: nf_nat_inet_fn (net/netfilter/nf_nat_core.c). The table is walked once for each
// side of a connection; a side that no rule has bound gets the null binding; then the bindings are applied.

import { TABLE_NAT } from '../../src/abi/verdict.ts'
import { NF_ACCEPT, NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Ct } from '../conntrack/ct.ts'
import { Nat } from '../conntrack/nat/nat.ts'
import { Netns } from '../netns/netns.ts'
import { Skb } from '../packet/skb.ts'
import { Walk } from './walk.ts'

export abstract class NatHook {
  /** What the nat table and its bindings do to a packet at a hook. */
  static run(skb: usize, hook: u32): i32 {
    const ct = Skb.ct(skb)
    if (ct == 0) return NF_ACCEPT
    if (Nat.needsRules(skb, hook)) {
      const table = Netns.table(Skb.netns(skb), Skb.family(skb) == NFPROTO_IPV4 ? 0 : 1, TABLE_NAT)
      if (table != 0) {
        const verdict = Walk.table(skb, hook, table)
        if (verdict != NF_ACCEPT) return verdict
      }
      if (!Ct.natInitialized(ct, Nat.manipOf(hook))) {
        const verdict = Nat.nullBinding(ct, hook)
        if (verdict != NF_ACCEPT) return verdict
      }
    }
    return Nat.packet(skb, hook)
  }
}
