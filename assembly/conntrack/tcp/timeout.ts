// How long a TCP connection lives after a segment in window (net/netfilter/nf_conntrack_proto_tcp.c: the choice of
// timeout at the end of nf_conntrack_tcp_packet).

import { CtNet } from '../ctnet.ts'
import { Seen } from './seen.ts'
import {
  CTNET_TCP_MAX_RETRANS,
  CT_TCP_LAST_WIN,
  CT_TCP_RETRANS,
  IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED,
  TCP_CONNTRACK_CLOSE,
  TCP_RST_SET,
  TCP_TIMEOUT_RETRANS,
  TCP_TIMEOUT_UNACK,
} from '../../../src/abi/conntrack.ts'

export abstract class TcpTimeout {
  /** Seconds, for a segment of kind TCP_*_SET that leaves the entry in `state`. */
  @inline static of(ct: usize, net: usize, kind: u32, state: u32): u32 {
    const normal = CtNet.tcpTimeout(net, state)
    const retrans = CtNet.tcpTimeout(net, TCP_TIMEOUT_RETRANS)
    const unack = CtNet.tcpTimeout(net, TCP_TIMEOUT_UNACK)
    if (normal > retrans) {
      if ((load<u8>(ct, CT_TCP_RETRANS) as u32) >= CtNet.get(net, CTNET_TCP_MAX_RETRANS)) return retrans
    }
    // Also one that left the connection established, for a challenge ACK to come (Linux 6.18: 10 s; 6.12: 300 s).
    if (kind == TCP_RST_SET) return CtNet.tcpTimeout(net, TCP_CONNTRACK_CLOSE)
    if (normal > unack) {
      const flags = Seen.flags(Seen.of(ct, 0)) | Seen.flags(Seen.of(ct, 1))
      if (flags & IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED) return unack
    }
    if (load<u16>(ct, CT_TCP_LAST_WIN) == 0) return min<u32>(normal, retrans)
    return normal
  }
}
