// IPv4 options and the options of IPv6's hop-by-hop and destination headers (net/ipv4/ip_options.c: __ip_options_compile;
// net/ipv6/exthdrs.c: ip6_parse_tlv). Source routes are refused, as a kernel with default sysctls does; record route
// and timestamp options are filled in (record.ts).

import {
  ICMPV6_HDR_FIELD,
  ICMPV6_PARAMPROB,
  ICMPV6_UNK_OPTION,
  ICMP_PARAMETERPROB,
  IP6_DST,
  IP6_HLEN,
  IP6_PAYLOAD,
  IP_HLEN,
  IP_VHL,
} from '../../src/abi/headers.ts'
import { NF_INET_PRE_ROUTING } from '../../src/abi/verdict.ts'
import { Address } from '../packet/address.ts'
import { Answer } from '../packet/answer.ts'
import { Parse } from '../packet/parse.ts'
import { Skb } from '../packet/skb.ts'
import { RECORD_ROUTE, Record, TIMESTAMP } from './record.ts'

/** No offset of a header: dropped without a word. */
const SILENT: u32 = 255
const LSRR: u32 = 131
const SSRR: u32 = 137
const ROUTER_ALERT: u32 = 148
const CIPSO: u32 = 134
const JUMBO: u32 = 0xc2
/** Bytes of padding in a row. */
const MOST_PADDING: u32 = 7
/** Options but padding in one header (sysctls max_hbh_opts_number, max_dst_opts_number). */
const MOST_OPTIONS: u32 = 8

export abstract class Options {
  /**
   * False: the packet is dropped. A malformed option is answered with a parameter problem that points to the byte at
   * fault; a source route is not.
   */
  static receive(skb: usize): bool {
    const l3 = Skb.l3(skb)
    const fault = Options.fault(skb, l3, ((load<u8>(l3, IP_VHL) & 15) as u32) << 2)
    if (fault == 0) return true
    if (fault != SILENT) Answer.icmpErrorInfo(skb, ICMP_PARAMETERPROB, 0, fault, NF_INET_PRE_ROUTING)
    return false
  }

  /** Offset in the header of the byte at fault, 0 when there is none, SILENT for a source route. */
  private static fault(skb: usize, l3: usize, end: u32): u32 {
    let at: u32 = IP_HLEN
    let seen: u32 = 0
    while (at < end) {
      const kind = load<u8>(l3 + at) as u32
      if (kind == 0) {
        memory.fill(l3 + at, 0, end - at)
        break
      }
      if (kind == 1) {
        at += 1
        continue
      }
      if (at + 2 > end) return at
      const length = load<u8>(l3 + at, 1) as u32
      if (length < 2 || at + length > end) return at
      let wrong: u32 = 0
      switch (kind) {
        case LSRR:
        case SSRR:
          if (length < 3) return at + 1
          if (load<u8>(l3 + at, 2) < 4) return at + 2
          if (seen & 4) return at
          seen |= 4
          break
        case RECORD_ROUTE:
          if (seen & 1) return at
          wrong = length < 3 ? 1 : Options.pointer(l3 + at, 4, length, 3)
          seen |= 1
          break
        case TIMESTAMP:
          if (seen & 2) return at
          wrong = length < 4 ? 1 : Options.timestamp(l3 + at, length)
          seen |= 2
          break
        case ROUTER_ALERT:
          if (length < 4) return at + 1
          break
        case CIPSO:
          return SILENT
      }
      if (wrong != 0) return at + wrong
      if (kind == RECORD_ROUTE) Record.route(skb, l3 + at)
      else if (kind == TIMESTAMP) Record.timestamp(skb, l3 + at)
      at += length
    }
    return seen & 4 ? SILENT : 0
  }

  /** 2 (the pointer's place in its option) unless it is at least `least` with room for `more` bytes behind it. */
  private static pointer(option: usize, least: u32, length: u32, more: u32): u32 {
    const pointer = load<u8>(option, 2) as u32
    return pointer < least || (pointer <= length && pointer + more > length) ? 2 : 0
  }

