// The walk over a table's chains: net/ipv4/netfilter/ip_tables.c: ipt_do_table and its IPv6 twin. One source for the
// scan with and without the quick filter; a rule that the filter leaves out is one that would not match and whose
// matches have no side effect, so the two count and decide alike.

import { COUNTER_BYTES, COUNTER_PACKETS, CHAIN_BYTES, CHAIN_PACKETS, QUICK_SIZE } from '../../src/abi/rule.ts'
import { LANE_SHIFT, RULE_FLAGS, RULE_F_LANES } from '../../src/abi/rule.ts'
import {
  TARGET_GOTO,
  TARGET_JUMP,
  TARGET_LOG,
  TARGET_NFLOG,
  TARGET_RETURN,
  TARGET_TRACE,
  TARGET_UNKNOWN,
  TARGET_VERDICT,
} from '../../src/abi/target.ts'
import { JUMP_CHAIN, JUMP_RULE, JUMP_SIZE } from '../../src/abi/rule.ts'
import { SKB_F_TRACE } from '../../src/abi/skb.ts'
import { TRACE_CHAIN, TRACE_POLICY, TRACE_RULE, TRACE_TABLE, TRACE_VERDICT } from '../../src/abi/trace.ts'
import { ADDR_LAST_WORD, TUPLE_DPORT, TUPLE_DST } from '../../src/abi/tuple.ts'
import { NF_ACCEPT, NF_DROP, NF_UNKNOWN } from '../../src/abi/verdict.ts'
import { Skb } from '../packet/skb.ts'
import { Trace, Traced, Untraced } from '../trace/trace.ts'
import { Log } from './log.ts'
import { ConntrackMatch } from './match/conntrack.ts'
import { MatchList } from './match/list.ts'
import { Quick } from './quick.ts'
import { Chain, Rule, Table } from './rule.ts'
import { XT_CONTINUE } from './target/continue.ts'
import { Target } from './target/target.ts'
import { Xt } from './xt.ts'

/** Tags for the generic parameter of a walk: with the quick filter, or rule by rule. */
export type Filtered = u8
export type Plain = u16

/** Where jumps return to; the loader makes it as large as the deepest table needs. */
let jumpStack: usize = 0

export abstract class Walk {
  @inline static setJumpStack(ptr: usize): void {
    jumpStack = ptr
  }

  /** Walks a table from the built-in chain of `hook`; NF_ACCEPT when the table has no such chain. */
  @inline static table(skb: usize, hook: u32, table: usize): i32 {
    const base = Table.chain(table, hook)
    if (base == 0) return NF_ACCEPT
    if (Chain.rules(base) == 0) {
      if (!Trace.wants(skb)) return Walk.policy<Untraced>(skb, table, base)
    }
    return Walk.begin(skb, hook, table, base)
  }

  private static begin(skb: usize, hook: u32, table: usize, base: usize): i32 {
    const traced = Trace.wants(skb)
    const filtered = Xt.enter(skb, hook)
    if (traced)
      return filtered
        ? Walk.run<Filtered, Traced>(skb, table, base, base, 0, jumpStack)
        : Walk.run<Plain, Traced>(skb, table, base, base, 0, jumpStack)
    return filtered
      ? Walk.run<Filtered, Untraced>(skb, table, base, base, 0, jumpStack)
      : Walk.run<Plain, Untraced>(skb, table, base, base, 0, jumpStack)
  }

  /** The same rule by rule: what the quick filter is measured and tested against. */
  static plain(skb: usize, hook: u32, table: usize): i32 {
    const base = Table.chain(table, hook)
    if (base == 0) return NF_ACCEPT
    Xt.enter(skb, hook)
    return Walk.run<Plain, Untraced>(skb, table, base, base, 0, jumpStack)
  }

