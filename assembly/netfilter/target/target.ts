// Targets that are more than a verdict or a jump. Each says NF_ACCEPT, NF_DROP or XT_CONTINUE: the next rule.

import {
  REJECT_TCP_RESET,
  TARGET_CONNMARK,
  TARGET_CT,
  TARGET_DNAT,
  TARGET_HOPS,
  TARGET_MARK,
  TARGET_MARK_MASK,
  TARGET_MASQUERADE,
  TARGET_NOTRACK,
  TARGET_REDIRECT,
  TARGET_REJECT,
  TARGET_SET,
  TARGET_SNAT,
  TARGET_TCPMSS,
  TARGET_TOS,
} from '../../../src/abi/target.ts'
import { IP_CT_NEW, IP_CT_UNTRACKED } from '../../../src/abi/conntrack.ts'
import { NF_DROP, NF_UNKNOWN } from '../../../src/abi/verdict.ts'
import { Skb } from '../../packet/skb.ts'
import { SetMatch } from '../match/set.ts'
import { Rule } from '../rule.ts'
import { Connmark } from './connmark.ts'
import { XT_CONTINUE } from './continue.ts'
import { Mangle } from './mangle.ts'
import { NatTarget } from './nat.ts'
import { Reject } from './reject.ts'
import { Tcpmss } from './tcpmss.ts'

export abstract class Target {
  static run(skb: usize, rule: usize, target: u32): i32 {
    const data = Rule.recordsEnd(rule)
    const arg = Rule.arg(rule)
    switch (target) {
      case TARGET_MARK:
        Skb.setMark(skb, (Skb.mark(skb) & ~load<u32>(data, TARGET_MARK_MASK)) ^ arg)
        return XT_CONTINUE
      case TARGET_CONNMARK:
        Connmark.apply(skb, arg, data)
        return XT_CONTINUE
      case TARGET_DNAT:
      case TARGET_SNAT:
      case TARGET_MASQUERADE:
      case TARGET_REDIRECT:
        return NatTarget.run(skb, target, data)
      case TARGET_REJECT:
        if (arg == REJECT_TCP_RESET) Reject.tcpReset(skb)
        else Reject.icmpError(skb, arg >> 8, arg & 255)
        return NF_DROP
      case TARGET_NOTRACK:
        if (!Target.isSeen(skb)) Skb.setCtinfo(skb, IP_CT_UNTRACKED)
        return XT_CONTINUE
      case TARGET_CT:
        if (!Target.isSeen(skb)) {
          Skb.setCt(skb, arg)
          Skb.setCtinfo(skb, IP_CT_NEW)
        }
        return XT_CONTINUE
      case TARGET_TCPMSS:
        return Tcpmss.apply(skb, arg)
      case TARGET_SET:
        SetMatch.change(skb, arg, data)
        return XT_CONTINUE
      case TARGET_HOPS:
        Mangle.hops(skb, arg)
        return XT_CONTINUE
      case TARGET_TOS:
        Mangle.dsfield(skb, arg)
        return XT_CONTINUE
      default:
        return NF_UNKNOWN
    }
  }

  /** The packet has a conntrack entry already, or is untracked (looped back packets have). */
  @inline private static isSeen(skb: usize): bool {
    return Skb.ct(skb) != 0 || Skb.ctinfo(skb) == IP_CT_UNTRACKED
  }
}
