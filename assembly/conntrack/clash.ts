// Two packets of a flow made an entry each before either was confirmed, or NAT chose what somebody else had taken
// meanwhile: what happens to the second (net/netfilter/nf_conntrack_core.c: nf_ct_resolve_clash). Here that takes a
// packet held back between the hooks, or a choice of NAT that could not be unique.

import { Time } from '../memory/time.ts'
import { Skb } from '../packet/skb.ts'
import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Life } from './life.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP, Tuple } from './tuple.ts'
import {
  CTNET_STAT_CLASH_RESOLVE,
  CTNET_STAT_DROP,
  CTNET_STAT_INSERT_FAILED,
  IPS_FIXED_TIMEOUT,
  IPS_NAT_CLASH,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
} from '../../src/abi/conntrack.ts'
import { NF_ACCEPT, NF_DROP } from '../../src/abi/verdict.ts'

/** How long the loser of a clash lives, µs. */
const CLASH_LIFE: u64 = 1_000_000

export abstract class Clash {
  /** `ct` is the packet's entry, `other` the reference of the one in its way. */
  static resolve(skb: usize, ct: usize, other: u32): i32 {
    const net = Ct.net(ct)
    if (Clash.isAllowed(Ct.proto(ct))) {
      if (Clash.merge(skb, ct, Ref.ct(other))) return NF_ACCEPT
      if (Clash.insertReply(skb, ct)) return NF_ACCEPT
    }
    CtNet.count(net, CTNET_STAT_DROP)
    CtNet.count(net, CTNET_STAT_INSERT_FAILED)
    return NF_DROP
  }

  /** allow_clash of the protocols: those without a handshake. */
  @inline static isAllowed(proto: u32): bool {
    switch (proto) {
      case IPPROTO_TCP:
      case IPPROTO_SCTP:
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        return false
      default:
        return true
    }
  }

  /** Both entries are the same flow, perhaps seen from its two ends: the packet takes the one in the table. */
  private static merge(skb: usize, ct: usize, winner: usize): bool {
    if (!Clash.isSame(ct, winner) && !Clash.isReverse(ct, winner)) return false
    Ct.hold(winner)
    Life.put(ct)
    Skb.setCt(skb, winner)
    CtNet.count(Ct.net(winner), CTNET_STAT_CLASH_RESOLVE)
    return true
  }

  /** Only the original direction clashes: the entry is kept for its replies, for a second. */
  private static insertReply(skb: usize, ct: usize): bool {
    const there = Life.find(Ct.reply(ct), CtNet.netnsId(Ct.net(ct)), Ct.zone(ct, IP_CT_DIR_REPLY))
    if (there != 0) return Clash.merge(skb, ct, Ref.ct(there))
    Ct.setExpiresAt(ct, Time.now() + CLASH_LIFE)
    Ct.setStatus(ct, IPS_FIXED_TIMEOUT | IPS_NAT_CLASH)
    Life.confirm(ct, true)
    CtNet.count(Ct.net(ct), CTNET_STAT_CLASH_RESOLVE)
    return true
  }

  private static isSame(a: usize, b: usize): bool {
    return (
      Tuple.equal(Ct.original(a), Ct.original(b)) &&
      Tuple.equal(Ct.reply(a), Ct.reply(b)) &&
      Ct.zone(a, IP_CT_DIR_ORIGINAL) == Ct.zone(b, IP_CT_DIR_ORIGINAL) &&
      Ct.zone(a, IP_CT_DIR_REPLY) == Ct.zone(b, IP_CT_DIR_REPLY)
    )
  }

  private static isReverse(a: usize, b: usize): bool {
    return (
      Tuple.equal(Ct.original(a), Ct.reply(b)) &&
      Tuple.equal(Ct.reply(a), Ct.original(b)) &&
      Ct.zone(a, IP_CT_DIR_ORIGINAL) == Ct.zone(b, IP_CT_DIR_REPLY) &&
      Ct.zone(a, IP_CT_DIR_REPLY) == Ct.zone(b, IP_CT_DIR_ORIGINAL)
    )
  }
}