  private static timestamp(option: usize, length: u32): u32 {
    const kind = (load<u8>(option, 3) & 15) as u32
    const pointer = load<u8>(option, 2) as u32
    if (pointer < 5) return 2
    if (pointer > length) return kind != 3 && load<u8>(option, 3) >> 4 == 15 ? 3 : 0
    return Options.pointer(option, 5, length, kind == 1 || kind == 3 ? 7 : 3)
  }

  /** ipv6_parse_hopopts on a packet of `total` bytes. False: it is dropped, perhaps answered. */
  static hopByHop(skb: usize, l3: usize, total: u32): bool {
    if (total < (IP6_HLEN as u32) + 8) return false
    if ((IP6_HLEN as u32) + (((load<u8>(l3, IP6_HLEN + 1) as u32) + 1) << 3) > total) return false
    return Options.read(skb, l3, total, IP6_HLEN, true)
  }

  /** ipv6_destopt_rcv on a header that is all there, `at` bytes into a packet. False as above. */
  static destination(skb: usize, l3: usize, at: u32): bool {
    return Options.read(skb, l3, Skb.l3len(skb), at, false)
  }

  /** ip6_parse_tlv. */
  private static read(skb: usize, l3: usize, total: u32, start: u32, hops: bool): bool {
    const end = start + (((load<u8>(l3 + start, 1) as u32) + 1) << 3)
    let at = start + 2
    let padding: u32 = 0
    let count: u32 = 0
    while (at < end) {
      const kind = load<u8>(l3 + at) as u32
      if (kind == 0) {
        padding += 1
        if (padding > MOST_PADDING) return false
        at += 1
        continue
      }
      if (at + 2 > end) return false
      const size = (load<u8>(l3 + at, 1) as u32) + 2
      if (at + size > end) return false
      if (kind == 1) {
        padding += size
        if (padding > MOST_PADDING) return false
        for (let i: u32 = 2; i < size; i++) if (load<u8>(l3 + at + i) != 0) return false
      } else {
        padding = 0
        count += 1
        if (count > MOST_OPTIONS) return false
        if (hops && kind == 5) {
          if (size != 4) return false
        } else if (hops && kind == JUMBO) {
          if (!Options.jumbo(skb, l3, total, at)) return false
        } else if (!Options.tolerated(skb, l3, total, kind, at)) return false
      }
      at += size
    }
    return true
  }

  /** ipv6_hop_jumbo: no frame here is long enough for one that is right. */
  private static jumbo(skb: usize, l3: usize, total: u32, at: u32): bool {
    if (load<u8>(l3 + at, 1) != 4 || (at & 3) != 2) return false
    const length = bswap<u32>(load<u32>(l3 + at, 2))
    const payload = load<u16>(l3, IP6_PAYLOAD)
    if (length > 65535 && payload == 0) return false
    const fault = length <= 65535 ? at + 2 : at
    Parse.ip6(skb, l3, total)
    Answer.icmpErrorInfo(skb, ICMPV6_PARAMPROB, ICMPV6_HDR_FIELD, bswap<u32>(fault), NF_INET_PRE_ROUTING)
    return false
  }

  /** An unknown option's two high bits say what to do (ip6_tlvopt_unknown). */
  private static tolerated(skb: usize, l3: usize, total: u32, kind: u32, at: u32): bool {
    switch (kind >> 6) {
      case 0:
        return true
      case 1:
        return false
      case 3:
        if (Address.isMulticast6(l3 + IP6_DST)) return false
      default:
        Parse.ip6(skb, l3, total)
        Answer.icmpErrorInfo(skb, ICMPV6_PARAMPROB, ICMPV6_UNK_OPTION, bswap<u32>(at), NF_INET_PRE_ROUTING)
        return false
    }
  }
}
