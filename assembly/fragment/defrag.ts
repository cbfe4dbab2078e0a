// Putting datagrams together: IPv4 as net/ipv4/ip_fragment.c: ip_defrag, IPv6 as conntrack does it
// (net/ipv6/netfilter/nf_conntrack_reasm.c: nf_ct_frag6_gather), which the stack does alike on local delivery. Who calls gets back the packet to go on with, whole or
// untouched, or 0 when it was kept or dropped.

import {
  DEFRAG_LOCAL_DELIVER,
  FRAGQ_ECN,
  FRAGQ_FLAGS,
  FRAGQ_F_FIRST_IN,
  FRAGQ_F_LAST_IN,
  FRAGQ_HEAD,
  FRAGQ_IIF,
  FRAGQ_LEN,
  FRAGQ_MAX_DF,
  FRAGQ_MAX_SIZE,
  FRAGQ_MEAT,
  FRAGQ_NHOFF,
  FRAGQ_USER,
} from '../../src/abi/fragment.ts'
import {
  IP6_HLEN,
  IP6_NEXT,
  IP6_PAYLOAD,
  IP6_VTF,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IP_CHECK,
  IP_DF,
  IP_FRAGOFF,
  IP_ID,
  IP_PROTO,
  IP_TOS,
  IP_TOTLEN,
  IP_VHL,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
  IPPROTO_ICMPV6,
  TCP_HLEN,
  UDP_HLEN,
  ICMP_HLEN,
} from '../../src/abi/headers.ts'
import { IP_F_DEFRAGGED, IP_F_FRAG_DF, SKB_CUTS, SKB_NETWORK, SKB_ROOM } from '../../src/abi/skb.ts'
import { Address } from '../packet/address.ts'
import { Checksum } from '../packet/checksum.ts'
import { Parse } from '../packet/parse.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { SkbCopy } from './copy.ts'
import { PIECE_DUPLICATE, PIECE_OK, Piece } from './piece.ts'
import { FragQueue } from './queue.ts'

const MAX_PACKET: u32 = 65535
const FRAGMENT_HEADER: u32 = 8
/** The ECN bits of a datagram of which no sense can be made. */
const ECN_INVALID: u32 = 0xff

export abstract class Defrag {
  /**
   * Takes an IPv4 fragment (fragoff or more-fragments set), `user` is DEFRAG_* plus the conntrack zone. Returns the
   * whole datagram, its fragments' geometry in SKB_FRAG_MAX and SKB_FRAG_LIST, or 0.
   */
  static in4(skb: usize, user: u32): usize {
    const l3 = Skb.l3(skb)
    const queue = FragQueue.find(skb, user, load<u16>(l3, IP_ID), load<u8>(l3, IP_PROTO), 0)
    if (queue == 0) {
      Pool.give(skb)
      return 0
    }
    const header = ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
    const word = bswap<u16>(load<u16>(l3, IP_FRAGOFF)) as u32
    const start = (word & 0x1fff) << 3
    const more = (word & 0x2000) != 0
    let end = start + Skb.l3len(skb) - header
    if (more) end &= ~7
    if (!Defrag.extends(queue, end, more) || end == start) return Defrag.discard(queue, skb)
    Skb.setL4(skb, l3 + header)
    Skb.setL4len(skb, end - start)
    Skb.setFragoff(skb, start)
    const placed = Piece.insert(queue, skb)
    if (placed != PIECE_OK) {
      if (placed != PIECE_DUPLICATE) return Defrag.discard(queue, skb)
      Pool.give(skb)
      return 0
    }
    const size = end - start + header
    store<u32>(queue, max(load<u32>(queue, FRAGQ_MAX_SIZE), size), FRAGQ_MAX_SIZE)
    if (word & IP_DF) store<u32>(queue, max(load<u32>(queue, FRAGQ_MAX_DF), size), FRAGQ_MAX_DF)
    return Defrag.counted(queue, skb, load<u8>(l3, IP_TOS)) ? Defrag.whole4(queue) : 0
  }

