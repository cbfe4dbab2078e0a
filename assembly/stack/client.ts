// The client's and the server's view of the attempt under way (src/abi/probe.ts): its request reached a socket, its
// answer came back.

import {
  ICMP_CODE,
  ICMP_HLEN,
  ICMP_TYPE,
  IP6_DST,
  IP6_HLEN,
  IP6_NEXT,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IP_DST,
  IP_HLEN,
  IP_PROTO,
} from '../../src/abi/headers.ts'
import {
  PROBE_ANSWER,
  PROBE_BACKEND,
  PROBE_BACKEND_PORT,
  PROBE_DPORT,
  PROBE_DST,
  PROBE_ICMP_CODE,
  PROBE_ICMP_TYPE,
  PROBE_NETNS,
  PROBE_REASON,
  PROBE_REPLY,
  PROBE_REPLY_ICMP,
  PROBE_REPLY_PORT,
  PROBE_REPLY_RESET,
  PROBE_REPLY_SRC,
  PROBE_REPLY_WHERE,
  PROBE_REQUEST,
  PROBE_SEEN_PORT,
  PROBE_SEEN_SRC,
  PROBE_VERDICT,
  PROBE_VERDICT_DELIVERED,
  PROBE_VERDICT_REJECTED,
  PROBE_WHERE,
} from '../../src/abi/probe.ts'
import { REASON_DELIVERED } from '../../src/abi/reason.ts'
import { NFPROTO_IPV4 } from '../../src/abi/verdict.ts'
import { Netns } from '../netns/netns.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Probe } from './probe.ts'

export abstract class Client {
  /** The packet reached a socket (or the echo service). */
  static arrived(skb: usize): void {
    if (!Probe.watches(skb) || Probe.role(skb) != PROBE_REQUEST) return
    const probe = Probe.current()
    store<u8>(probe, PROBE_VERDICT_DELIVERED, PROBE_VERDICT)
    store<u16>(probe, REASON_DELIVERED, PROBE_REASON)
    store<u32>(probe, Netns.id(Skb.netns(skb)), PROBE_WHERE)
    Address.copy(probe + PROBE_BACKEND, Skb.dst16(skb))
    store<u16>(probe, Skb.dport(skb), PROBE_BACKEND_PORT)
    store<u16>(probe, Skb.sport(skb), PROBE_SEEN_PORT)
    Address.copy(probe + PROBE_SEEN_SRC, Skb.src(skb))
  }

  /** The request found no socket: whoever owns the address refused it. */
  static refused(skb: usize, reason: u32): void {
    if (!Probe.watches(skb) || Probe.role(skb) != PROBE_REQUEST) return
    Client.arrived(skb)
    const probe = Probe.current()
    store<u8>(probe, PROBE_VERDICT_REJECTED, PROBE_VERDICT)
    store<u16>(probe, reason, PROBE_REASON)
  }

  /** An answer of the given kind (PROBE_REPLY_*) came to the client's namespace. */
  static answered(skb: usize, kind: u32): void {
    if (!Client.isAnswer(skb)) return
    const probe = Probe.current()
    store<u8>(probe, kind, PROBE_REPLY)
    Address.copy(probe + PROBE_REPLY_SRC, Skb.src(skb))
    store<u16>(probe, Skb.sport(skb), PROBE_REPLY_PORT)
    store<u16>(probe, Netns.id(Skb.netns(skb)), PROBE_REPLY_WHERE)
    if (kind == PROBE_REPLY_RESET || kind == PROBE_REPLY_ICMP) {
      if (load<u8>(probe, PROBE_VERDICT) != PROBE_VERDICT_DELIVERED) {
        store<u8>(probe, PROBE_VERDICT_REJECTED, PROBE_VERDICT)
      }
    }
  }

  /** An ICMP or ICMPv6 error came. A socket hears of those that quote a packet to its peer (__udp4_lib_err). */
  static error(skb: usize): void {
    if (!Client.isAnswer(skb) || Skb.l4len(skb) < (ICMP_HLEN as u32)) return
    if (!Client.quotesPeer(skb)) return
    const probe = Probe.current()
    store<u8>(probe, load<u8>(Skb.l4(skb), ICMP_TYPE), PROBE_ICMP_TYPE)
    store<u8>(probe, load<u8>(Skb.l4(skb), ICMP_CODE), PROBE_ICMP_CODE)
    Client.answered(skb, PROBE_REPLY_ICMP)
  }

  /** Does the packet answer the attempt, in the namespace that made it? Its sender's socket then takes it. */
  static isAnswer(skb: usize): bool {
    if (!Probe.watches(skb) || Probe.role(skb) != PROBE_ANSWER) return false
    return load<u32>(Probe.current(), PROBE_NETNS) == (Skb.netns(skb) as u32)
  }

  /** The same, from whom the attempt was made to: a socket knows its peer (inet_lookup), and nobody else answers it. */
  static isReply(skb: usize): bool {
    if (!Client.isAnswer(skb)) return false
    const probe = Probe.current()
    return (
      Address.equal(Skb.src(skb), probe + PROBE_DST) &&
      Skb.sport(skb) == (load<u16>(probe, PROBE_DPORT) as u32)
    )
  }

  /** Is the packet that an error quotes one to whom the attempt was made? A quote that is cut short is believed. */
  private static quotesPeer(skb: usize): bool {
    const quote = Skb.l4(skb) + ICMP_HLEN
    const length = Skb.l4len(skb) - ICMP_HLEN
    const peer = Probe.current() + PROBE_DST
    const is4 = Skb.family(skb) == NFPROTO_IPV4
    let header: u32 = is4 ? IP_HLEN : IP6_HLEN
    if (length < header) return true
    if (is4) {
      if (load<u32>(quote, IP_DST) != Address.v4(peer)) return false
      header = ((load<u8>(quote) & 15) as u32) << 2
    } else if (!Address.equal(quote + IP6_DST, peer)) return false
    const proto: u32 = is4 ? load<u8>(quote, IP_PROTO) : load<u8>(quote, IP6_NEXT)
    if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP) return true
    return length < header + 4 || load<u16>(quote + header, 2) == load<u16>(Probe.current(), PROBE_DPORT)
  }

  @inline static isIcmp(proto: u32): bool {
    return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6
  }
}
