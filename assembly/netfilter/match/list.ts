// A rule's whole condition: the header test, then its match records in order until one says no. Records come first
// that belong to the header test (addresses of IPv6, interfaces, protocol of IPv6).

import { RULE_FLAGS, RULE_F_ANY } from '../../../src/abi/rule.ts'
import {
  MATCH_ADDRESS6,
  MATCH_ADDRTYPE,
  MATCH_CONNMARK,
  MATCH_CONNTRACK,
  MATCH_CTSTATE,
  MATCH_ICMP,
  MATCH_ICMP6,
  MATCH_INTERFACE,
  MATCH_IPRANGE,
  MATCH_LENGTH,
  MATCH_LENGTH_RANGE,
  MATCH_LIMIT,
  MATCH_MARK,
  MATCH_MULTIPORT,
  MATCH_NFACCT,
  MATCH_NTH,
  MATCH_OWNER,
  MATCH_PHYSDEV,
  MATCH_PKTTYPE,
  MATCH_PROTOCOL6,
  MATCH_RANDOM,
  MATCH_RECENT,
  MATCH_RPFILTER,
  MATCH_SCTP,
  MATCH_SET,
  MATCH_TCP,
  MATCH_TOS,
  MATCH_TTL,
  MATCH_TYPE,
  MATCH_UDP,
  PHYSDEV_MATCHES,
} from '../../../src/abi/match.ts'
import { Rule } from '../rule.ts'
import { ConntrackMatch } from './conntrack.ts'
import { Field } from './fields.ts'
import { Header } from './header.ts'
import { Meter } from './meters.ts'
import { Recent } from './recent.ts'
import { RouteMatch } from './route.ts'
import { Sctp } from './sctp.ts'
import { SetMatch } from './set.ts'
import { Transport } from './transport.ts'

export abstract class MatchList {
  /** The same; rules that ask for nothing, or for the mark or the connection's state alone, are answered without a call. */
  @inline static quick(skb: usize, rule: usize): i32 {
    if (load<u32>(rule, RULE_FLAGS) & RULE_F_ANY) {
      const record = Rule.records(rule)
      const end = Rule.recordsEnd(rule)
      if (record == end) return 1
      if (record + load<u16>(record, MATCH_LENGTH) == end) {
        const type = load<u16>(record, MATCH_TYPE) as u32
        if (type == MATCH_MARK) return Field.mark(skb, record) ? 1 : 0
        if (type == MATCH_CTSTATE) return ConntrackMatch.ctstate(skb, record) ? 1 : 0
      }
    }
    return MatchList.rule(skb, rule)
  }

  /** 1 the rule matches, 0 it does not, -1 it cannot be evaluated. Xt.hotdrop may be set with 0 or 1. */
  static rule(skb: usize, rule: usize): i32 {
    if ((load<u32>(rule, RULE_FLAGS) & RULE_F_ANY) == 0 && !Header.test(skb, rule)) return 0
    const end = Rule.recordsEnd(rule)
    for (let m = Rule.records(rule); m < end; m += load<u16>(m, MATCH_LENGTH)) {
      switch (load<u16>(m, MATCH_TYPE) as u32) {
        case MATCH_ADDRESS6:
          if (!Header.address6(skb, rule, m)) return 0
          break
        case MATCH_INTERFACE:
          if (!Header.interfaces(skb, m)) return 0
          break
        case MATCH_PROTOCOL6:
          if (!Header.protocol6(m)) return 0
          break
        case MATCH_TCP:
          if (!Transport.tcp(m)) return 0
          break
        case MATCH_UDP:
          if (!Transport.udp(m)) return 0
          break
        case MATCH_SCTP:
          if (!Sctp.match(m)) return 0
          break
        case MATCH_ICMP:
          if (!Transport.icmp(m, false)) return 0
          break
        case MATCH_ICMP6:
          if (!Transport.icmp(m, true)) return 0
          break
        case MATCH_MULTIPORT:
          if (!Transport.multiport(m)) return 0
          break
        case MATCH_CONNTRACK:
          if (!ConntrackMatch.conntrack(skb, m)) return 0
          break
        case MATCH_CTSTATE:
          if (!ConntrackMatch.ctstate(skb, m)) return 0
          break
        case MATCH_MARK:
          if (!Field.mark(skb, m)) return 0
          break
        case MATCH_CONNMARK:
          if (!ConntrackMatch.connmark(skb, m)) return 0
          break
        case MATCH_RANDOM:
          if (!Meter.random(m)) return 0
          break
        case MATCH_NTH:
          if (!Meter.nth(m)) return 0
          break
        case MATCH_RECENT:
          if (!Recent.match(skb, m)) return 0
          break
        case MATCH_ADDRTYPE:
          if (!RouteMatch.addrtype(skb, m)) return 0
          break
        case MATCH_RPFILTER:
          if (!RouteMatch.rpfilter(skb, m)) return 0
          break
        case MATCH_PHYSDEV:
          if (load<u32>(m, PHYSDEV_MATCHES) == 0) return 0
          break
        case MATCH_SET:
          if (!SetMatch.test(skb, m)) return 0
          break
        case MATCH_LIMIT:
          if (!Meter.limit(m)) return 0
          break
        case MATCH_IPRANGE:
          if (!Field.iprange(skb, m)) return 0
          break
        case MATCH_OWNER:
          if (!Field.owner(skb, m)) return 0
          break
        case MATCH_NFACCT:
          if (!Meter.nfacct(skb, m)) return 0
          break
        case MATCH_TOS:
          if (!Field.tos(skb, m)) return 0
          break
        case MATCH_TTL:
          if (!Field.ttl(skb, m)) return 0
          break
        case MATCH_LENGTH_RANGE:
          if (!Field.length(skb, m)) return 0
          break
        case MATCH_PKTTYPE:
          if (!Field.pkttype(skb, m)) return 0
          break
        default:
          return -1
      }
    }
    return 1
  }
}
