// Rewriting a packet's addresses and ports to those of a tuple, checksums along (net/netfilter/nf_nat_proto.c:
// nf_nat_manip_pkt and what it calls). Works on the packet itself and on the one quoted in an ICMP error.

import { Checksum } from '../../packet/checksum.ts'
import { Crc32c } from '../crc32c.ts'
import { Inner } from '../inner.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  Tuple,
} from '../tuple.ts'
import { NF_NAT_MANIP_SRC } from '../../../src/abi/nat.ts'
import { ADDR_LAST_WORD, TUPLE_DPORT, TUPLE_DST, TUPLE_SPORT, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import { NFPROTO_IPV4 } from '../../../src/abi/verdict.ts'

const IPV4_CHECK = 10
const IPV4_SADDR: usize = 12
const IPV4_DADDR: usize = 16
const IPV6_SADDR: usize = 8
const IPV6_DADDR: usize = 24

const TCP_CHECK: usize = 16
const TCP_SIZE: usize = 20
const UDP_CHECK: usize = 6
const UDP_SIZE: usize = 8
const SCTP_CHECK: usize = 8
const SCTP_SIZE: usize = 12
const ICMP_CHECK: usize = 2
const ICMP_ID: usize = 4
const ICMP_SIZE: usize = 8

export abstract class Manip {
  /**
   * Makes the packet at `l3` look like `target`, on the side that `manip` names. Nothing at or behind `end` is
   * touched. False when a header is cut short: the packet must be dropped.
   */
  static packet(l3: usize, end: usize, family: u32, target: usize, manip: i32): bool {
    const l4 = Inner.transport(l3, end, family)
    const source = manip == NF_NAT_MANIP_SRC
    const address = target + (source ? TUPLE_SRC : TUPLE_DST)
    if (family == NFPROTO_IPV4) {
      const field = l3 + (source ? IPV4_SADDR : IPV4_DADDR)
      // Conntrack has seen to it that this is no later fragment.
      if (l4 == 0 || !Manip.transport(l4, end, field, family, target, address, source)) return false
      const fresh = load<u32>(address, ADDR_LAST_WORD)
      Checksum.replace4(l3 + IPV4_CHECK, load<u32>(field), fresh)
      store<u32>(field, fresh)
      return true
    }
    const field = l3 + (source ? IPV6_SADDR : IPV6_DADDR)
    if (l4 != 0 && !Manip.transport(l4, end, field, family, target, address, source)) return false
    v128.store(field, v128.load(address))
    return true
  }

  /**
   * The same for a whole TCP header behind an IPv4 header without options. One sum for all that changes under a
   * checksum gives what one after the other would.
   */
  @inline static tcp4(l3: usize, address: u32, port: u32, source: bool): void {
    const field = l3 + (source ? IPV4_SADDR : IPV4_DADDR)
    const place = l3 + 20 + (source ? 0 : 2)
    const change = Checksum.change4(load<u32>(field), address)
    Checksum.apply(l3 + IPV4_CHECK, change)
    Checksum.apply(l3 + 20 + TCP_CHECK, change + Checksum.change2(load<u16>(place), port))
    store<u32>(field, address)
    store<u16>(place, port)
  }

  /** Bytes of a transport header that are written to, of `length` that are there: 0 when the packet is left alone. */
  static header(proto: u32, length: u32): u32 {
    switch (proto) {
      case IPPROTO_TCP:
        return length < (TCP_SIZE as u32) ? 8 : (TCP_SIZE as u32)
      case IPPROTO_SCTP:
        return length < (SCTP_SIZE as u32) ? 8 : (SCTP_SIZE as u32)
      case IPPROTO_UDP:
      case IPPROTO_UDPLITE:
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        return 8
      default:
        return 0
    }
  }

  private static transport(
    l4: usize,
    end: usize,
    field: usize,
    family: u32,
    target: usize,
    address: usize,
    source: bool,
  ): bool {
    switch (Tuple.proto(target)) {
      case IPPROTO_TCP:
        return Manip.tcp(l4, end, field, family, target, address, source)
      case IPPROTO_UDP:
        return Manip.udp(l4, end, field, family, target, address, source, false)
      case IPPROTO_UDPLITE:
        return Manip.udp(l4, end, field, family, target, address, source, true)
      case IPPROTO_SCTP:
        return Manip.sctp(l4, end, target, source)
      case IPPROTO_ICMP:
        return Manip.icmp(l4, end, target)
      case IPPROTO_ICMPV6:
        return Manip.icmp6(l4, end, field, family, target, address)
      default:
        return true
    }
  }

  /** An ICMP error guarantees the first eight bytes of what it quotes: ports, but not TCP's checksum. */
  private static tcp(
    l4: usize,
    end: usize,
    field: usize,
    family: u32,
    target: usize,
    address: usize,
    source: bool,
  ): bool {
    if (l4 + 8 > end) return false
    const old = Manip.setPort(l4, target, source)
    if (l4 + TCP_SIZE > end) return true
    Manip.addressChanged(l4 + TCP_CHECK, field, family, address)
    Checksum.replace2(l4 + TCP_CHECK, old, Manip.newPort(target, source))
    return true
  }

  /** A checksum of zero means none and stays; one that comes out as zero is sent as its complement. */
  private static udp(
    l4: usize,
    end: usize,
    field: usize,
    family: u32,
    target: usize,
    address: usize,
    source: bool,
    always: bool,
  ): bool {
    if (l4 + UDP_SIZE > end) return false
    const check = l4 + UDP_CHECK
    const old = Manip.setPort(l4, target, source)
    if (!always && load<u16>(check) == 0) return true
    Manip.addressChanged(check, field, family, address)
    Checksum.replace2(check, old, Manip.newPort(target, source))
    if (load<u16>(check) == 0) store<u16>(check, 0xffff)
    return true
  }

  private static sctp(l4: usize, end: usize, target: usize, source: bool): bool {
    if (l4 + 8 > end) return false
    Manip.setPort(l4, target, source)
    if (l4 + SCTP_SIZE <= end) store<u32>(l4, Crc32c.sctp(l4, (end - l4) as u32), SCTP_CHECK)
    return true
  }

  private static icmp(l4: usize, end: usize, target: usize): bool {
    if (l4 + ICMP_SIZE > end) return false
    switch (load<u8>(l4) as u32) {
      case 0:
      case 8:
      case 13:
      case 14:
      case 15:
      case 16:
      case 17:
      case 18:
        Manip.setId(l4, target)
    }
    return true
  }

  private static icmp6(
    l4: usize,
    end: usize,
    field: usize,
    family: u32,
    target: usize,
    address: usize,
  ): bool {
    if (l4 + ICMP_SIZE > end) return false
    Manip.addressChanged(l4 + ICMP_CHECK, field, family, address)
    const type: u32 = load<u8>(l4)
    if (type == 128 || type == 129) Manip.setId(l4, target)
    return true
  }

  @inline private static setId(l4: usize, target: usize): void {
    const id = load<u16>(target, TUPLE_SPORT)
    Checksum.replace2(l4 + ICMP_CHECK, load<u16>(l4, ICMP_ID), id)
    store<u16>(l4, id, ICMP_ID)
  }

  @inline private static newPort(target: usize, source: bool): u32 {
    return source ? load<u16>(target, TUPLE_SPORT) : load<u16>(target, TUPLE_DPORT)
  }

  /** Sets the port and gives the old one. */
  @inline private static setPort(l4: usize, target: usize, source: bool): u32 {
    const place = l4 + (source ? 0 : 2)
    const old: u32 = load<u16>(place)
    store<u16>(place, Manip.newPort(target, source))
    return old
  }

  /** The pseudo header changes with the address that is about to be replaced. */
  @inline private static addressChanged(check: usize, field: usize, family: u32, address: usize): void {
    if (family == NFPROTO_IPV4) Checksum.replace4(check, load<u32>(field), load<u32>(address, ADDR_LAST_WORD))
    else Checksum.replace16(check, field, address)
  }
}
