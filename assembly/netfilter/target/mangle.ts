// TTL and HL (net/netfilter/xt_HL.c), TOS and DSCP (xt_DSCP.c): fields of the IP header, with its checksum.

import { HOPS_DEC, HOPS_SET } from '../../../src/abi/target.ts'
import { NFPROTO_IPV4 } from '../../../src/abi/verdict.ts'
import { Checksum } from '../../packet/checksum.ts'
import { Skb } from '../../packet/skb.ts'
import { Field } from '../match/fields.ts'

export abstract class Mangle {
  /** `arg`: operation << 8 | value. */
  static hops(skb: usize, arg: u32): void {
    const value = (arg & 255) as i32
    const old = Field.hops(skb) as i32
    const op = arg >> 8
    let now = value
    if (op == HOPS_DEC) now = max<i32>(old - value, 0)
    else if (op != HOPS_SET) now = min<i32>(old + value, 255)
    if (now == old) return
    const l3 = Skb.l3(skb)
    if (Skb.family(skb) == NFPROTO_IPV4) {
      store<u8>(l3, now, 8)
      Checksum.replace2(l3 + 10, old, now)
    } else store<u8>(l3, now, 7)
  }

  /** `arg`: mask << 8 | value; field = field & ~mask ^ value. */
  static dsfield(skb: usize, arg: u32): void {
    const old = Field.dsfield(skb)
    const now = ((old & ~(arg >> 8)) ^ arg) & 255
    if (now == old) return
    const l3 = Skb.l3(skb)
    if (Skb.family(skb) == NFPROTO_IPV4) {
      store<u8>(l3, now, 1)
      Checksum.replace2(l3 + 10, old << 8, now << 8)
    } else {
      store<u8>(l3, (load<u8>(l3) & 0xf0) | (now >> 4))
      store<u8>(l3, (load<u8>(l3, 1) & 0x0f) | (now << 4), 1)
    }
  }
}
