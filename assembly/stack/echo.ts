// The options of an answer: record route and timestamp of the packet it answers, this host written in once more
// (net/ipv4/ip_options.c: __ip_options_echo, ip_options_build).

import { ICMP_PARAMETERPROB, IP_CHECK, IP_HLEN, IP_TOTLEN, IP_VHL } from '../../src/abi/headers.ts'
import { SKB_ICMP_INFO, SKB_ICMP_TYPE, SKB_WORK, WORK_ICMP_ERROR } from '../../src/abi/skb.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Skb } from '../packet/skb.ts'
import { RECORD_ROUTE, Record, TIMESTAMP, TS_ADDRESSES, TS_PRESPECIFIED } from './record.ts'

export abstract class Echo {
  /** Bytes of options in an answer to the packet `about`, -1 when its options allow no answer. */
  static length(about: usize): i32 {
    const l3 = Skb.l3(about)
    if (Record.headerLength(l3) <= (IP_HLEN as u32)) return 0
    let length: u32 = 0
    const route = Echo.find(about, RECORD_ROUTE)
    if (route != 0) {
      const pointer: u32 = load<u8>(route, 2)
      const size: u32 = load<u8>(route, 1)
      if (pointer <= size && pointer + 3 > size) return -1
      length += size
    }
    const time = Echo.find(about, TIMESTAMP)
    if (time != 0) {
      const size: u32 = load<u8>(time, 1)
      let pointer: u32 = load<u8>(time, 2)
      if (pointer <= size) {
        const kind: u32 = load<u8>(time, 3) & 15
        if (kind == TS_ADDRESSES) {
          if (pointer + 3 > size) return -1
          pointer += 4
        }
        if ((kind == 0 || kind == TS_ADDRESSES) && pointer + 3 > size) return -1
      }
      length += size
    }
    return ((length + 3) & ~3) as i32
  }

  /** Puts `options` bytes, as `length` gave them, into a finished answer, whose buffer has room for them. */
  static write(skb: usize, about: usize, options: i32): void {
    if (options == 0) return
    const l3 = Skb.l3(skb)
    const total = Skb.l3len(skb)
    const first = l3 + IP_HLEN
    memory.copy(first + options, first, total - IP_HLEN)
    memory.fill(first, 0, options)
    const own = Address.v4(Skb.src(skb))
    let at = first
    const route = Echo.find(about, RECORD_ROUTE)
    if (route != 0) {
      const size: u32 = load<u8>(route, 1)
      const pointer: u32 = load<u8>(route, 2)
      memory.copy(at, route, size)
      if (pointer <= size) {
        store<u32>(at + pointer - 1, own)
        store<u8>(at, pointer + 4, 2)
      }
      at += size
    }
    const time = Echo.find(about, TIMESTAMP)
    if (time != 0) {
      memory.copy(at, time, load<u8>(time, 1))
      Echo.stamp(skb, at, own)
    }
    store<u8>(l3, 0x45 + (options >> 2), IP_VHL)
    store<u16>(l3, bswap<u16>((total + options) as u16), IP_TOTLEN)
    store<u16>(l3, 0, IP_CHECK)
    store<u16>(l3, Checksum.of(l3, IP_HLEN + options), IP_CHECK)
    Skb.setL3len(skb, total + options)
    Skb.setLen(skb, total + options)
    Skb.setL4(skb, Skb.l4(skb) + options)
  }

  private static stamp(skb: usize, option: usize, own: u32): void {
    const size: u32 = load<u8>(option, 1)
    const kind: u32 = load<u8>(option, 3) & 15
    let pointer: u32 = load<u8>(option, 2)
    if (pointer > size) return
    switch (kind) {
      case 0:
        pointer += 4
        break
      case TS_ADDRESSES:
        store<u32>(option + pointer - 1, own)
        pointer += 8
        break
      case TS_PRESPECIFIED:
        if (pointer + 7 > size || Record.isUnicast(skb, load<u32>(option + pointer - 1))) return
        pointer += 8
        break
      default:
        return
    }
    store<u32>(option + pointer - 5, Record.timeOfDay())
    store<u8>(option, pointer, 2)
  }

  /** Address of an option. What stands behind the one that a parameter problem is about was never read. */
  private static find(about: usize, kind: u32): usize {
    const l3 = Skb.l3(about)
    let end = Record.headerLength(l3)
    const parameter =
      load<u8>(about, SKB_WORK) == WORK_ICMP_ERROR && load<u8>(about, SKB_ICMP_TYPE) == ICMP_PARAMETERPROB
    if (parameter) end = min(end, load<u32>(about, SKB_ICMP_INFO) & 255)
    const at = Record.find(l3, end, kind)
    return at != 0 ? l3 + at : 0
  }
}
