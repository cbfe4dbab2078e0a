// Entries made without packets, for benchmarks and for loading the dump of a real node.

import { Ct } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Life } from './life.ts'
import { Table } from './table.ts'
import { IPPROTO_TCP, Tuple } from './tuple.ts'
import { BySource } from './bysource.ts'
import { Seen } from './tcp/seen.ts'
import {
  CT_PRELOAD_MARK,
  CT_PRELOAD_ORIGINAL,
  CT_PRELOAD_REPLY,
  CT_PRELOAD_SIZE,
  CT_PRELOAD_STATE,
  CT_PRELOAD_STATUS,
  CT_PRELOAD_TIMEOUT,
  CT_PRELOAD_ZONE,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_SRC_NAT_DONE,
  CT_TCP_LAST_INDEX,
  IPS_TEMPLATE,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_SACK_PERM,
  TCP_NONE_SET,
} from '../../src/abi/conntrack.ts'

export abstract class Preload {
  /** Stops at the first record that finds no room or whose keys are taken. */
  static insert(records: usize, count: u32, net: usize): u32 {
    for (let i: u32 = 0; i < count; i++) {
      if (!Preload.one(records + (i as usize) * CT_PRELOAD_SIZE, net)) return i
    }
    return count
  }

  private static one(record: usize, net: usize): bool {
    const id = CtNet.netnsId(net)
    const zone = load<u32>(record, CT_PRELOAD_ZONE)
    if (Life.find(record + CT_PRELOAD_ORIGINAL, id, zone) != 0) return false
    if (Life.find(record + CT_PRELOAD_REPLY, id, zone) != 0) return false
    const ct = Life.create(net)
    if (ct == 0) return false
    Tuple.copy(Ct.original(ct), record + CT_PRELOAD_ORIGINAL)
    Tuple.copy(Ct.reply(ct), record + CT_PRELOAD_REPLY)
    Table.seal(Ct.original(ct), id, zone)
    Table.seal(Ct.reply(ct), id, zone)
    Ct.setStatus(ct, load<u32>(record, CT_PRELOAD_STATUS) & ~(IPS_CONFIRMED | IPS_DYING | IPS_TEMPLATE))
    Ct.setMark(ct, load<u32>(record, CT_PRELOAD_MARK))
    Ct.setState(ct, load<u8>(record, CT_PRELOAD_STATE))
    Preload.beLiberal(ct)
    if (Ct.has(ct, IPS_SRC_NAT_DONE)) BySource.add(ct)
    Life.confirm(ct, false)
    Ct.refresh(ct, load<u32>(record, CT_PRELOAD_TIMEOUT))
    Life.put(ct)
    return true
  }

  /** Nothing is known of a TCP connection's windows: it is judged as one picked up in the middle. */
  private static beLiberal(ct: usize): void {
    if (Ct.proto(ct) != IPPROTO_TCP) return
    Seen.setFlags(Seen.of(ct, 0), IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL)
    Seen.setFlags(Seen.of(ct, 1), IP_CT_TCP_FLAG_SACK_PERM | IP_CT_TCP_FLAG_BE_LIBERAL)
    store<u8>(ct, TCP_NONE_SET, CT_TCP_LAST_INDEX)
  }
}
