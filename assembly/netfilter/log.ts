// What LOG and NFLOG leave for the host: a trace record for each packet, in a buffer of its own, while the host asked
// for it. Prefix and level are in the rule that the record names.

import { TRACE_CHAIN, TRACE_LOG, TRACE_RULE, TRACE_TABLE, TRACE_VERDICT } from '../../src/abi/trace.ts'
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
    const at = Trace.recordIn(BUFFER, skb, TRACE_LOG, hook)
    if (at == 0) return
    store<u8>(at, table, TRACE_TABLE)
    store<u32>(at, chain, TRACE_CHAIN)
    store<u32>(at, rule, TRACE_RULE)
    store<i32>(at, XT_CONTINUE, TRACE_VERDICT)
  }
}
