// NAT bindings: making them, and applying them to packets (net/netfilter/nf_nat_core.c: nf_nat_setup_info,
// nf_nat_packet, nf_nat_inet_fn; nf_nat_proto.c: nf_nat_ipv4_fn, nf_nat_icmp_reply_translation and the hooks around
// them; nf_nat_masquerade.c, nf_nat_redirect.c). The walk of the nat table between the two is not here.

import { Link } from '../../netns/link.ts'
import { Address } from '../../packet/address.ts'
import { Cuts } from '../../packet/cuts.ts'
import { Skb } from '../../packet/skb.ts'
import { BySource } from '../bysource.ts'
import { Ct } from '../ct.ts'
import { CtNet } from '../ctnet.ts'
import { Life } from '../life.ts'
import { Slab } from '../slab.ts'
import { Table } from '../table.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP } from '../tuple.ts'
import { IPPROTO_UDP, IPPROTO_UDPLITE, Tuple } from '../tuple.ts'
import { NatIcmp } from './icmp.ts'
import { Manip } from './manip.ts'
import { NatRange } from './range.ts'
import { Unique } from './unique.ts'
import {
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_NAT_MASK,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  IP_CT_DIR_ORIGINAL,
  IP_CT_DIR_REPLY,
  IP_CT_ESTABLISHED,
  IP_CT_ESTABLISHED_REPLY,
  IP_CT_NEW,
  IP_CT_RELATED,
  IP_CT_RELATED_REPLY,
} from '../../../src/abi/conntrack.ts'
import {
  NAT_RANGE_FLAGS,
  NAT_RANGE_MAX_ADDR,
  NAT_RANGE_MAX_PROTO,
  NAT_RANGE_MIN_ADDR,
  NAT_RANGE_MIN_PROTO,
  NF_NAT_MANIP_DST,
  NF_NAT_MANIP_SRC,
  NF_NAT_RANGE_MAP_IPS,
} from '../../../src/abi/nat.ts'
import { SKB_CUTS, SKB_F_REROUTE } from '../../../src/abi/skb.ts'
import { TUPLE_DPORT, TUPLE_DST, TUPLE_SPORT, TUPLE_SRC } from '../../../src/abi/tuple.ts'
import {
  NFPROTO_IPV4,
  NF_ACCEPT,
  NF_DROP,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
} from '../../../src/abi/verdict.ts'

const CURRENT = memory.data(48, 16)
const CHOSEN = memory.data(48, 16)
const TARGET = memory.data(48, 16)
const RANGE = memory.data(64, 16)

export abstract class Nat {
  /** HOOK2MANIP: source at LOCAL_IN and POST_ROUTING, destination at the others. */
  @inline static manipOf(hook: u32): i32 {
    return hook == NF_INET_POST_ROUTING || hook == NF_INET_LOCAL_IN ? NF_NAT_MANIP_SRC : NF_NAT_MANIP_DST
  }

  /**
   * A packet of a connection that both sides know, at a hook where only a binding of this side concerns it: not in
   * OUTPUT, which may route again, and with no interface to keep to.
   */
  @inline static isKnown(skb: usize, ct: usize, hook: u32): bool {
    if (hook == NF_INET_LOCAL_OUT) return false
    const established = (1 << IP_CT_ESTABLISHED) | (1 << IP_CT_ESTABLISHED_REPLY)
    return ((established >> Skb.ctinfo(skb)) & 1 & ((Ct.masqIndex(ct) - 1) >> 31)) != 0
  }

  /** Whether such a packet has a binding of this side: without one, nothing is to be done. */
  @inline static isBound(skb: usize, ct: usize, hook: u32): bool {
    const source = Nat.manipOf(hook) == NF_NAT_MANIP_SRC
    const reply = Skb.ctinfo(skb) == (IP_CT_ESTABLISHED_REPLY as u32)
    return Ct.has(ct, reply ? (source ? IPS_DST_NAT : IPS_SRC_NAT) : source ? IPS_SRC_NAT : IPS_DST_NAT)
  }

  /**
   * packet() for most of those packets: TCP over IPv4 without options, in one piece. Address, port and both checksums
   * in one pass (bench: forward, 90 instructions against 600). False, and nothing has changed, for any other.
   */
  @inline static translate(skb: usize, ct: usize, hook: u32): bool {
    const l3 = Skb.l3(skb)
    const l4 = Skb.l4(skb)
    const different =
      (Skb.family(skb) ^ NFPROTO_IPV4) |
      (Skb.proto(skb) ^ IPPROTO_TCP) |
      ((l4 - l3 - 20) as u32) |
      load<u32>(skb, SKB_CUTS) |
      ((Skb.l4len(skb) - 20) >> 31)
    if (different != 0) return false
    const source = Nat.manipOf(hook) == NF_NAT_MANIP_SRC
    const other = Ct.key(ct, Skb.ctinfo(skb) == (IP_CT_ESTABLISHED_REPLY as u32) ? 0 : 1)
    const address = source ? load<u32>(other, TUPLE_DST + 12) : load<u32>(other, TUPLE_SRC + 12)
    const port: u32 = source ? load<u16>(other, TUPLE_DPORT) : load<u16>(other, TUPLE_SPORT)
    if (hook == NF_INET_PRE_ROUTING && load<u32>(l3, 16) != address) Skb.addFlag(skb, SKB_F_REROUTE)
    const peer: u32 = source ? load<u16>(l4, 2) : load<u16>(l4)
    Manip.tcp4(l3, address, port, source)
    Address.mapped(skb + (source ? TUPLE_SRC : TUPLE_DST), address)
    Skb.setTransport(skb, source ? port | (peer << 16) : peer | (port << 16), IPPROTO_TCP)
    return true
  }

