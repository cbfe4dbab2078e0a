// Splitting packets on output (net/ipv4/ip_output.c: ip_do_fragment; net/ipv6/ip6_output.c: ip6_fragment). A datagram
// that was reassembled for conntrack is cut where its fragments were cut when they all fit, else into equal pieces.
// Where it was cut is kept behind the datagram, as a list of u16 lengths of data (see `Defrag`).

import {
  IP6_HLEN,
  IP6_NEXT,
  IP6_PAYLOAD,
  IPV6_MIN_MTU,
  IP_CHECK,
  IP_DF,
  IP_FRAGOFF,
  IP_HLEN,
  IP_MF,
  IP_OFFSET,
  IP_TOTLEN,
  IP_VHL,
  NEXTHDR_DEST,
  NEXTHDR_FRAGMENT,
  NEXTHDR_HOP,
  NEXTHDR_ROUTING,
} from '../../src/abi/headers.ts'
import { REASON_CONSUMED, REASON_NOMEM, REASON_PKT_TOO_BIG } from '../../src/abi/reason.ts'
import {
  IP_F_FRAG_DF,
  SKB_CLASS,
  SKB_CUTS,
  SKB_HEADER,
  SKB_NETWORK,
  SKB_ROOM,
  SKB_SERIAL,
} from '../../src/abi/skb.ts'
import { Random } from '../memory/random.ts'
import { Checksum } from '../packet/checksum.ts'
import { Pool } from '../packet/pool.ts'
import { Skb } from '../packet/skb.ts'
import { Drop } from './drop.ts'
import { Transmit } from './transmit.ts'

