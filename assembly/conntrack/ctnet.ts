// The conntrack block of a namespace: sysctls, counters and the number of its entries (`struct nf_conntrack_net`,
// `struct netns_ct`). Unlike in Linux nf_conntrack_max is a namespace's own, because a namespace here may stand for a
// whole machine.

import { Arena } from '../memory/arena.ts'
import {
  CTNET_CHECKSUM,
  CTNET_COUNT,
  CTNET_GENERIC_TIMEOUT,
  CTNET_GRE_TIMEOUT,
  CTNET_GRE_TIMEOUT_STREAM,
  CTNET_ICMPV6_TIMEOUT,
  CTNET_ICMP_TIMEOUT,
  CTNET_MAX,
  CTNET_NETNS_ID,
  CTNET_SCTP_TIMEOUTS,
  CTNET_SIZE,
  CTNET_TCP_LOOSE,
  CTNET_TCP_MAX_RETRANS,
  CTNET_TCP_TIMEOUTS,
  CTNET_UDP_TIMEOUT,
  CTNET_UDP_TIMEOUT_STREAM,
  SCTP_CONNTRACK_CLOSED,
  SCTP_CONNTRACK_COOKIE_ECHOED,
  SCTP_CONNTRACK_COOKIE_WAIT,
  SCTP_CONNTRACK_ESTABLISHED,
  SCTP_CONNTRACK_HEARTBEAT_SENT,
  SCTP_CONNTRACK_SHUTDOWN_ACK_SENT,
  SCTP_CONNTRACK_SHUTDOWN_RECD,
  SCTP_CONNTRACK_SHUTDOWN_SENT,
  TCP_CONNTRACK_CLOSE,
  TCP_CONNTRACK_CLOSE_WAIT,
  TCP_CONNTRACK_ESTABLISHED,
  TCP_CONNTRACK_FIN_WAIT,
  TCP_CONNTRACK_LAST_ACK,
  TCP_CONNTRACK_SYN_RECV,
  TCP_CONNTRACK_SYN_SENT,
  TCP_CONNTRACK_SYN_SENT2,
  TCP_CONNTRACK_TIME_WAIT,
  TCP_TIMEOUT_RETRANS,
  TCP_TIMEOUT_UNACK,
} from '../../src/abi/conntrack.ts'

export abstract class CtNet {
  @inline static get(net: usize, field: usize): u32 {
    return load<u32>(net + field)
  }

  @inline static netnsId(net: usize): u32 {
    return load<u32>(net, CTNET_NETNS_ID)
  }

  /** Adds one to a counter (CTNET_STAT_*, CTNET_COUNT). */
  @inline static count(net: usize, field: usize): void {
    store<u32>(net + field, load<u32>(net + field) + 1)
  }

  @inline static tcpTimeout(net: usize, state: u32): u32 {
    return load<u32>(net + ((state as usize) << 2), CTNET_TCP_TIMEOUTS)
  }

  @inline static sctpTimeout(net: usize, state: u32): u32 {
    return load<u32>(net + ((state as usize) << 2), CTNET_SCTP_TIMEOUTS)
  }

  /** A block with the kernel's defaults, or 0 when memory cannot grow. */
  static create(netnsId: u32): usize {
    const net = Arena.alloc(CTNET_SIZE)
    if (net == 0) return 0
    store<u32>(net, 0, CTNET_COUNT)
    store<u32>(net, netnsId, CTNET_NETNS_ID)
    store<u32>(net, 262144, CTNET_MAX)
    store<u32>(net, 1, CTNET_CHECKSUM)
    store<u32>(net, 1, CTNET_TCP_LOOSE)
    store<u32>(net, 3, CTNET_TCP_MAX_RETRANS)
    CtNet.setTcp(net, TCP_CONNTRACK_SYN_SENT, 120)
    CtNet.setTcp(net, TCP_CONNTRACK_SYN_RECV, 60)
    CtNet.setTcp(net, TCP_CONNTRACK_ESTABLISHED, 432000)
    CtNet.setTcp(net, TCP_CONNTRACK_FIN_WAIT, 120)
    CtNet.setTcp(net, TCP_CONNTRACK_CLOSE_WAIT, 60)
    CtNet.setTcp(net, TCP_CONNTRACK_LAST_ACK, 30)
    CtNet.setTcp(net, TCP_CONNTRACK_TIME_WAIT, 120)
    CtNet.setTcp(net, TCP_CONNTRACK_CLOSE, 10)
    CtNet.setTcp(net, TCP_CONNTRACK_SYN_SENT2, 120)
    CtNet.setTcp(net, TCP_TIMEOUT_RETRANS, 300)
    CtNet.setTcp(net, TCP_TIMEOUT_UNACK, 300)
    store<u32>(net, 30, CTNET_UDP_TIMEOUT)
    store<u32>(net, 120, CTNET_UDP_TIMEOUT_STREAM)
    store<u32>(net, 30, CTNET_ICMP_TIMEOUT)
    store<u32>(net, 30, CTNET_ICMPV6_TIMEOUT)
    store<u32>(net, 600, CTNET_GENERIC_TIMEOUT)
    store<u32>(net, 30, CTNET_GRE_TIMEOUT)
    store<u32>(net, 180, CTNET_GRE_TIMEOUT_STREAM)
    CtNet.setSctp(net, SCTP_CONNTRACK_CLOSED, 10)
    CtNet.setSctp(net, SCTP_CONNTRACK_COOKIE_WAIT, 3)
    CtNet.setSctp(net, SCTP_CONNTRACK_COOKIE_ECHOED, 3)
    CtNet.setSctp(net, SCTP_CONNTRACK_ESTABLISHED, 210)
    CtNet.setSctp(net, SCTP_CONNTRACK_SHUTDOWN_SENT, 3)
    CtNet.setSctp(net, SCTP_CONNTRACK_SHUTDOWN_RECD, 3)
    CtNet.setSctp(net, SCTP_CONNTRACK_SHUTDOWN_ACK_SENT, 3)
    CtNet.setSctp(net, SCTP_CONNTRACK_HEARTBEAT_SENT, 30)
    return net
  }

  static destroy(net: usize): void {
    Arena.free(net, CTNET_SIZE)
  }

  private static setTcp(net: usize, state: u32, seconds: u32): void {
    store<u32>(net + ((state as usize) << 2), seconds, CTNET_TCP_TIMEOUTS)
  }

  private static setSctp(net: usize, state: u32, seconds: u32): void {
    store<u32>(net + ((state as usize) << 2), seconds, CTNET_SCTP_TIMEOUTS)
  }
}