  /**
   * Whether the packet must walk the nat table at this hook: it begins a connection that has no binding for this side.
   * When it has none after the walk, it gets nullBinding(); then packet() in any case.
   */
  static needsRules(skb: usize, hook: u32): bool {
    const ct = Skb.ct(skb)
    if (ct == 0 || Ct.natInitialized(ct, Nat.manipOf(hook))) return false
    const ctinfo = Skb.ctinfo(skb)
    if (ctinfo == IP_CT_NEW) return true
    return (ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY) && !Nat.isError(skb)
  }

  /**
   * nf_nat_setup_info: binds one side of an unconfirmed entry to a range. NF_DROP when that side is bound already;
   * NF_ACCEPT otherwise, also when no unique tuple was left (confirmation will tell).
   */
  static setup(ct: usize, range: usize, manip: i32): i32 {
    if (Ct.isConfirmed(ct)) return NF_ACCEPT
    if (Ct.natInitialized(ct, manip)) return NF_DROP
    Tuple.invert(CURRENT, Ct.reply(ct))
    Unique.choose(CHOSEN, CURRENT, range, ct, manip)
    if (!Tuple.equal(CHOSEN, CURRENT)) {
      const reply = Ct.reply(ct)
      Tuple.invert(reply, CHOSEN)
      Table.seal(reply, CtNet.netnsId(Ct.net(ct)), Ct.zone(ct, IP_CT_DIR_REPLY))
      Ct.setStatus(ct, manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT)
    }
    if (manip == NF_NAT_MANIP_SRC) BySource.add(ct)
    Ct.setStatus(ct, manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE)
    return NF_ACCEPT
  }

  /** No rule wanted this side changed: bound to what it is. A source port may still have to give way. */
  static nullBinding(ct: usize, hook: u32): i32 {
    const manip = Nat.manipOf(hook)
    const address = Ct.reply(ct) + (manip == NF_NAT_MANIP_SRC ? TUPLE_DST : TUPLE_SRC)
    Nat.rangeOf(address)
    return Nat.setup(ct, RANGE, manip)
  }

  /** MASQUERADE at POST_ROUTING: `source` is where the address to take is, 0 when the interface has none. */
  static masquerade(skb: usize, range: usize, source: usize): i32 {
    const ct = Skb.ct(skb)
    // A packet without a source address is not for masquerading (IPv4 only).
    if (Skb.family(skb) == NFPROTO_IPV4 && load<u32>(Ct.original(ct), TUPLE_SRC + 12) == 0) return NF_ACCEPT
    if (source == 0) return NF_DROP
    if (!Ct.isConfirmed(ct)) Ct.setMasqIndex(ct, Link.ifindex(Skb.outdev(skb)))
    Nat.rangeOf(source)
    Nat.addPorts(range)
    return Nat.setup(ct, RANGE, NF_NAT_MANIP_SRC)
  }

  /** REDIRECT: `address` is the machine's own, 0 when the interface has none. */
  static redirect(skb: usize, range: usize, address: usize): i32 {
    if (address == 0) return NF_DROP
    Nat.rangeOf(address)
    Nat.addPorts(range)
    return Nat.setup(Skb.ct(skb), RANGE, NF_NAT_MANIP_DST)
  }

  /**
   * Applies the bindings to a packet at a hook, and keeps its tuple in step. NF_DROP when it cannot be, and when a
   * masqueraded connection leaves by another interface than before.
   */
  static packet(skb: usize, hook: u32): i32 {
    const ct = Skb.ct(skb)
    if (ct == 0) return NF_ACCEPT
    const ctinfo = Skb.ctinfo(skb)
    const dir = Ct.dirOf(ctinfo)
    const manip = Nat.manipOf(hook)
    let statusBit: u32 = manip == NF_NAT_MANIP_SRC ? IPS_SRC_NAT : IPS_DST_NAT
    if (dir == IP_CT_DIR_REPLY) statusBit ^= IPS_NAT_MASK

    if ((ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY) && Nat.isError(skb)) {
      if (!NatIcmp.isAcceptable(skb, ct, hook)) return NF_DROP
      if (Ct.has(ct, statusBit)) {
        if (!NatIcmp.translate(skb, ct, dir, manip)) return NF_DROP
        Nat.follow(skb, hook, manip)
      }
    } else {
      if (Nat.leavesElsewhere(skb, ct, dir, hook)) {
        Life.kill(ct)
        return NF_DROP
      }
      if (Ct.has(ct, statusBit)) {
        Tuple.invert(TARGET, Ct.key(ct, dir ^ 1))
        const end = Skb.l4(skb) + Skb.l4len(skb)
        Cuts.pull(skb, Skb.l4(skb) + Manip.header(Skb.proto(skb), Skb.l4len(skb)))
        if (!Manip.packet(Skb.l3(skb), end, Skb.family(skb), TARGET, manip)) return NF_DROP
        Nat.follow(skb, hook, manip)
      }
    }
    if (hook == NF_INET_LOCAL_OUT) Nat.rerouteLocal(skb, ct, dir)
    return NF_ACCEPT
  }

