// Connection tracking of a packet: from the tuple to the entry and its ctinfo, and the entry's confirmation when the
// packet leaves (net/netfilter/nf_conntrack_core.c: nf_conntrack_in, resolve_normal_ct, init_conntrack,
// __nf_conntrack_confirm). No expectations and no helpers. nf_conntrack_acct is always off.
//
// A packet that is not valid keeps SKB_CT 0 and a ctinfo other than UNTRACKED: that is what `INVALID` means.

import { Netns } from '../netns/netns.ts'
import { Skb } from '../packet/skb.ts'
import { Clash } from './clash.ts'
import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Gc } from './gc.ts'
import { Icmp } from './icmp.ts'
import { IcmpError } from './icmpError.ts'
import { Life } from './life.ts'
import { Lookup } from './lookup.ts'
import { Sctp } from './sctp.ts'
import { Slab } from './slab.ts'
import { Table } from './table.ts'
import { Established } from './tcp/established.ts'
import { Tcp } from './tcp/tracker.ts'
import { Template } from './template.ts'
import { IPPROTO_GRE, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from './tuple.ts'
import { IPPROTO_DCCP, IPPROTO_UDPLITE, Tuple } from './tuple.ts'
import { Udp } from './udp.ts'
import {
  CTNET_COUNT,
  CTNET_GENERIC_TIMEOUT,
  CTNET_MAX,
  CTNET_STAT_DROP,
  CTNET_STAT_ERROR,
  CTNET_STAT_INSERT_FAILED,
  CTNET_STAT_INVALID,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IPS_TEMPLATE,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
  IP_CT_ESTABLISHED,
  IP_CT_ESTABLISHED_REPLY,
  IP_CT_NEW,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
  IP_CT_UNTRACKED,
} from '../../src/abi/conntrack.ts'
import { TUPLE_SPORT } from '../../src/abi/tuple.ts'
import { SKB_F_MORE_FRAGMENTS } from '../../src/abi/skb.ts'
import {
  NFPROTO_IPV4,
  NF_ACCEPT,
  NF_DROP,
  NF_INET_LOCAL_OUT,
  NF_INET_PRE_ROUTING,
} from '../../src/abi/verdict.ts'
import { RESOLVE_FULL, TRACK_REPEAT } from './verdict.ts'

/** A key being made, for lookups of tuples that are not in the packet's record. */
const SCRATCH = memory.data(64, 64)
const PORTLESS = memory.data(48, 16)

export abstract class Conntrack {
  /** The block of a new namespace, 0 when memory cannot grow. */
  static netnsInit(netnsId: u32): usize {
    return CtNet.create(netnsId)
  }

  /** A namespace goes: its entries too, and the block unless a packet under way still counts in it. */
  static netnsExit(net: usize): void {
    for (let n: u32 = 0; n < Slab.touched(); n++) {
      const ct = Slab.at(n)
      if (Life.isInTable(ct) && Ct.net(ct) == net) Life.kill(ct)
    }
    if (CtNet.get(net, CTNET_COUNT) == 0) CtNet.destroy(net)
  }

  /** Between packets: room for `entries` entries more. See Life.makeRoom. */
  @inline static makeRoom(entries: u32): bool {
    return Life.makeRoom(entries)
  }

  /**
   * Tracks a packet at PRE_ROUTING or LOCAL_OUT: sets SKB_CT and SKB_CTINFO. NF_DROP only when the table is full; an
   * invalid packet is accepted, without an entry.
   */
  @inline static in(skb: usize, hook: u32): i32 {
    return hook == NF_INET_PRE_ROUTING && Conntrack.follow(skb, hook) ? NF_ACCEPT : Conntrack.track(skb, hook)
  }

  /**
   * A received segment that goes on with an established connection of the default zone: the whole of `track` for it.
   * False, and nothing has changed, for every other packet.
   */
  @inline private static follow(skb: usize, hook: u32): bool {
    if (((Skb.ct(skb) as u32) | Skb.ctinfo(skb) | Established.differs(skb)) != 0) return false
    const ref = Table.find(skb, CtNet.netnsId(Netns.ct(Skb.netns(skb))), 0)
    if (ref == 0) return false
    const ct = Ref.ct(ref)
    const dir = Ref.dir(ref)
    if (Ct.isExpired(ct)) return false
    if (!Established.packet(ct, skb, dir, hook)) return false
    Ct.hold(ct)
    Skb.setCt(skb, ct)
    Skb.setCtinfo(skb, dir * IP_CT_ESTABLISHED_REPLY)
    return true
  }

  private static track(skb: usize, hook: u32): i32 {
    let zones: u32 = 0
    const attached = Skb.ct(skb)
    if (attached != 0) {
      if (!Ct.isTemplate(attached)) return NF_ACCEPT
      zones = Template.zones(attached, skb)
      Skb.setCt(skb, 0)
    } else if (Skb.ctinfo(skb) == IP_CT_UNTRACKED) {
      return NF_ACCEPT
    }
    Skb.setCtinfo(skb, IP_CT_ESTABLISHED)

    // A local sender that fragments by itself is left alone (nf_conntrack_proto.c: ipv4_conntrack_local).
    if (hook == NF_INET_LOCAL_OUT && Skb.family(skb) == NFPROTO_IPV4) {
      if (Skb.fragoff(skb) != 0 || Skb.hasFlag(skb, SKB_F_MORE_FRAGMENTS)) return NF_ACCEPT
    }

    const net = Netns.ct(Skb.netns(skb))
    if (Skb.l4(skb) == 0) {
      CtNet.count(net, CTNET_STAT_INVALID)
      return NF_ACCEPT
    }

    const proto = Skb.proto(skb)
    if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
      if (!IcmpError.inspect(skb, net, zones, hook)) {
        CtNet.count(net, CTNET_STAT_ERROR)
        return NF_ACCEPT
      }
      if (Skb.ct(skb) != 0 || Skb.ctinfo(skb) == IP_CT_UNTRACKED) return NF_ACCEPT
    }

    for (;;) {
      const ct = Conntrack.resolve(skb, net, zones)
      if (ct == RESOLVE_FULL) {
        CtNet.count(net, CTNET_STAT_DROP)
        return NF_DROP
      }
      if (ct == 0) {
        CtNet.count(net, CTNET_STAT_INVALID)
        return NF_ACCEPT
      }
      const ctinfo = Skb.ctinfo(skb)
      const verdict = Conntrack.handle(ct, skb, ctinfo, hook)
      if (verdict == NF_ACCEPT) {
        if (ctinfo == IP_CT_ESTABLISHED_REPLY) Ct.setStatus(ct, IPS_SEEN_REPLY)
        return NF_ACCEPT
      }
      Life.put(ct)
      Skb.setCt(skb, 0)
      Skb.setCtinfo(skb, IP_CT_ESTABLISHED)
      if (verdict == TRACK_REPEAT) continue
      CtNet.count(net, CTNET_STAT_INVALID)
      return NF_ACCEPT
    }
  }

  /**
   * Confirms the packet's entry at LOCAL_IN or POST_ROUTING, the last hook: from here on it is found by others.
   * NF_DROP when a clash cannot be resolved.
   */
  @inline static confirm(skb: usize): i32 {
    const ct = Skb.ct(skb)
    if (ct == 0) return NF_ACCEPT
    return Ct.has(ct, IPS_CONFIRMED | IPS_TEMPLATE) ? NF_ACCEPT : Conntrack.confirmNew(skb, ct)
  }

  private static confirmNew(skb: usize, ct: usize): i32 {
    // An answer made here carries the entry of the packet it answers: that packet confirms it.
    if (Ct.dirOf(Skb.ctinfo(skb)) != IP_CT_DIR_ORIGINAL) return NF_ACCEPT
    if (Ct.isDying(ct)) {
      CtNet.count(Ct.net(ct), CTNET_STAT_INSERT_FAILED)
      return NF_DROP
    }
    const id = CtNet.netnsId(Ct.net(ct))
    let other = Life.find(Ct.original(ct), id, Ct.zone(ct, IP_CT_DIR_ORIGINAL))
    if (other == 0) other = Life.find(Ct.reply(ct), id, Ct.zone(ct, IP_CT_DIR_REPLY))
    if (other != 0) return Clash.resolve(skb, ct, other)
    Life.confirm(ct, false)
    return NF_ACCEPT
  }

  /** The packet is freed, or gives its entry up. */
  @inline static put(skb: usize): void {
    const ct = Skb.ct(skb)
    if (ct == 0) return
    if (!Ct.isTemplate(ct)) Life.put(ct)
    Skb.setCt(skb, 0)
  }

  /** A packet made in answer to another one belongs to the same entry, the other way round (nf_conntrack_attach). */
  static attach(answer: usize, skb: usize): void {
    const ct = Skb.ct(skb)
    if (ct == 0 || Ct.isTemplate(ct)) return
    Ct.hold(ct)
    Skb.setCt(answer, ct)
    const original = Ct.dirOf(Skb.ctinfo(skb)) == IP_CT_DIR_ORIGINAL
    Skb.setCtinfo(answer, original ? IP_CT_RELATED_REPLY : IP_CT_RELATED)
  }

  /** A copy of a packet carries the same entry (nf_copy, `__nf_copy`). */
  static share(copy: usize, skb: usize): void {
    const ct = Skb.ct(skb)
    if (ct != 0 && !Ct.isTemplate(ct)) Ct.hold(ct)
    Skb.setCt(copy, ct)
    Skb.setCtinfo(copy, Skb.ctinfo(skb))
  }

  /** A TCP reset was sent for the packet: its confirmed connection is closed (nf_conntrack_tcp_set_closing). */
  static setClosing(skb: usize): void {
    const ct = Skb.ct(skb)
    if (ct != 0 && Ct.isConfirmed(ct) && Ct.proto(ct) == IPPROTO_TCP) Tcp.setClosing(ct)
  }

  /** resolve_normal_ct: finds or makes the entry and sets the packet's. 0 when there can be none, or RESOLVE_FULL. */
  private static resolve(skb: usize, net: usize, zones: u32): usize {
    const id = CtNet.netnsId(net)
    // Shorter than any header that a tuple is made of.
    if (Skb.l4len(skb) < 8 && !Conntrack.hasTuple(skb)) return 0
    const tuple = Conntrack.tupleOf(skb)
    const ref = Lookup.find(tuple, id, zones)
    let ct: usize
    let ctinfo: u32
    if (ref == 0) {
      ct = Conntrack.create(tuple, net, id, zones)
      if (ct == 0 || ct == RESOLVE_FULL) return ct
      ctinfo = IP_CT_NEW
    } else {
      ct = Ref.ct(ref)
      Ct.hold(ct)
      if (Ref.dir(ref) == IP_CT_DIR_REPLY) ctinfo = IP_CT_ESTABLISHED_REPLY
      else if (Ct.has(ct, IPS_SEEN_REPLY)) ctinfo = IP_CT_ESTABLISHED
      else if (Ct.has(ct, IPS_EXPECTED)) ctinfo = IP_CT_RELATED
      else ctinfo = IP_CT_NEW
    }
    Skb.setCt(skb, ct)
    Skb.setCtinfo(skb, ctinfo)
    return ct
  }

  /** Whether the packet holds the header its tuple is made of (nf_ct_get_tuple). */
  private static hasTuple(skb: usize): bool {
    switch (Skb.proto(skb)) {
      case IPPROTO_TCP:
      case IPPROTO_UDP:
      case IPPROTO_UDPLITE:
      case IPPROTO_SCTP:
        return Skb.l4len(skb) >= 4
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        return Skb.l4len(skb) >= 8
      default:
        return true
    }
  }

  /** The packet's own tuple, but for DCCP, whose ports conntrack knows no more (since Linux 6.17). */
  @inline private static tupleOf(skb: usize): usize {
    if (Skb.proto(skb) != IPPROTO_DCCP) return skb
    Tuple.copy(PORTLESS, skb)
    store<u32>(PORTLESS, 0, TUPLE_SPORT)
    return PORTLESS
  }

  /** init_conntrack. */
  private static create(tuple: usize, net: usize, id: u32, zones: u32): usize {
    if (!Tuple.invert(SCRATCH, tuple)) return 0
    const max = CtNet.get(net, CTNET_MAX)
    if (max != 0 && CtNet.get(net, CTNET_COUNT) >= max) {
      const hash = Table.hash(tuple, Table.lastWord(tuple, id), zones & 0xffff)
      if (!Gc.earlyDrop(net, hash)) {
        Life.wantEarlyDrop(true)
        return RESOLVE_FULL
      }
    }
    const ct = Life.create(net)
    if (ct == 0) return RESOLVE_FULL
    Tuple.copy(Ct.original(ct), tuple)
    Table.seal(Ct.original(ct), id, zones & 0xffff)
    Tuple.copy(Ct.reply(ct), SCRATCH)
    Table.seal(Ct.reply(ct), id, zones >> 16)
    return ct
  }

  /** nf_conntrack_handle_packet: NF_ACCEPT, or TRACK_INVALID, or TRACK_REPEAT after a connection was given up. */
  private static handle(ct: usize, skb: usize, ctinfo: u32, hook: u32): i32 {
    switch (Ct.proto(ct)) {
      case IPPROTO_TCP:
        return Tcp.packet(ct, skb, ctinfo, hook)
      case IPPROTO_UDP:
        return Udp.packet(ct, skb, hook)
      case IPPROTO_UDPLITE:
        return Udp.packetLite(ct, skb, hook)
      case IPPROTO_SCTP:
        return Sctp.packet(ct, skb, ctinfo, hook)
      case IPPROTO_ICMP:
        return Icmp.packet(ct, skb)
      case IPPROTO_ICMPV6:
        return Icmp.packet6(ct, skb)
      case IPPROTO_GRE:
        return Udp.packetGre(ct)
      default:
        Ct.refresh(ct, CtNet.get(Ct.net(ct), CTNET_GENERIC_TIMEOUT))
        return NF_ACCEPT
    }
  }
}
