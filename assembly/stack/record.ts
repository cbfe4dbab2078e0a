// Record route and timestamp options: a host that receives or forwards a packet writes itself into them
// (net/ipv4/ip_options.c: __ip_options_compile, ip_forward_options). Only forwarding corrects the header checksum.

import { RT_SCOPE_LINK, RT_SCOPE_UNIVERSE } from '../../src/abi/address.ts'
import { IP_CHECK, IP_HLEN, IP_VHL } from '../../src/abi/headers.ts'
import { RTN_MULTICAST, RTN_UNICAST } from '../../src/abi/route.ts'
import { IP_F_RECORD_ROUTE } from '../../src/abi/skb.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Time } from '../memory/time.ts'
import { Addr } from '../netns/addr.ts'
import { Fib } from '../netns/fib.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { Output4 } from './output4.ts'
import { Rt } from './route.ts'

export const RECORD_ROUTE: u32 = 7
export const TIMESTAMP: u32 = 68
export const TS_ADDRESSES: u32 = 1
export const TS_PRESPECIFIED: u32 = 3

const ADDRESS = memory.data(16, 8)

export abstract class Record {
  /** A received option that was found right: takes an address if it has room. */
  static route(skb: usize, option: usize): void {
    const pointer: u32 = load<u8>(option, 2)
    if (pointer > (load<u8>(option, 1) as u32)) return
    store<u32>(option + pointer - 1, Record.specificDestination(skb))
    store<u8>(option, pointer + 4, 2)
    Skb.setIpFlags(skb, Skb.ipFlags(skb) | IP_F_RECORD_ROUTE)
  }

  /** The same with a time; one without room counts the hosts that found none. */
  static timestamp(skb: usize, option: usize): void {
    const pointer: u32 = load<u8>(option, 2)
    const kind: u32 = load<u8>(option, 3) & 15
    if (pointer > (load<u8>(option, 1) as u32)) {
      if (kind != TS_PRESPECIFIED) store<u8>(option, load<u8>(option, 3) + 16, 3)
      return
    }
    let slot = option + pointer - 1
    if (kind != 0 && kind != TS_ADDRESSES && kind != TS_PRESPECIFIED) return
    if (kind == TS_PRESPECIFIED && Record.isUnicast(skb, load<u32>(slot))) return
    if (kind == TS_ADDRESSES) store<u32>(slot, Record.specificDestination(skb))
    if (kind != 0) slot += 4
    store<u32>(slot, Record.timeOfDay())
    store<u8>(option, pointer + (kind == 0 ? 4 : 8), 2)
  }

  /** Behind FORWARD: the recorded address becomes that of the interface the packet leaves by. */
  static forward(skb: usize): void {
    const l3 = Skb.l3(skb)
    const header = Record.headerLength(l3)
    if (Skb.ipFlags(skb) & IP_F_RECORD_ROUTE) {
      const at = Record.find(l3, header, RECORD_ROUTE)
      const route = Skb.dst(skb)
      if (at != 0 && route != 0) {
        const option = l3 + at
        Output4.preferred(route, Skb.dst16(skb), ADDRESS)
        store<u32>(option + load<u8>(option, 2) - 5, Address.v4(ADDRESS))
      }
    }
    store<u16>(l3, 0, IP_CHECK)
    store<u16>(l3, Checksum.of(l3, header), IP_CHECK)
  }

  /** Offset in the header of the first option of a kind that ends within `end`, 0 when there is none. */
  static find(l3: usize, end: u32, wanted: u32): u32 {
    let at: u32 = IP_HLEN
    while (at < end) {
      const kind = load<u8>(l3 + at) as u32
      if (kind == 0) return 0
      if (kind == 1) {
        at += 1
        continue
      }
      if (at + 2 > end) return 0
      const length = load<u8>(l3 + at, 1) as u32
      if (length < 2 || at + length > end) return 0
      if (kind == wanted) return at
      at += length
    }
    return 0
  }

  /** Milliseconds since midnight UT, network order (inet_current_timestamp). */
  static timeOfDay(): u32 {
    return bswap<u32>(((Time.now() / 1000) % 86400000) as u32)
  }

  static isUnicast(skb: usize, address: u32): bool {
    Address.mapped(ADDRESS, address)
    return Fib.addressType(Skb.netns(skb), NFPROTO_IPV4, ADDRESS, 0) == RTN_UNICAST
  }

  /** Bytes of IPv4 header. */
  @inline static headerLength(l3: usize): u32 {
    return ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
  }

  /** fib_compute_spec_dst: the address by which a packet's sender knows this host. */
  private static specificDestination(skb: usize): u32 {
    if (Rt.isLocal(skb) && !Rt.isMany(skb)) return Address.v4(Skb.dst16(skb))
    const src = Skb.src(skb)
    let scope: u32 = RT_SCOPE_LINK
    if (!Address.isZeronet4(Address.v4(src))) {
      scope = RT_SCOPE_UNIVERSE
      const route = Fib.lookup(Skb.netns(skb), NFPROTO_IPV4, src)
      if (route != 0 && Route.type(route) <= (RTN_MULTICAST as u32)) {
        Output4.preferred(route, src, ADDRESS)
        return Address.v4(ADDRESS)
      }
    }
    const chosen = Addr.select4(Skb.indev(skb), src, scope)
    return chosen != 0 ? Address.v4(chosen) : 0
  }
}
