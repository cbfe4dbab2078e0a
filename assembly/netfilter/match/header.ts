// The part of a rule that is tested before any match: ip_packet_match (net/ipv4/netfilter/ip_tables.c) and
// ip6_packet_match (net/ipv6/netfilter/ip6_tables.c).

import {
  ADDRESS6_DST,
  ADDRESS6_DST_MASK,
  ADDRESS6_SRC,
  ADDRESS6_SRC_MASK,
  INTERFACE_FLAGS,
  INTERFACE_F_NOT_IN,
  INTERFACE_F_NOT_OUT,
  INTERFACE_IN,
  INTERFACE_IN_MASK,
  INTERFACE_OUT,
  INTERFACE_OUT_MASK,
  PROTOCOL6_NOT,
  PROTOCOL6_PROTO,
} from '../../../src/abi/match.ts'
import {
  RULE_DST,
  RULE_DST_MASK,
  RULE_FLAGS,
  RULE_F_FRAGMENT,
  RULE_F_NOT_DST,
  RULE_F_NOT_DST6,
  RULE_F_NOT_FRAGMENT,
  RULE_F_NOT_PROTO,
  RULE_F_NOT_SRC,
  RULE_F_NOT_SRC6,
  RULE_F_PROTO,
  RULE_PROTO,
  RULE_SRC,
  RULE_SRC_MASK,
} from '../../../src/abi/rule.ts'
import { ADDR_LAST_WORD, TUPLE_DST, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { Link } from '../../netns/link.ts'
import { Skb } from '../../packet/skb.ts'
import { Xt } from '../xt.ts'

/** The name of an interface that is not there. */
const NO_NAME = memory.data(16, 16)

export abstract class Header {
  @inline static test(skb: usize, rule: usize): bool {
    const flags = load<u32>(rule, RULE_FLAGS)
    const src = load<u32>(skb, TUPLE_SRC + ADDR_LAST_WORD) & load<u32>(rule, RULE_SRC_MASK)
    if ((src != load<u32>(rule, RULE_SRC)) != ((flags & RULE_F_NOT_SRC) != 0)) return false
    const dst = load<u32>(skb, TUPLE_DST + ADDR_LAST_WORD) & load<u32>(rule, RULE_DST_MASK)
    if ((dst != load<u32>(rule, RULE_DST)) != ((flags & RULE_F_NOT_DST) != 0)) return false
    if (flags & RULE_F_PROTO) {
      const other = Xt.proto != (load<u8>(rule, RULE_PROTO) as i32)
      if (other != ((flags & RULE_F_NOT_PROTO) != 0)) return false
    }
    const whole = (flags & RULE_F_FRAGMENT) != 0 && Xt.fragoff == 0
    return whole == ((flags & RULE_F_NOT_FRAGMENT) != 0)
  }

  static address6(skb: usize, rule: usize, record: usize): bool {
    const flags = load<u32>(rule, RULE_FLAGS)
    const src = Header.differs(skb + TUPLE_SRC, record + ADDRESS6_SRC, record + ADDRESS6_SRC_MASK)
    if (src != ((flags & RULE_F_NOT_SRC6) != 0)) return false
    const dst = Header.differs(skb + TUPLE_DST, record + ADDRESS6_DST, record + ADDRESS6_DST_MASK)
    return dst == ((flags & RULE_F_NOT_DST6) != 0)
  }

  static interfaces(skb: usize, record: usize): bool {
    const flags = load<u32>(record, INTERFACE_FLAGS)
    const indev = Header.name(Skb.indev(skb))
    const noIn = Header.differs(indev, record + INTERFACE_IN, record + INTERFACE_IN_MASK)
    if (noIn != ((flags & INTERFACE_F_NOT_IN) != 0)) return false
    const outdev = Header.name(Skb.outdev(skb))
    const noOut = Header.differs(outdev, record + INTERFACE_OUT, record + INTERFACE_OUT_MASK)
    return noOut == ((flags & INTERFACE_F_NOT_OUT) != 0)
  }

  static protocol6(record: usize): bool {
    if (Xt.proto < 0) {
      Xt.hotdrop = true
      return false
    }
    const other = Xt.proto != (load<u8>(record, PROTOCOL6_PROTO) as i32)
    return other == (load<u8>(record, PROTOCOL6_NOT) != 0)
  }

  /** 16 bytes of `value` differ from `want` where `mask` has ones. */
  @inline private static differs(value: usize, want: usize, mask: usize): bool {
    return v128.any_true(v128.and(v128.xor(v128.load(value), v128.load(want)), v128.load(mask)))
  }

  @inline private static name(link: usize): usize {
    return link != 0 ? Link.name(link) : NO_NAME
  }
}
