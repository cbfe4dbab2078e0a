// The set match and the SET target (net/netfilter/xt_set.c).

import {
  SET_DIMENSIONS,
  SET_FLAGS,
  SET_NOT,
  SET_OP_NONE,
  SET_PACKETS_OP,
  SET_POINTER,
  SET_SOURCES,
} from '../../../src/abi/match.ts'
import { SETADT_DEFAULT_TIMEOUT } from '../../../src/abi/ipset.ts'
import {
  SET_ADD,
  TARGET_SET_DIMENSIONS,
  TARGET_SET_EXIST,
  TARGET_SET_HAS_TIMEOUT,
  TARGET_SET_POINTER,
  TARGET_SET_SOURCES,
  TARGET_SET_TIMEOUT,
} from '../../../src/abi/target.ts'
import { IpSet } from '../../ipset/ipset.ts'

export abstract class SetMatch {
  static test(skb: usize, record: usize): bool {
    const counted = load<u16>(record, SET_PACKETS_OP) != SET_OP_NONE
    const found = IpSet.test(
      load<u32>(record, SET_POINTER),
      skb,
      load<u8>(record, SET_DIMENSIONS),
      load<u8>(record, SET_SOURCES),
      load<u32>(record, SET_FLAGS),
      counted ? record + SET_PACKETS_OP : 0,
    )
    return found != (load<u8>(record, SET_NOT) != 0)
  }

  /** `operation`: SET_ADD or SET_DEL. What comes of it is no matter to the packet. */
  static change(skb: usize, operation: u32, data: usize): void {
    const slot: usize = load<u32>(data, TARGET_SET_POINTER)
    const dimensions = load<u8>(data, TARGET_SET_DIMENSIONS) as u32
    const sources = load<u8>(data, TARGET_SET_SOURCES) as u32
    if (operation == SET_ADD) {
      const seconds = load<u8>(data, TARGET_SET_HAS_TIMEOUT)
        ? load<u32>(data, TARGET_SET_TIMEOUT)
        : (SETADT_DEFAULT_TIMEOUT as u32)
      IpSet.add(slot, skb, dimensions, sources, load<u8>(data, TARGET_SET_EXIST) != 0, seconds)
    } else IpSet.del(slot, skb, dimensions, sources)
  }
}