export abstract class Fragment {
  /** Sends an IPv4 packet in pieces of at most `mtu` bytes. The packet is consumed. */
  static v4(skb: usize, mtu: u32): void {
    const l3 = Skb.l3(skb)
    const header = ((load<u8>(l3, IP_VHL) & 15) as u32) << 2
    const total = Skb.l3len(skb)
    const most = Skb.fragMax(skb) != 0 ? min(mtu, Skb.fragMax(skb)) : mtu
    if (most < header + 8) {
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    const word = bswap<u16>(load<u16>(l3, IP_FRAGOFF)) as u32
    const base = (word & IP_OFFSET) << 3
    let cuts = Fragment.cutsFit(skb, most - header)
    const keep = cuts == 0 && Skb.ipFlags(skb) & IP_F_FRAG_DF ? IP_DF : 0
    const last: u32 = word & IP_MF
    let done: u32 = 0
    const data = total - header
    while (done < data) {
      let size = min(data - done, (most - header) & ~7)
      if (data - done <= most - header) size = data - done
      if (cuts != 0) {
        size = load<u16>(cuts)
        cuts += 2
      }
      const piece = Fragment.piece(skb, header, header + done, size)
      if (piece == 0) {
        Drop.packet(skb, REASON_NOMEM)
        return
      }
      const at = Skb.l3(piece)
      const more = done + size < data ? IP_MF : last
      store<u16>(at, bswap<u16>((header + size) as u16), IP_TOTLEN)
      store<u16>(at, bswap<u16>((((base + done) >> 3) | more | keep) as u16), IP_FRAGOFF)
      store<u16>(at, 0, IP_CHECK)
      store<u16>(at, Checksum.of(at, header), IP_CHECK)
      if (done == 0 && header > (IP_HLEN as u32)) Fragment.dropOptions(l3, header)
      Transmit.packet(piece)
      done += size
    }
    Drop.consume(skb, REASON_CONSUMED)
  }

  /** Sends an IPv6 packet in pieces of at most `mtu` bytes, a fragment header in each. The packet is consumed. */
  static v6(skb: usize, mtu: u32): void {
    const l3 = Skb.l3(skb)
    const total = Skb.l3len(skb)
    const header = Fragment.unfragmentable(l3, total)
    // What came in smaller fragments than any link may refuse leaves in larger ones.
    const most = Skb.fragMax(skb) != 0 ? min(mtu, max(Skb.fragMax(skb), IPV6_MIN_MTU as u32)) : mtu
    if (header == 0 || most < header + 16) {
      Drop.packet(skb, REASON_PKT_TOO_BIG)
      return
    }
    const room = most - header - 8
    let cuts = Fragment.cutsFit(skb, room)
    const nextAt = Fragment.nextHeaderAt(l3, header)
    const next: u32 = load<u8>(l3 + nextAt)
    const data = total - header
    const id = Fragment.id6()
    let done: u32 = 0
    while (done < data) {
      let size = data - done <= room ? data - done : room & ~7
      if (cuts != 0) {
        size = load<u16>(cuts)
        cuts += 2
      }
      const piece = Fragment.piece(skb, header + 8, header + done, size)
      if (piece == 0) {
        Drop.packet(skb, REASON_NOMEM)
        return
      }
      const at = Skb.l3(piece)
      memory.copy(at, l3, header)
      store<u8>(at + nextAt, NEXTHDR_FRAGMENT)
      const frag = at + header
      store<u8>(frag, next)
      store<u8>(frag, 0, 1)
      store<u16>(frag, bswap<u16>((done | (done + size < data ? 1 : 0)) as u16), 2)
      store<u32>(frag, id, 4)
      store<u16>(at, bswap<u16>((header - IP6_HLEN + 8 + size) as u16), IP6_PAYLOAD)
      Transmit.packet(piece)
      done += size
    }
    Drop.consume(skb, REASON_CONSUMED)
  }

  /** The identification of a datagram split here, also of one that was reassembled here (ipv6_select_ident): not 0. */
  private static id6(): u32 {
    let id = Random.u32()
    while (id == 0) id = Random.u32()
    return id
  }

  /** A new packet like `skb`: `header` bytes from its start (the caller may rewrite them), `size` bytes from `from`. */
  private static piece(skb: usize, header: u32, from: u32, size: u32): usize {
    const piece = Pool.take(header + size)
    if (piece == 0) return 0
    const kind = load<u8>(piece, SKB_CLASS)
    const room = load<u32>(piece, SKB_ROOM)
    const serial = load<u32>(piece, SKB_SERIAL)
    memory.copy(piece, skb, SKB_HEADER)
    store<u8>(piece, kind, SKB_CLASS)
    store<u32>(piece, room, SKB_ROOM)
    store<u32>(piece, serial, SKB_SERIAL)
    Skb.setCt(piece, 0)
    Skb.setFragMax(piece, 0)
    store<u32>(piece, 0, SKB_CUTS)
    const l3 = Skb.l3(skb)
    const at = piece + SKB_NETWORK
    memory.copy(at, l3, min(header, Skb.l3len(skb)))
    memory.copy(at + header, l3 + from, size)
    Skb.setData(piece, at)
    Skb.setLen(piece, header + size)
    Skb.setL3(piece, at)
    Skb.setL3len(piece, header + size)
    return piece
  }

  /** The list of cuts when each piece fits into `room` and all but the last can stand as fragments, else 0. */
  private static cutsFit(skb: usize, room: u32): usize {
    const cuts: usize = load<u32>(skb, SKB_CUTS)
    if (cuts == 0) return 0
    const count: u32 = load<u16>(cuts)
    for (let i: u32 = 0; i < count; i++) {
      const length = load<u16>(cuts + 2 + ((i as usize) << 1)) as u32
      if (length > room || (length & 7 && i + 1 < count)) return 0
    }
    return cuts + 2
  }

  /** ip_options_fragment: options without the copied bit become no-ops in all but the first fragment. */
  private static dropOptions(l3: usize, header: u32): void {
    let at: u32 = IP_HLEN
    while (at < header) {
      const kind = load<u8>(l3 + at) as u32
      if (kind == 0) return
      if (kind == 1) {
        at += 1
        continue
      }
      if (at + 2 > header) return
      const length = load<u8>(l3 + at, 1) as u32
      if (length < 2 || at + length > header) return
      if (!(kind & 0x80)) memory.fill(l3 + at, 1, length)
      at += length
    }
  }

  /** Bytes of the part that every fragment carries (ip6_find_1stfragopt), 0 when it is malformed. */
  private static unfragmentable(l3: usize, total: u32): u32 {
    let at: u32 = IP6_HLEN
    let next: u32 = load<u8>(l3, IP6_NEXT)
    let routing = false
    while (at + 8 <= total) {
      if (next == NEXTHDR_HOP || next == NEXTHDR_ROUTING || next == NEXTHDR_DEST) {
        if (next == NEXTHDR_ROUTING) routing = true
        // Destination options behind a routing header, or the last ones, are for the end point: fragmentable.
        if (next == NEXTHDR_DEST && routing) return at
        if (next == NEXTHDR_DEST && load<u8>(l3 + at) != NEXTHDR_ROUTING) return at
        next = load<u8>(l3 + at)
        at += ((load<u8>(l3 + at, 1) as u32) + 1) << 3
      } else return at
    }
    return at <= total ? at : 0
  }

  /** Offset of the next-header byte that announces the part behind `header`. */
  private static nextHeaderAt(l3: usize, header: u32): u32 {
    let where: u32 = IP6_NEXT
    let at: u32 = IP6_HLEN
    while (at < header) {
      where = at
      at += ((load<u8>(l3 + at, 1) as u32) + 1) << 3
    }
    return where
  }
}