  /**
   * Takes any IPv6 packet: one without a fragment header, and one whose headers make no sense, is returned as it is.
   */
  static in6(skb: usize, user: u32): usize {
    const l3 = Skb.l3(skb)
    if (load<u16>(l3, IP6_PAYLOAD) == 0) return skb
    const at = Defrag.fragmentHeader(l3, Skb.l3len(skb))
    if (at == 0) return skb
    if (at + FRAGMENT_HEADER > Skb.l3len(skb)) {
      Pool.give(skb)
      return 0
    }
    if (Defrag.truncatedFirst(l3, at, Skb.l3len(skb))) return skb
    const header = l3 + at
    const dst = Skb.dst16(skb)
    const scoped = Address.isMulticast6(dst) || Address.isLinkLocal6(dst)
    const queue = FragQueue.find(skb, user, load<u32>(header, 4), 0, scoped ? Skb.indev(skb) : 0)
    if (queue == 0) {
      Pool.give(skb)
      return 0
    }
    const word = bswap<u16>(load<u16>(header, 2)) as u32
    const start = word & 0xfff8
    const more = (word & 1) != 0
    const payload = bswap<u16>(load<u16>(l3, IP6_PAYLOAD)) as u32
    const end = start + payload - (at + FRAGMENT_HEADER - IP6_HLEN)
    if (end > MAX_PACKET) {
      Pool.give(skb)
      return 0
    }
    if (more && end & 7) {
      FragQueue.kill(queue)
      return skb
    }
    if (!Defrag.extends(queue, end, more) || end == start) {
      // The stack's own reassembly gives up the datagram, conntrack's only the fragment.
      if (user == DEFRAG_LOCAL_DELIVER) FragQueue.kill(queue)
      Pool.give(skb)
      return 0
    }
    Skb.setL4(skb, header + FRAGMENT_HEADER)
    Skb.setL4len(skb, end - start)
    Skb.setFragoff(skb, start)
    const placed = Piece.insert(queue, skb)
    if (placed != PIECE_OK) {
      if (placed != PIECE_DUPLICATE) return Defrag.discard(queue, skb)
      Pool.give(skb)
      return 0
    }
    store<u32>(queue, max(load<u32>(queue, FRAGQ_MAX_SIZE), payload), FRAGQ_MAX_SIZE)
    if (start == 0) store<u32>(queue, namedAt, FRAGQ_NHOFF)
    const tos = (bswap<u16>(load<u16>(l3, IP6_VTF)) as u32) >> 4
    return Defrag.counted(queue, skb, tos) ? Defrag.whole6(queue) : 0
  }

  /**
   * Gives up datagrams whose time has come until one is found whose first fragment is there: returns that, for an
   * ICMP "reassembly time exceeded" (`Defrag.expiredUser()` tells who had asked for it), or 0 when none is left.
   */
  static expire(): usize {
    for (;;) {
      const queue = FragQueue.overdue()
      if (queue == 0) return 0
      if (!FragQueue.hasFirst(queue)) {
        FragQueue.kill(queue)
        continue
      }
      FragQueue.unlink(queue)
      const first: usize = load<u32>(queue, FRAGQ_HEAD)
      FragQueue.free(Skb.next(first))
      Skb.setNext(first, 0)
      Skb.setIndev(first, load<u32>(queue, FRAGQ_IIF))
      expiredUser = load<u32>(queue, FRAGQ_USER)
      return first
    }
  }

  @inline static expiredUser(): u32 {
    return expiredUser
  }

  /** Notes how far the datagram goes; false when the fragment contradicts what is known. */
  private static extends(queue: usize, end: u32, more: bool): bool {
    const length = load<u32>(queue, FRAGQ_LEN)
    const flags = load<u8>(queue, FRAGQ_FLAGS)
    const hasLast = (flags & FRAGQ_F_LAST_IN) != 0
    if (!more) {
      if (end < length || (hasLast && end != length)) return false
      store<u8>(queue, flags | FRAGQ_F_LAST_IN, FRAGQ_FLAGS)
    } else {
      if (end <= length) return true
      if (hasLast) return false
    }
    store<u32>(queue, end, FRAGQ_LEN)
    return true
  }

