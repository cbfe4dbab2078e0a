// The exported surface of tables and rules; assembly/index.ts hands it on.

import { Parse } from '../packet/parse.ts'
import { WalkBatch } from './bench.ts'
import { Log } from './log.ts'
import { ChainState } from './state.ts'
import { Walk } from './walk.ts'

/** Where jumps of a walk return to: room for the deepest table's chains. */
export function jumpstack_set(ptr: u32): void {
  Walk.setJumpStack(ptr)
}

/** The state of a chain's limit and nth matches begins anew, as when the kernel loads its table. */
export function chain_reset(chain: u32): void {
  ChainState.reset(chain)
}

/** Walks a table for `count` packet buffers `stride` bytes apart; returns the sum of the verdicts. */
export function table_walk_batch(skbs: u32, count: u32, stride: u32, hook: u32, table: u32): u32 {
  return WalkBatch.run(skbs, count, stride, hook, table, false)
}

/** The same rule by rule, without the quick filter. */
export function table_walk_plain_batch(skbs: u32, count: u32, stride: u32, hook: u32, table: u32): u32 {
  return WalkBatch.run(skbs, count, stride, hook, table, true)
}

/** The chain (by id) and the rule (by index) for which the last verdict was NF_UNKNOWN. */
export function walk_unknown_chain(): u32 {
  return Walk.unknownChain()
}

export function walk_unknown_rule(): u32 {
  return Walk.unknownRule()
}

/** Whether LOG and NFLOG leave records. */
export function log_set(on: u32): void {
  Log.set(on != 0)
}

/** Where the log's data, room, used and lost words are; records are those of a trace. */
export function log_buffer(): u32 {
  return Log.buffer() as u32
}

/** Fills a packet buffer from an IP packet of `length` bytes at `l3`, as reception does; 0 when it is not one. */
export function packet_parse(skb: u32, l3: u32, length: u32): u32 {
  const version = load<u8>(l3) >> 4
  if (version == 4 && length >= 20) Parse.ip4(skb, l3, length)
  else if (version == 6 && length >= 40) Parse.ip6(skb, l3, length)
  else return 0
  return 1
}
