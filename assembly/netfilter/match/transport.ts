// tcp, udp, icmp, icmp6 (net/netfilter/xt_tcpudp.c) and multiport (xt_multiport.c). A later fragment never matches;
// a first one whose header is cut off drops the packet.

import {
  ICMP_CODE_MAX,
  ICMP_CODE_MIN,
  ICMP_NOT,
  ICMP_TYPE,
  ICMP_TYPE_ANY,
  MULTIPORT_COUNT,
  MULTIPORT_DESTINATION,
  MULTIPORT_DIRECTION,
  MULTIPORT_NOT,
  MULTIPORT_RANGES,
  MULTIPORT_SOURCE,
  PORTS_DST_MAX,
  PORTS_DST_MIN,
  PORTS_INVERT,
  PORTS_NOT_DST,
  PORTS_NOT_SRC,
  PORTS_SRC_MAX,
  PORTS_SRC_MIN,
  TCP_FLAG_COMPARE,
  TCP_FLAG_MASK,
  TCP_NOT_FLAGS,
  TCP_NOT_OPTION,
  TCP_OPTION,
} from '../../../src/abi/match.ts'
import { Xt } from '../xt.ts'

const TCP_HEADER: usize = 20
const UDP_HEADER: usize = 8
const ICMP_HEADER: usize = 8

export abstract class Transport {
  static tcp(record: usize): bool {
    if (Xt.fragoff != 0) {
      if (Xt.fragoff == 1) Xt.hotdrop = true
      return false
    }
    if (!Transport.there(TCP_HEADER)) return false
    const invert = load<u8>(record, PORTS_INVERT) as u32
    if (!Transport.ports(record, invert)) return false
    const th = Xt.thoff
    const flags = load<u8>(th, 13) & load<u8>(record, TCP_FLAG_MASK)
    if ((flags == load<u8>(record, TCP_FLAG_COMPARE)) == ((invert & TCP_NOT_FLAGS) != 0)) return false
    const option = load<u8>(record, TCP_OPTION) as u32
    return option == 0 || Transport.option(th, option, (invert & TCP_NOT_OPTION) != 0)
  }

  static udp(record: usize): bool {
    if (Xt.fragoff != 0 || !Transport.there(UDP_HEADER)) return false
    return Transport.ports(record, load<u8>(record, PORTS_INVERT))
  }

  static icmp(record: usize, v6: bool): bool {
    if (Xt.fragoff != 0 || !Transport.there(ICMP_HEADER)) return false
    const type = load<u8>(record, ICMP_TYPE)
    const code = load<u8>(Xt.thoff, 1)
    const inRange =
      (!v6 && type == ICMP_TYPE_ANY) ||
      (type == load<u8>(Xt.thoff) &&
        code >= load<u8>(record, ICMP_CODE_MIN) &&
        code <= load<u8>(record, ICMP_CODE_MAX))
    return inRange != (load<u8>(record, ICMP_NOT) != 0)
  }

  static multiport(record: usize): bool {
    if (Xt.fragoff != 0 || !Transport.there(4)) return false
    const direction = load<u8>(record, MULTIPORT_DIRECTION)
    const not = load<u8>(record, MULTIPORT_NOT) != 0
    const sport = direction == MULTIPORT_DESTINATION ? -1 : (Xt.sport() as i32)
    const dport = direction == MULTIPORT_SOURCE ? -1 : (Xt.dport() as i32)
    let range = record + MULTIPORT_RANGES
    for (let left: i32 = load<u16>(record, MULTIPORT_COUNT); left > 0; left--) {
      const min = load<u16>(range) as i32
      const max = load<u16>(range, 2) as i32
      if ((sport >= min && sport <= max) || (dport >= min && dport <= max)) return !not
      range += 4
    }
    return not
  }

  /** The first `bytes` of the transport header are in the packet; if not, the packet is dropped. */
  @inline static there(bytes: usize): bool {
    if (Xt.has(bytes)) return true
    Xt.hotdrop = true
    return false
  }

  @inline private static ports(record: usize, invert: u32): bool {
    const sport = Xt.sport()
    const src = sport >= load<u16>(record, PORTS_SRC_MIN) && sport <= load<u16>(record, PORTS_SRC_MAX)
    if (src == ((invert & PORTS_NOT_SRC) != 0)) return false
    const dport = Xt.dport()
    const dst = dport >= load<u16>(record, PORTS_DST_MIN) && dport <= load<u16>(record, PORTS_DST_MAX)
    return dst != ((invert & PORTS_NOT_DST) != 0)
  }

  /** tcp_find_option: a header shorter than its minimum drops the packet, as do options that are cut off. */
  private static option(th: usize, option: u32, not: bool): bool {
    const header = ((load<u8>(th, 12) >> 4) << 2) as usize
    if (header < TCP_HEADER) {
      Xt.hotdrop = true
      return false
    }
    const length = header - TCP_HEADER
    if (length == 0) return not
    if (!Transport.there(header)) return false
    const options = th + TCP_HEADER
    let i: usize = 0
    while (i < length) {
      const kind = load<u8>(options + i) as u32
      if (kind == option) return !not
      if (kind < 2 || i == length - 1) i++
      else {
        const size = load<u8>(options + i, 1) as usize
        i += size != 0 ? size : 1
      }
    }
    return not
  }
}