  /** Counts a piece that was placed; true when the datagram is complete. */
  private static counted(queue: usize, skb: usize, tos: u32): bool {
    const meat = load<u32>(queue, FRAGQ_MEAT) + Skb.l4len(skb)
    store<u32>(queue, meat, FRAGQ_MEAT)
    store<u8>(queue, (load<u8>(queue, FRAGQ_ECN) as u32) | ((1 as u32) << (tos & 3)), FRAGQ_ECN)
    store<u32>(queue, Skb.indev(skb) as u32, FRAGQ_IIF)
    let flags: u32 = load<u8>(queue, FRAGQ_FLAGS)
    if (Skb.fragoff(skb) == 0) flags |= FRAGQ_F_FIRST_IN
    store<u8>(queue, flags, FRAGQ_FLAGS)
    return flags == (FRAGQ_F_FIRST_IN | FRAGQ_F_LAST_IN) && meat == load<u32>(queue, FRAGQ_LEN)
  }

  private static discard(queue: usize, skb: usize): usize {
    FragQueue.kill(queue)
    Pool.give(skb)
    return 0
  }

  /** RFC 3168 5.3: CE with ECT is CE, not-ECT with anything else is a mistake, all else stays. */
  private static ecn(seen: u32): u32 {
    if (seen & 1) return seen == 1 ? 0 : ECN_INVALID
    return seen & 8 && seen & 6 ? 3 : 0
  }

  private static whole4(queue: usize): usize {
    FragQueue.unlink(queue)
    const first: usize = load<u32>(queue, FRAGQ_HEAD)
    const l3 = Skb.l3(first)
    const header = ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
    const length = header + load<u32>(queue, FRAGQ_LEN)
    const ecn = Defrag.ecn(load<u8>(queue, FRAGQ_ECN))
    const skb = ecn != ECN_INVALID && length <= MAX_PACKET ? SkbCopy.of(first, length) : 0
    if (skb == 0) {
      FragQueue.free(first)
      return 0
    }
    const ip = Skb.l3(skb)
    memory.copy(ip, l3, header)
    Defrag.gather(first, ip + header)
    const maxSize = load<u32>(queue, FRAGQ_MAX_SIZE)
    const maxDf = load<u32>(queue, FRAGQ_MAX_DF)
    const keepDf = maxDf == maxSize
    store<u16>(ip, bswap<u16>(length as u16), IP_TOTLEN)
    store<u8>(ip, load<u8>(ip, IP_TOS) | ecn, IP_TOS)
    store<u16>(ip, keepDf ? bswap<u16>(IP_DF as u16) : 0, IP_FRAGOFF)
    store<u16>(ip, 0, IP_CHECK)
    store<u16>(ip, Checksum.of(ip, header) as u16, IP_CHECK)
    let flags = Skb.ipFlags(skb)
    if (keepDf) flags |= IP_F_FRAG_DF
    if (load<u32>(queue, FRAGQ_USER) != DEFRAG_LOCAL_DELIVER) flags |= IP_F_DEFRAGGED
    Defrag.finish(queue, skb, first, max(maxDf, maxSize), flags)
    Parse.ip4(skb, ip, length)
    return skb
  }

  private static whole6(queue: usize): usize {
    FragQueue.unlink(queue)
    const first: usize = load<u32>(queue, FRAGQ_HEAD)
    const l3 = Skb.l3(first)
    const nhoff: usize = load<u32>(queue, FRAGQ_NHOFF)
    const fragment = Skb.l4(first) - FRAGMENT_HEADER
    const header = (fragment - l3) as u32
    const length = header + load<u32>(queue, FRAGQ_LEN)
    const ecn = Defrag.ecn(load<u8>(queue, FRAGQ_ECN))
    const skb = ecn != ECN_INVALID && length - IP6_HLEN <= MAX_PACKET ? SkbCopy.of(first, length) : 0
    if (skb == 0) {
      FragQueue.free(first)
      return 0
    }
    const ip = Skb.l3(skb)
    memory.copy(ip, l3, header)
    store<u8>(ip + nhoff, load<u8>(fragment))
    Defrag.gather(first, ip + header)
    store<u16>(ip, bswap<u16>((length - IP6_HLEN) as u16), IP6_PAYLOAD)
    store<u8>(ip, load<u8>(ip, 1) | (ecn << 4), 1)
    Defrag.finish(
      queue,
      skb,
      first,
      IP6_HLEN + load<u32>(queue, FRAGQ_MAX_SIZE),
      Skb.ipFlags(skb) | IP_F_DEFRAGGED,
    )
    Parse.ip6(skb, ip, length)
    return skb
  }