  /**
   * An interface went down (`address` 0) or lost an address: what was masqueraded for it is forgotten
   * (nf_nat_masquerade.c: masq_device_event, masq_inet_event).
   */
  static forgetMasquerades(netnsId: u32, ifindex: u32, address: usize): u32 {
    let count: u32 = 0
    for (let n: u32 = 0; n < Slab.touched(); n++) {
      const ct = Slab.at(n)
      if (!Life.isInTable(ct) || ifindex == 0 || Ct.masqIndex(ct) != (ifindex & 0xffff)) continue
      if (CtNet.netnsId(Ct.net(ct)) != netnsId) continue
      if (address != 0 && !Tuple.addressEqual(Ct.reply(ct) + TUPLE_DST, address)) continue
      Life.kill(ct)
      count++
    }
    return count
  }

  /** An ICMP error of its family: the only related packets that exist without helpers. */
  @inline private static isError(skb: usize): bool {
    return Skb.proto(skb) == (Skb.family(skb) == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)
  }

  @inline private static leavesElsewhere(skb: usize, ct: usize, dir: u32, hook: u32): bool {
    const index = Ct.masqIndex(ct)
    if (index == 0 || hook != NF_INET_POST_ROUTING || dir != IP_CT_DIR_ORIGINAL) return false
    return index != (Link.ifindex(Skb.outdev(skb)) & 0xffff)
  }

  /** The packet's record takes over what the frame says now. */
  private static follow(skb: usize, hook: u32, manip: i32): void {
    const l3 = Skb.l3(skb)
    const source = manip == NF_NAT_MANIP_SRC
    const field = skb + (source ? TUPLE_SRC : TUPLE_DST)
    if (Skb.family(skb) == NFPROTO_IPV4) {
      const now = load<u32>(l3 + (source ? 12 : 16))
      if (!source && hook == NF_INET_PRE_ROUTING && load<u32>(field, 12) != now)
        Skb.addFlag(skb, SKB_F_REROUTE)
      Address.mapped(field, now)
    } else {
      const now = l3 + (source ? 8 : 24)
      if (!source && hook == NF_INET_PRE_ROUTING && !Tuple.addressEqual(field, now))
        Skb.addFlag(skb, SKB_F_REROUTE)
      Tuple.copyAddress(field, now)
    }
    Nat.followPorts(skb)
  }

  /** Ports and ICMP ids as the frame has them, where the tuple had any. */
  private static followPorts(skb: usize): void {
    const l4 = Skb.l4(skb)
    const proto = Skb.proto(skb)
    if (l4 == 0 || Skb.l4len(skb) < 8) return
    if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
      store<u16>(skb, load<u16>(l4, 4), TUPLE_SPORT)
      return
    }
    if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP && proto != IPPROTO_UDPLITE)
      return
    Skb.setTransport(skb, (load<u16>(l4) as u32) | ((load<u16>(l4, 2) as u32) << 16), proto)
  }

  /** nf_nat_ipv4_local_fn: a local packet whose connection has another destination takes another route. */
  private static rerouteLocal(skb: usize, ct: usize, dir: u32): void {
    const there = Ct.key(ct, dir) + TUPLE_DST
    const back = Ct.key(ct, dir ^ 1) + TUPLE_SRC
    if (!Tuple.addressEqual(there, back)) Skb.addFlag(skb, SKB_F_REROUTE)
  }

  /** RANGE becomes one address, any port. */
  private static rangeOf(address: usize): void {
    store<u32>(RANGE, NF_NAT_RANGE_MAP_IPS, NAT_RANGE_FLAGS)
    store<u32>(RANGE, 0, NAT_RANGE_MIN_PROTO)
    Tuple.copyAddress(RANGE + NAT_RANGE_MIN_ADDR, address)
    Tuple.copyAddress(RANGE + NAT_RANGE_MAX_ADDR, address)
  }

  /** RANGE takes flags and ports of the target's range. */
  private static addPorts(range: usize): void {
    store<u32>(RANGE, NatRange.flags(range) | NF_NAT_RANGE_MAP_IPS, NAT_RANGE_FLAGS)
    store<u16>(RANGE, load<u16>(range, NAT_RANGE_MIN_PROTO), NAT_RANGE_MIN_PROTO)
    store<u16>(RANGE, load<u16>(range, NAT_RANGE_MAX_PROTO), NAT_RANGE_MAX_PROTO)
  }
}