  /** Goes on with rule `from` of `chain`; what the jump stack holds up to `top` is still to be returned to. */
  private static run<Q, T>(skb: usize, table: usize, base: usize, chain: usize, from: u32, top: usize): i32 {
    const traced = idof<T>() == idof<Traced>()
    const directory = Table.directory(table)
    const stack = jumpStack
    const dst = i32x4.splat(load<i32>(skb, TUPLE_DST + ADDR_LAST_WORD))
    let pp = Walk.pp(skb)
    const filtered = sizeof<Q>() == sizeof<Filtered>()
    // The rules of the block in hand that may match and have not been looked at.
    let block = Quick.block(chain, from)
    let bits: u32 = filtered ? Quick.candidates(block, dst, pp) & (15 << (from & 3)) : 0
    while (true) {
      if (filtered) {
        while (bits == 0) {
          block += QUICK_SIZE
          bits = Quick.candidates(block, dst, pp)
        }
        from = Quick.index(chain, block, bits)
        bits &= bits - 1
      }
      const at = from
      if (at < Chain.rules(chain)) {
        const rule = Chain.rule(chain, at)
        from = at + 1
        // An inverted match may be true and drop the packet all the same.
        let drop: bool = false
        if (!filtered || (load<u32>(rule, RULE_FLAGS) & RULE_F_LANES) == 0) {
          const matched = MatchList.quick(skb, rule)
          drop = Xt.hotdrop
          if (matched <= 0) {
            if (matched < 0) return Walk.unknown<T>(skb, table, chain, at)
            if (drop) return NF_DROP
            continue
          }
        }
        const counter = Chain.counter(chain, at)
        store<u64>(counter, load<u64>(counter, COUNTER_PACKETS) + 1, COUNTER_PACKETS)
        store<u64>(counter, load<u64>(counter, COUNTER_BYTES) + Skb.l3len(skb), COUNTER_BYTES)
        const target = Rule.target(rule)
        if (target == TARGET_VERDICT) {
          if (traced) Trace.rule(skb, Xt.hook, Table.number(table), Chain.id(chain), at, Rule.arg(rule))
          return drop ? NF_DROP : Rule.arg(rule)
        }
        if (target > (TARGET_GOTO as u32)) {
          if (target == TARGET_UNKNOWN) return Walk.unknown<T>(skb, table, chain, at)
          if (target == TARGET_LOG || target == TARGET_NFLOG) {
            Log.packet(skb, Xt.hook, Table.number(table), Chain.id(chain), at)
          } else if (target == TARGET_TRACE) {
            Skb.addFlag(skb, SKB_F_TRACE)
            if (!traced) return Walk.run<Q, Traced>(skb, table, base, chain, from, top)
          } else {
            const verdict = Target.run(skb, rule, target)
            if (traced) Trace.rule(skb, Xt.hook, Table.number(table), Chain.id(chain), at, verdict)
            if (Xt.hotdrop) return NF_DROP
            if (verdict != XT_CONTINUE) return verdict
            // The target may have changed what the lanes ask for: the state of a packet that is tracked no more.
            if (filtered) {
              pp = Walk.pp(skb)
              bits = Quick.candidates(block, dst, pp) & (-2 << (at & 3))
            }
            continue
          }
        }
        if (traced) Trace.rule(skb, Xt.hook, Table.number(table), Chain.id(chain), at, XT_CONTINUE)
        if (drop) return NF_DROP
        if (target == TARGET_JUMP) {
          store<u32>(top, chain as u32, JUMP_CHAIN)
          store<u32>(top, from, JUMP_RULE)
          top += JUMP_SIZE
        }
        if (target == TARGET_JUMP || target == TARGET_GOTO) {
          chain = load<u32>(directory + ((Rule.arg(rule) as usize) << 2))
          from = 0
          block = Quick.block(chain, 0)
          if (filtered) bits = Quick.candidates(block, dst, pp)
          continue
        }
        if (target != TARGET_RETURN) continue
      }
      // The end of a chain, or RETURN.
      if (top == stack) return Walk.policy<T>(skb, table, base)
      top -= JUMP_SIZE
      chain = load<u32>(top, JUMP_CHAIN)
      from = load<u32>(top, JUMP_RULE)
      block = Quick.block(chain, from)
      if (filtered) bits = Quick.candidates(block, dst, pp) & (15 << (from & 3))
    }
  }

  /** What quick blocks compare with their ppval: destination port, protocol, connection state. */
  @inline private static pp(skb: usize): v128 {
    const low = load<u32>(skb, TUPLE_DPORT) & ((1 << LANE_SHIFT) - 1)
    return i32x4.splat(low | (ConntrackMatch.lane(skb) << LANE_SHIFT))
  }

  @inline private static policy<T>(skb: usize, table: usize, base: usize): i32 {
    store<u64>(base, load<u64>(base, CHAIN_PACKETS) + 1, CHAIN_PACKETS)
    store<u64>(base, load<u64>(base, CHAIN_BYTES) + Skb.l3len(skb), CHAIN_BYTES)
    if (idof<T>() == idof<Traced>()) {
      const at = Trace.record(skb, TRACE_POLICY, Xt.hook)
      if (at != 0) {
        store<u8>(at, Table.number(table), TRACE_TABLE)
        store<u32>(at, Chain.id(base), TRACE_CHAIN)
        store<u32>(at, Chain.rules(base), TRACE_RULE)
        store<i32>(at, Chain.policy(base), TRACE_VERDICT)
      }
    }
    return Chain.policy(base)
  }

  private static unknown<T>(skb: usize, table: usize, chain: usize, rule: u32): i32 {
    if (idof<T>() == idof<Traced>())
      Trace.rule(skb, Xt.hook, Table.number(table), Chain.id(chain), rule, NF_UNKNOWN)
    unknownChain = Chain.id(chain)
    unknownRule = rule
    return NF_UNKNOWN
  }

  /** Id of the chain of the last rule that could not be evaluated, and the rule's index. */
  @inline static unknownChain(): u32 {
    return unknownChain
  }

  @inline static unknownRule(): u32 {
    return unknownRule
  }
}

let unknownChain: u32 = 0
let unknownRule: u32 = 0
