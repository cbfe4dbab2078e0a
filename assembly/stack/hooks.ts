// Netfilter's hooks of a namespace, in order of priority (include/uapi/linux/netfilter_ipv4.h, netfilter_ipv6.h):
//
//     defrag -400 · raw -300 · conntrack -200 · mangle -150 · nat (destination) -100 · filter 0 · security 50 ·
//     nat (source) 100 · conntrack confirm last
//
// Reassembly gives the packet another buffer, so it is called by whoever calls `preRouting` or `localOut`: `Reassembly`.
// A table takes part where it exists (its namespace's slot is not 0) and has a chain for the hook; conntrack, and with
// it reassembly and nat, where a rule of the family asked for it.

import { IP6_DST, IP6_HOPLIMIT, IP6_SRC, IP_DST, IP_SRC, IP_TOS } from '../../src/abi/headers.ts'
import { NETNS_TABLES, NETNS_TABLES_FAMILY } from '../../src/abi/netns.ts'
import { REASON_IP_OUTNOROUTES, REASON_NETFILTER_DROP, REASON_UNKNOWN_RULE } from '../../src/abi/reason.ts'
import { SKB_F_REROUTE } from '../../src/abi/skb.ts'
import {
  NFPROTO_IPV4,
  NF_ACCEPT,
  NF_DROP,
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_STOLEN,
  NF_UNKNOWN,
  TABLE_FILTER,
  TABLE_MANGLE,
  TABLE_NAT,
  TABLE_RAW,
  TABLE_SECURITY,
} from '../../src/abi/verdict.ts'
import { TRACE_NAT } from '../../src/abi/trace.ts'
import { TUPLE_L3NUM } from '../../src/abi/tuple.ts'
import { Conntrack } from '../conntrack/core.ts'
import { Nat } from '../conntrack/nat/nat.ts'
import { NatHook } from '../netfilter/nat-hook.ts'
import { Walk } from '../netfilter/walk.ts'
import { Netns } from '../netns/netns.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { Drop } from './drop.ts'
import { Output4 } from './output4.ts'
import { Route6 } from './route6.ts'
import { Rt } from './route.ts'

/** The destination as it was before nat looked at it. */
const BEFORE = memory.data(16, 16)
/** A traced packet's tuple before nat. */
const UNTRANSLATED = memory.data(48, 16)