  private static gather(first: usize, to: usize): void {
    let piece = first
    while (piece != 0) {
      memory.copy(to + Piece.start(piece), Skb.l4(piece), Skb.l4len(piece))
      piece = Skb.next(piece)
    }
  }

  /** The pieces have done their work; only where the datagram was cut is kept, as its frag_list is in Linux. */
  private static finish(queue: usize, skb: usize, first: usize, fragMax: u32, flags: u32): void {
    Defrag.cuts(skb, first)
    FragQueue.free(first)
    Skb.setIndev(skb, load<u32>(queue, FRAGQ_IIF))
    Skb.setFragMax(skb, fragMax)
    Skb.setIpFlags(skb, flags)
  }

  /** Writes the pieces' lengths behind the datagram when there is room (output can do without them). */
  private static cuts(skb: usize, first: usize): void {
    const end = skb + load<u32>(skb, SKB_ROOM)
    const list = (skb + SKB_NETWORK + (Skb.l3len(skb) as usize) + 1) & ~1
    let at = list + 2
    let piece = first
    while (piece != 0) {
      if (at + 2 > end) return
      store<u16>(at, Skb.l4len(piece))
      at += 2
      piece = Skb.next(piece)
    }
    store<u16>(list, ((at - list - 2) >> 1) as u32)
    store<u32>(skb, list as u32, SKB_CUTS)
  }

  /**
   * Offset of the fragment header, 0 when there is none to be found (nf_conntrack_reasm.c: find_prev_fhdr). The offset
   * of the next-header byte that names it is left in `namedAt`.
   */
  private static fragmentHeader(l3: usize, length: u32): u32 {
    let nhoff: u32 = IP6_NEXT
    let at: u32 = IP6_HLEN
    for (;;) {
      const next: u32 = load<u8>(l3 + nhoff)
      if (next == NEXTHDR_FRAGMENT) break
      if (!Parse.isExtension(next) || next == NEXTHDR_NONE || at + 2 > length) return 0
      nhoff = at
      at += Defrag.extension(l3 + at, next)
    }
    if (at > length) return 0
    namedAt = nhoff
    return at
  }

  /** Length in bytes of an extension header of the given kind. */
  @inline private static extension(header: usize, kind: u32): u32 {
    if (kind == NEXTHDR_FRAGMENT) return FRAGMENT_HEADER
    const units = load<u8>(header, 1) as u32
    return kind == NEXTHDR_AUTH ? (units + 2) << 2 : (units + 1) << 3
  }

  /** A first fragment that does not hold all headers up to the transport's (ipv6frag_thdr_truncated). */
  static truncatedFirst(l3: usize, at: u32, length: u32): bool {
    if ((bswap<u16>(load<u16>(l3 + at, 2)) & 0xfff8) != 0) return false
    let next: u32 = load<u8>(l3 + at)
    let here = at + FRAGMENT_HEADER
    while (Parse.isExtension(next)) {
      if (next == NEXTHDR_NONE) return false
      if (here + 2 > length) return false
      const header = l3 + here
      here += Defrag.extension(header, next)
      next = load<u8>(header)
    }
    let need: u32 = 1
    if (next == IPPROTO_TCP) need = TCP_HLEN
    else if (next == IPPROTO_UDP) need = UDP_HLEN
    else if (next == IPPROTO_ICMPV6) need = ICMP_HLEN
    return here + need > length
  }
}

let expiredUser: u32 = 0
let namedAt: u32 = 0
