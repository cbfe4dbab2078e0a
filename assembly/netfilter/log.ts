// What LOG and NFLOG leave for the host: a record for each packet (src/abi/log.ts), in a buffer of its own, while the
// host asked for it. Prefix and level are in the rule that the record names.

import { LOG_BYTES, LOG_LENGTH, LOG_MAC, LOG_MAC_SIZE, LOG_ROOM, LOG_SIZE } from '../../src/abi/log.ts'
import { TRACE_CHAIN, TRACE_LOG, TRACE_RULE, TRACE_TABLE, TRACE_VERDICT } from '../../src/abi/trace.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'
import { XT_CONTINUE } from './target/continue.ts'

const BUFFER = memory.data(16, 16)
const WANTED = memory.data(16, 16)

export abstract class Log {
  @inline static set(on: bool): void {
    store<u32>(WANTED, on ? 1 : 0)
  }

  /** Where data, room, used and lost words of the records are. */
  @inline static buffer(): usize {
    return BUFFER
  }

  static packet(skb: usize, hook: u32, table: u32, chain: u32, rule: u32): void {
    if (load<u32>(WANTED) == 0) return
    const at = Trace.recordIn(BUFFER, skb, TRACE_LOG, hook, LOG_SIZE)
    if (at == 0) return
    store<u8>(at, table, TRACE_TABLE)
    store<u32>(at, chain, TRACE_CHAIN)
    store<u32>(at, rule, TRACE_RULE)
    store<i32>(at, XT_CONTINUE, TRACE_VERDICT)
    const l3 = Skb.l3(skb)
    if (Skb.indev(skb) != 0) memory.copy(at + LOG_MAC, l3 - LOG_MAC_SIZE, LOG_MAC_SIZE)
    const length = min<u32>(Skb.l3len(skb), LOG_ROOM)
    store<u32>(at, length, LOG_LENGTH)
    memory.copy(at + LOG_BYTES, l3, length)
  }
}
