// TCPMSS (net/netfilter/xt_TCPMSS.c): lowers the MSS option of a SYN, or adds one. Packets it cannot understand are
// dropped; a later fragment is left alone.

import { TCPMSS_CLAMP } from '../../../src/abi/target.ts'
import { RTN_LOCAL, RTN_UNICAST } from '../../../src/abi/route.ts'
import { SKB_ROOM } from '../../../src/abi/skb.ts'
import { TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4, NF_DROP } from '../../../src/abi/verdict.ts'
import { Fib } from '../../netns/fib.ts'
import { Link } from '../../netns/link.ts'
import { Route } from '../../netns/route.ts'
import { Checksum } from '../../packet/checksum.ts'
import { Cuts } from '../../packet/cuts.ts'
import { Skb } from '../../packet/skb.ts'
import { Xt } from '../xt.ts'
import { XT_CONTINUE } from './continue.ts'

const TCP_HEADER: u32 = 20
const TCP_HEADER_MAX: u32 = 60
const OPTION_NOP: u32 = 1
const OPTION_MSS: u32 = 2
const OPTION_MSS_LENGTH: u32 = 4
const ANY_MTU: u32 = 0xffffffff

export abstract class Tcpmss {
  static apply(skb: usize, wanted: u32): i32 {
    if (Xt.fragoff != 0) return XT_CONTINUE
    Cuts.linearize(skb)
    const th = Xt.thoff
    const length = (Xt.end - th) as u32
    if (Xt.end < th + TCP_HEADER) return NF_DROP
    const header = ((load<u8>(th, 12) >> 4) << 2) as u32
    if (length < header || header < TCP_HEADER) return NF_DROP
    const v4 = Skb.family(skb) == NFPROTO_IPV4
    let mss = wanted
    if (wanted == TCPMSS_CLAMP) {
      const headers: u32 = v4 ? 40 : 60
      const mtu = min<u32>(Link.mtu(Skb.outdev(skb)), Tcpmss.reverseMtu(skb))
      if (mtu <= headers) return NF_DROP
      mss = mtu - headers
    }
    for (let i = TCP_HEADER; i + OPTION_MSS_LENGTH <= header; i += Tcpmss.optionLength(th + i)) {
      const option = th + i
      if (load<u8>(option) != OPTION_MSS || load<u8>(option, 1) != OPTION_MSS_LENGTH) continue
      const old = ((load<u8>(option, 2) as u32) << 8) | load<u8>(option, 3)
      if (old <= (mss & 0xffff)) return XT_CONTINUE
      const now = bswap<u16>(mss as u16) as u32
      Checksum.replace2(th + 16, load<u16>(option, 2), now)
      store<u16>(option, now, 2)
      return XT_CONTINUE
    }
    // No option is added to a packet with data, which would not fit any more, nor to a full header.
    if (length > header || header >= TCP_HEADER_MAX) return XT_CONTINUE
    return Tcpmss.add(skb, th, length, min<u32>(mss, v4 ? 536 : 1220), v4)
  }

  private static add(skb: usize, th: usize, length: u32, mss: u32, v4: bool): i32 {
    if (Xt.end + OPTION_MSS_LENGTH > skb + load<u32>(skb, SKB_ROOM)) return NF_DROP
    const check = th + 16
    const option = th + TCP_HEADER
    memory.copy(option + OPTION_MSS_LENGTH, option, length - TCP_HEADER)
    Checksum.replace2(check, Tcpmss.network(length), Tcpmss.network(length + OPTION_MSS_LENGTH))
    store<u32>(option, OPTION_MSS | (OPTION_MSS_LENGTH << 8) | (Tcpmss.network(mss) << 16))
    Checksum.replace4(check, 0, load<u32>(option))
    const before = load<u16>(th, 12) as u32
    store<u8>(th, load<u8>(th, 12) + 0x10, 12)
    Checksum.replace2(check, before, load<u16>(th, 12))
    const l3 = Skb.l3(skb)
    if (v4) {
      const total = load<u16>(l3, 2) as u32
      const now = Tcpmss.network(Tcpmss.network(total) + OPTION_MSS_LENGTH)
      Checksum.replace2(l3 + 10, total, now)
      store<u16>(l3, now, 2)
    } else store<u16>(l3, Tcpmss.network(Tcpmss.network(load<u16>(l3, 4)) + OPTION_MSS_LENGTH), 4)
    Skb.setL3len(skb, Skb.l3len(skb) + OPTION_MSS_LENGTH)
    Skb.setL4len(skb, Skb.l4len(skb) + OPTION_MSS_LENGTH)
    Skb.setLen(skb, Skb.len(skb) + OPTION_MSS_LENGTH)
    Xt.end += OPTION_MSS_LENGTH
    return XT_CONTINUE
  }

  /** MTU of the route back to the sender, any when there is none. */
  private static reverseMtu(skb: usize): u32 {
    const route = Fib.lookup(Skb.netns(skb), Skb.family(skb), skb + TUPLE_SRC)
    if (route == 0) return ANY_MTU
    const type = Route.type(route)
    const dev = Route.dev(route)
    if (dev == 0 || (type != RTN_UNICAST && type != RTN_LOCAL)) return ANY_MTU
    return Link.mtu(dev)
  }

  /** Options of length 0 are stepped over as if they had one byte. */
  @inline private static optionLength(option: usize): u32 {
    const length = load<u8>(option, 1) as u32
    return (load<u8>(option) as u32) <= OPTION_NOP || length == 0 ? 1 : length
  }

  @inline private static network(value: u32): u32 {
    return bswap<u16>(value as u16) as u32
  }
}
