// Making room: collection of the dead, and early drop (net/netfilter/nf_conntrack_core.c: gc_worker, early_drop).

import { Ct, Ref } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { Life } from './life.ts'
import { Slab } from './slab.ts'
import { Table } from './table.ts'
import { IPPROTO_SCTP, IPPROTO_TCP } from './tuple.ts'
import {
  CTNET_COUNT,
  CTNET_MAX,
  CTNET_STAT_EARLY_DROP,
  IPS_ASSURED,
  SCTP_CONNTRACK_SHUTDOWN_ACK_SENT,
  SCTP_CONNTRACK_SHUTDOWN_RECD,
  SCTP_CONNTRACK_SHUTDOWN_SENT,
  TCP_CONNTRACK_CLOSE,
  TCP_CONNTRACK_CLOSE_WAIT,
  TCP_CONNTRACK_FIN_WAIT,
  TCP_CONNTRACK_LAST_ACK,
  TCP_CONNTRACK_TIME_WAIT,
} from '../../src/abi/conntrack.ts'

/** NF_CT_EVICTION_RANGE: buckets that early drop looks at. A bucket stands for four slots of our index. */
const EVICTION_BUCKETS: u32 = 8
const BUCKET_SLOTS: u32 = 4

export abstract class Gc {
  /** Removes what has expired, and after a full table also what is not assured where 95 % are in use. */
  static run(): u32 {
    let removed: u32 = 0
    const early = Life.earlyDropWanted()
    const touched = Slab.touched()
    for (let n: u32 = 0; n < touched; n++) {
      const ct = Slab.at(n)
      if (!Life.isInTable(ct)) continue
      if (Ct.isExpired(ct) || (early && Gc.isCrowded(Ct.net(ct)) && Gc.canDropEarly(ct))) {
        Life.kill(ct)
        removed++
      }
    }
    Life.wantEarlyDrop(false)
    return removed
  }

  /**
   * Frees entries near a hash that are not assured and belong to this namespace. True when at least one went. Up to a
   * bucket's worth of them go together, as in the kernel.
   */
  static earlyDrop(net: usize, hash: u32): bool {
    let slot = hash & Table.mask()
    for (let bucket: u32 = 0; bucket < EVICTION_BUCKETS; bucket++) {
      let drops: u32 = 0
      for (let i: u32 = 0; i < BUCKET_SLOTS; i++) {
        const ref = Table.at(slot)
        const ct = Ref.ct(ref)
        if (ref == 0) {
          slot++
        } else if (Ct.isExpired(ct)) {
          Life.kill(ct)
        } else if (!Ct.has(ct, IPS_ASSURED) && Ct.net(ct) == net) {
          Life.kill(ct)
          CtNet.count(net, CTNET_STAT_EARLY_DROP)
          drops++
        } else {
          slot++
        }
      }
      if (drops != 0) return true
    }
    return false
  }

  @inline private static isCrowded(net: usize): bool {
    const max95 = (CtNet.get(net, CTNET_MAX) / 100) * 95
    return max95 != 0 && CtNet.get(net, CTNET_COUNT) >= max95
  }

  /** gc_worker_can_early_drop and the protocols' can_early_drop. */
  private static canDropEarly(ct: usize): bool {
    if (!Ct.has(ct, IPS_ASSURED)) return true
    if (Ct.proto(ct) == IPPROTO_TCP) return Gc.isTcpClosing(Ct.state(ct))
    if (Ct.proto(ct) == IPPROTO_SCTP) return Gc.isSctpClosing(Ct.state(ct))
    return false
  }

  /** nf_conntrack_proto_tcp.c: tcp_can_early_drop. */
  static isTcpClosing(state: u32): bool {
    switch (state) {
      case TCP_CONNTRACK_FIN_WAIT:
      case TCP_CONNTRACK_CLOSE_WAIT:
      case TCP_CONNTRACK_LAST_ACK:
      case TCP_CONNTRACK_TIME_WAIT:
      case TCP_CONNTRACK_CLOSE:
        return true
      default:
        return false
    }
  }

  private static isSctpClosing(state: u32): bool {
    switch (state) {
      case SCTP_CONNTRACK_SHUTDOWN_SENT:
      case SCTP_CONNTRACK_SHUTDOWN_RECD:
      case SCTP_CONNTRACK_SHUTDOWN_ACK_SENT:
        return true
      default:
        return false
    }
  }
}
