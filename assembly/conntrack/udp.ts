// UDP, UDP-Lite and GRE: no states, but a flow that is seen both ways for longer lives longer
// (net/netfilter/nf_conntrack_proto_udp.c, nf_conntrack_proto_gre.c).

import { Time } from '../memory/time.ts'
import { Skb } from '../packet/skb.ts'
import { Ct } from './ct.ts'
import { CtNet } from './ctnet.ts'
import { TransportChecksum } from './transportChecksum.ts'
import { IPPROTO_UDP } from './tuple.ts'
import { TRACK_INVALID } from './verdict.ts'
import {
  CTNET_GRE_TIMEOUT,
  CTNET_GRE_TIMEOUT_STREAM,
  CTNET_UDP_TIMEOUT,
  CTNET_UDP_TIMEOUT_STREAM,
  CT_UDP_STREAM_TS,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_NAT_CLASH,
  IPS_SEEN_REPLY,
} from '../../src/abi/conntrack.ts'
import { NF_ACCEPT } from '../../src/abi/verdict.ts'

const HEADER: u32 = 8
const LENGTH = 4
const CHECK = 6

/** A flow that is still talking both ways this long after its first packet is a stream, µs. */
const STREAM_AFTER: u64 = 2_000_000

export abstract class Udp {
  static packet(ct: usize, skb: usize, hook: u32): i32 {
    if (Udp.isBroken(skb, hook)) return TRACK_INVALID
    const net = Ct.net(ct)
    const status = Ct.status(ct)
    if ((status & IPS_CONFIRMED) == 0) store<u64>(ct, Time.now() + STREAM_AFTER, CT_UDP_STREAM_TS)
    if ((status & IPS_SEEN_REPLY) == 0) {
      Ct.refresh(ct, CtNet.get(net, CTNET_UDP_TIMEOUT))
      return NF_ACCEPT
    }
    const stream = Time.now() > load<u64>(ct, CT_UDP_STREAM_TS)
    Ct.refresh(ct, CtNet.get(net, stream ? CTNET_UDP_TIMEOUT_STREAM : CTNET_UDP_TIMEOUT))
    if (stream && (status & IPS_NAT_CLASH) == 0) Ct.setStatus(ct, IPS_ASSURED)
    return NF_ACCEPT
  }

  /** UDP-Lite shares UDP's timeouts but is a stream from its first answer. */
  static packetLite(ct: usize, skb: usize, hook: u32): i32 {
    if (Udp.isLiteBroken(skb, hook)) return TRACK_INVALID
    Udp.bothWays(ct, CTNET_UDP_TIMEOUT, CTNET_UDP_TIMEOUT_STREAM)
    return NF_ACCEPT
  }

  static packetGre(ct: usize): i32 {
    Udp.bothWays(ct, CTNET_GRE_TIMEOUT, CTNET_GRE_TIMEOUT_STREAM)
    return NF_ACCEPT
  }

  private static bothWays(ct: usize, unreplied: usize, replied: usize): void {
    const status = Ct.status(ct)
    if ((status & IPS_SEEN_REPLY) == 0) {
      Ct.refresh(ct, CtNet.get(Ct.net(ct), unreplied))
      return
    }
    Ct.refresh(ct, CtNet.get(Ct.net(ct), replied))
    if ((status & IPS_NAT_CLASH) == 0) Ct.setStatus(ct, IPS_ASSURED)
  }

  /** udp_error. */
  private static isBroken(skb: usize, hook: u32): bool {
    const available = Skb.l4len(skb)
    if (available < HEADER) return true
    const l4 = Skb.l4(skb)
    const length: u32 = bswap<u16>(load<u16>(l4, LENGTH))
    if (length > available || length < HEADER) return true
    if (load<u16>(l4, CHECK) == 0) return false
    return !TransportChecksum.isGood(skb, hook, IPPROTO_UDP, available)
  }

  /**
   * udplite_error: the length field says how much the checksum covers, 0 all of it; there is always one. The kernel
   * sums the pseudo header with the protocol number of UDP.
   */
  private static isLiteBroken(skb: usize, hook: u32): bool {
    const available = Skb.l4len(skb)
    if (available < HEADER) return true
    const l4 = Skb.l4(skb)
    let covered: u32 = bswap<u16>(load<u16>(l4, LENGTH))
    if (covered == 0) covered = available
    else if (covered < HEADER || covered > available) return true
    if (load<u16>(l4, CHECK) == 0) return true
    return !TransportChecksum.isGoodPartly(skb, hook, IPPROTO_UDP, available, covered)
  }
}
