// net/netfilter/xt_conntrack.c (revision 3), xt_state.c and xt_connmark.c.

import {
  CT_MARK,
  CT_ORIGINAL,
  CT_REPLY,
  CT_STATUS,
  IPS_CONFIRMED,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
  IP_CT_IS_REPLY,
  IP_CT_UNTRACKED,
} from '../../../src/abi/conntrack.ts'
import {
  CONNTRACK_ADDRESSES,
  CONNTRACK_EXPIRE_MAX,
  CONNTRACK_EXPIRE_MIN,
  CONNTRACK_F_DIRECTION,
  CONNTRACK_F_EXPIRE,
  CONNTRACK_F_ORIGDST,
  CONNTRACK_F_ORIGDST_PORT,
  CONNTRACK_F_ORIGSRC,
  CONNTRACK_F_ORIGSRC_PORT,
  CONNTRACK_F_PROTO,
  CONNTRACK_F_REPLDST,
  CONNTRACK_F_REPLDST_PORT,
  CONNTRACK_F_REPLSRC,
  CONNTRACK_F_REPLSRC_PORT,
  CONNTRACK_F_STATE,
  CONNTRACK_F_STATUS,
  CONNTRACK_GIVEN,
  CONNTRACK_INVERT,
  CONNTRACK_PORTS,
  CONNTRACK_PROTO,
  CONNTRACK_STATES,
  CONNTRACK_STATUS,
  CTSTATE_INVALID,
  CTSTATE_MASK,
  CTSTATE_NOT,
  CTSTATE_SNAT,
  CTSTATE_UNTRACKED,
  MARK_MASK,
  MARK_NOT,
  MARK_VALUE,
} from '../../../src/abi/match.ts'
import { LANE_UNTRACKED } from '../../../src/abi/rule.ts'
import { TUPLE_DPORT, TUPLE_DST, TUPLE_PROTO, TUPLE_SPORT, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { Ct } from '../../conntrack/ct.ts'
import { Skb } from '../../packet/skb.ts'

export abstract class ConntrackMatch {
  /** The same in the byte that a quick block asks for (LANE_*). */
  @inline static lane(skb: usize): u32 {
    const ct = Skb.ct(skb)
    const ctinfo = Skb.ctinfo(skb)
    if (ct == 0) return ctinfo == IP_CT_UNTRACKED ? LANE_UNTRACKED : CTSTATE_INVALID
    return ConntrackMatch.tracked(ct, ctinfo)
  }

  /** XT_CONNTRACK_STATE_BIT of the packet, with SNAT and DNAT of its entry. */
  @inline private static state(skb: usize): u32 {
    const ct = Skb.ct(skb)
    const ctinfo = Skb.ctinfo(skb)
    if (ct == 0) return ctinfo == IP_CT_UNTRACKED ? CTSTATE_UNTRACKED : CTSTATE_INVALID
    return ConntrackMatch.tracked(ct, ctinfo)
  }

  /** IPS_SRC_NAT and IPS_DST_NAT lie next to each other, as CTSTATE_SNAT and CTSTATE_DNAT do. */
  @inline private static tracked(ct: usize, ctinfo: u32): u32 {
    const state = (2 as u32) << (ctinfo >= (IP_CT_IS_REPLY as u32) ? ctinfo - IP_CT_IS_REPLY : ctinfo)
    return state | ((load<u32>(ct, CT_STATUS) & IPS_NAT_MASK) * (CTSTATE_SNAT / IPS_SRC_NAT))
  }

  @inline static ctstate(skb: usize, record: usize): bool {
    const hit = (ConntrackMatch.state(skb) & load<u16>(record, CTSTATE_MASK)) != 0
    return hit != (load<u16>(record, CTSTATE_NOT) != 0)
  }

  @inline static connmark(skb: usize, record: usize): bool {
    const ct = Skb.ct(skb)
    if (ct == 0) return false
    const same = (load<u32>(ct, CT_MARK) & load<u32>(record, MARK_MASK)) == load<u32>(record, MARK_VALUE)
    return same != (load<u32>(record, MARK_NOT) != 0)
  }

  static conntrack(skb: usize, record: usize): bool {
    const given = load<u16>(record, CONNTRACK_GIVEN) as u32
    const invert = load<u16>(record, CONNTRACK_INVERT) as u32
    if (given & CONNTRACK_F_STATE) {
      const hit = (ConntrackMatch.state(skb) & load<u16>(record, CONNTRACK_STATES)) != 0
      if (hit == ((invert & CONNTRACK_F_STATE) != 0)) return false
    }
    const ct = Skb.ct(skb)
    // Without an entry only the state was ever tested.
    if (ct == 0) return (given & CONNTRACK_F_STATE) != 0
    if (given & CONNTRACK_F_DIRECTION) {
      const original = Skb.ctinfo(skb) < (IP_CT_IS_REPLY as u32)
      if (original == ((invert & CONNTRACK_F_DIRECTION) != 0)) return false
    }
    const original = ct + CT_ORIGINAL
    const reply = ct + CT_REPLY
    const nets = record + CONNTRACK_ADDRESSES
    if (!ConntrackMatch.address(original + TUPLE_SRC, nets, given, invert, CONNTRACK_F_ORIGSRC)) return false
    if (!ConntrackMatch.address(original + TUPLE_DST, nets + 32, given, invert, CONNTRACK_F_ORIGDST))
      return false
    if (!ConntrackMatch.address(reply + TUPLE_SRC, nets + 64, given, invert, CONNTRACK_F_REPLSRC))
      return false
    if (!ConntrackMatch.address(reply + TUPLE_DST, nets + 96, given, invert, CONNTRACK_F_REPLDST))
      return false
    if (given & CONNTRACK_F_PROTO) {
      const same = load<u8>(original, TUPLE_PROTO) == load<u8>(record, CONNTRACK_PROTO)
      if (same == ((invert & CONNTRACK_F_PROTO) != 0)) return false
    }
    const ports = record + CONNTRACK_PORTS
    if (!ConntrackMatch.port(original + TUPLE_SPORT, ports, given, invert, CONNTRACK_F_ORIGSRC_PORT))
      return false
    if (!ConntrackMatch.port(original + TUPLE_DPORT, ports + 4, given, invert, CONNTRACK_F_ORIGDST_PORT))
      return false
    if (!ConntrackMatch.port(reply + TUPLE_SPORT, ports + 8, given, invert, CONNTRACK_F_REPLSRC_PORT))
      return false
    if (!ConntrackMatch.port(reply + TUPLE_DPORT, ports + 12, given, invert, CONNTRACK_F_REPLDST_PORT))
      return false
    if (given & CONNTRACK_F_STATUS) {
      const hit = (load<u32>(ct, CT_STATUS) & load<u16>(record, CONNTRACK_STATUS)) != 0
      if (hit == ((invert & CONNTRACK_F_STATUS) != 0)) return false
    }
    if (given & CONNTRACK_F_EXPIRE) {
      // Before it is confirmed an entry's timeout counts from boot, long past (nf_ct_expires).
      const seconds = load<u32>(ct, CT_STATUS) & IPS_CONFIRMED ? Ct.expiresIn(ct) : 0
      const inside =
        seconds >= load<u32>(record, CONNTRACK_EXPIRE_MIN) &&
        seconds <= load<u32>(record, CONNTRACK_EXPIRE_MAX)
      if (inside == ((invert & CONNTRACK_F_EXPIRE) != 0)) return false
    }
    return true
  }

  @inline private static address(value: usize, net: usize, given: u32, invert: u32, flag: u32): bool {
    if ((given & flag) == 0) return true
    const differs = v128.any_true(v128.and(v128.xor(v128.load(value), v128.load(net)), v128.load(net, 16)))
    return differs == ((invert & flag) != 0)
  }

  @inline private static port(value: usize, range: usize, given: u32, invert: u32, flag: u32): bool {
    if ((given & flag) == 0) return true
    const port = ((load<u8>(value) as u32) << 8) | load<u8>(value, 1)
    const inside = port >= load<u16>(range) && port <= load<u16>(range, 2)
    return inside != ((invert & flag) != 0)
  }
}