export abstract class Hooks {
  static preRouting(skb: usize): i32 {
    const tables = Hooks.tables(skb)
    const tracked = Hooks.tracked(skb)
    let verdict = Hooks.table(skb, tables, TABLE_RAW, NF_INET_PRE_ROUTING)
    if (verdict != NF_ACCEPT) return verdict
    if (tracked) {
      verdict = Conntrack.in(skb, NF_INET_PRE_ROUTING)
      if (verdict != NF_ACCEPT) return verdict
    }
    verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_PRE_ROUTING)
    if (verdict != NF_ACCEPT) return verdict
    if (tracked && load<u32>(tables, TABLE_NAT * 4) != 0) {
      // A packet over loopback has a route already, for the address it had.
      if (Rt.isValid(skb)) return Hooks.natRouted(skb)
      return Hooks.nat(skb, NF_INET_PRE_ROUTING)
    }
    return NF_ACCEPT
  }

  private static natRouted(skb: usize): i32 {
    Address.copy(BEFORE, Skb.dst16(skb))
    const verdict = Hooks.nat(skb, NF_INET_PRE_ROUTING)
    if (verdict == NF_ACCEPT && !Address.equal(BEFORE, Skb.dst16(skb))) Rt.drop(skb)
    return verdict
  }

  static localIn(skb: usize): i32 {
    const tables = Hooks.tables(skb)
    let verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_LOCAL_IN)
    if (verdict != NF_ACCEPT) return verdict
    verdict = Hooks.table(skb, tables, TABLE_FILTER, NF_INET_LOCAL_IN)
    if (verdict != NF_ACCEPT) return verdict
    verdict = Hooks.table(skb, tables, TABLE_SECURITY, NF_INET_LOCAL_IN)
    if (verdict != NF_ACCEPT || !Hooks.tracked(skb)) return verdict
    if (load<u32>(tables, TABLE_NAT * 4) != 0) {
      verdict = Hooks.nat(skb, NF_INET_LOCAL_IN)
      if (verdict != NF_ACCEPT) return verdict
    }
    return Conntrack.confirm(skb)
  }

  static forward(skb: usize): i32 {
    const tables = Hooks.tables(skb)
    let verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_FORWARD)
    if (verdict != NF_ACCEPT) return verdict
    verdict = Hooks.table(skb, tables, TABLE_FILTER, NF_INET_FORWARD)
    if (verdict != NF_ACCEPT) return verdict
    return Hooks.table(skb, tables, TABLE_SECURITY, NF_INET_FORWARD)
  }

  static localOut(skb: usize): i32 {
    const tables = Hooks.tables(skb)
    const tracked = Hooks.tracked(skb)
    let verdict = Hooks.table(skb, tables, TABLE_RAW, NF_INET_LOCAL_OUT)
    if (verdict != NF_ACCEPT) return verdict
    if (tracked) {
      verdict = Conntrack.in(skb, NF_INET_LOCAL_OUT)
      if (verdict != NF_ACCEPT) return verdict
    }
    if (load<u32>(tables, TABLE_MANGLE * 4) != 0) {
      verdict = Hooks.mangleOut(skb, tables)
      if (verdict != NF_ACCEPT) return verdict
    }
    if (tracked && load<u32>(tables, TABLE_NAT * 4) != 0) {
      verdict = Hooks.nat(skb, NF_INET_LOCAL_OUT)
      if (verdict != NF_ACCEPT) return verdict
      if (Skb.hasFlag(skb, SKB_F_REROUTE)) {
        Skb.dropFlag(skb, SKB_F_REROUTE)
        if (!Hooks.routeAgain(skb)) return NF_STOLEN
      }
    }
    verdict = Hooks.table(skb, tables, TABLE_FILTER, NF_INET_LOCAL_OUT)
    if (verdict != NF_ACCEPT) return verdict
    return Hooks.table(skb, tables, TABLE_SECURITY, NF_INET_LOCAL_OUT)
  }

  static postRouting(skb: usize): i32 {
    const tables = Hooks.tables(skb)
    let verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_POST_ROUTING)
    if (verdict != NF_ACCEPT || !Hooks.tracked(skb)) return verdict
    if (load<u32>(tables, TABLE_NAT * 4) != 0) {
      verdict = Hooks.nat(skb, NF_INET_POST_ROUTING)
      if (verdict != NF_ACCEPT) return verdict
    }
    return Conntrack.confirm(skb)
  }

  /** What a caller does with any verdict but ACCEPT: the packet ends, unless somebody has taken it. */
  static finish(skb: usize, verdict: i32): void {
    if (verdict == NF_DROP) Drop.packet(skb, REASON_NETFILTER_DROP)
    else if (verdict == NF_UNKNOWN) Drop.packet(skb, REASON_UNKNOWN_RULE)
  }

  /** Where the namespace's tables of the packet's family are. */
  @inline private static tables(skb: usize): usize {
    return Skb.netns(skb) + NETNS_TABLES + (Skb.family(skb) == NFPROTO_IPV4 ? 0 : NETNS_TABLES_FAMILY)
  }

  @inline static tracked(skb: usize): bool {
    return (Netns.ctEnabled(Skb.netns(skb)) & (Skb.family(skb) == NFPROTO_IPV4 ? 1 : 2)) != 0
  }

  /** The nat table's turn; a traced packet notes that it was rewritten. */
  @inline private static nat(skb: usize, hook: u32): i32 {
    const ct = Skb.ct(skb)
    if (ct == 0) return NF_ACCEPT
    if (Nat.isKnown(skb, ct, hook)) {
      if (!Nat.isBound(skb, ct, hook)) return NF_ACCEPT
      if (!Trace.wants(skb) && Nat.translate(skb, ct, hook)) return NF_ACCEPT
    }
    return Trace.wants(skb) ? Hooks.tracedNat(skb, hook) : NatHook.run(skb, hook)
  }

  private static tracedNat(skb: usize, hook: u32): i32 {
    memory.copy(UNTRANSLATED, skb, TUPLE_L3NUM)
    const verdict = NatHook.run(skb, hook)
    for (let at: usize = 0; at < 36; at += 4) {
      if (load<u32>(UNTRANSLATED + at) == load<u32>(skb + at)) continue
      Trace.event(skb, TRACE_NAT, hook, 0)
      break
    }
    return verdict
  }

  @inline private static table(skb: usize, tables: usize, table: u32, hook: u32): i32 {
    const at: usize = load<u32>(tables + ((table as usize) << 2))
    return at != 0 ? Walk.table(skb, hook, at) : NF_ACCEPT
  }

  /**
   * mangle in OUTPUT routes again when it changed what routing looks at (net/ipv4/netfilter/iptable_mangle.c:
   * ipt_mangle_out; ip6table_mangle.c looks at addresses, mark, hop limit and flow label).
   */
  private static mangleOut(skb: usize, tables: usize): i32 {
    const l3 = Skb.l3(skb)
    const mark = Skb.mark(skb)
    if (Skb.family(skb) == NFPROTO_IPV4) {
      const src = load<u32>(l3, IP_SRC)
      const dst = load<u32>(l3, IP_DST)
      const tos = load<u8>(l3, IP_TOS)
      const verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_LOCAL_OUT)
      if (verdict != NF_ACCEPT) return verdict
      const same = load<u32>(l3, IP_SRC) == src && load<u32>(l3, IP_DST) == dst && load<u8>(l3, IP_TOS) == tos
      if (same && Skb.mark(skb) == mark) return NF_ACCEPT
      return Hooks.routeAgain(skb) ? NF_ACCEPT : NF_STOLEN
    }
    const flow = load<u32>(l3)
    const hops = load<u8>(l3, IP6_HOPLIMIT)
    const verdict = Hooks.table(skb, tables, TABLE_MANGLE, NF_INET_LOCAL_OUT)
    if (verdict != NF_ACCEPT) return verdict
    const same =
      load<u32>(l3) == flow &&
      load<u8>(l3, IP6_HOPLIMIT) == hops &&
      Address.equal(l3 + IP6_SRC, Skb.src(skb)) &&
      Address.equal(l3 + IP6_DST, Skb.dst16(skb))
    if (same && Skb.mark(skb) == mark) return NF_ACCEPT
    return Hooks.routeAgain(skb) ? NF_ACCEPT : NF_STOLEN
  }

  /** ip_route_me_harder, ip6_route_me_harder. False: no route, and the packet has ended. */
  private static routeAgain(skb: usize): bool {
    const found = Skb.family(skb) == NFPROTO_IPV4 ? Output4.again(skb) : Route6.output(skb, 0)
    if (!found) Drop.packet(skb, REASON_IP_OUTNOROUTES)
    return found
  }
}
