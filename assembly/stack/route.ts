// What a routing decision leaves in a packet (struct rtable): the record, its type, where it goes next.

import {
  RT_F_BROADCAST,
  RT_F_INPUT,
  RT_F_LOCAL,
  RT_F_MULTICAST,
  RT_F_VALID,
  SKB_RT_FLAGS,
  SKB_RT_TYPE,
} from '../../src/abi/skb.ts'
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from '../../src/abi/route.ts'
import { TRACE_ROUTE } from '../../src/abi/trace.ts'
import { Route } from '../netns/route.ts'
import { Address } from '../packet/address.ts'
import { Skb } from '../packet/skb.ts'
import { Trace } from '../trace/trace.ts'

export abstract class Rt {
  /** Notes a decision. `route` may be 0; `dev` is where the packet goes out (0 for local delivery). */
  static set(skb: usize, route: usize, type: u32, flags: u32, dev: usize): void {
    let all = flags
    if (type == RTN_LOCAL) all |= RT_F_LOCAL
    else if (type == RTN_BROADCAST) all |= RT_F_BROADCAST | RT_F_LOCAL
    else if (type == RTN_MULTICAST) all |= RT_F_MULTICAST
    const onLink = route == 0 || Address.isZero(Route.gateway(route))
    Rt.note(skb, route, type, all, dev, onLink ? Skb.dst16(skb) : Route.gateway(route))
  }

  /** The same with all its flags and the next hop known. */
  @inline static note(skb: usize, route: usize, type: u32, flags: u32, dev: usize, nexthop: usize): void {
    Skb.setDst(skb, route)
    store<u8>(skb, type, SKB_RT_TYPE)
    store<u8>(skb, flags | RT_F_VALID, SKB_RT_FLAGS)
    Skb.setOutdev(skb, dev)
    Address.copy(Skb.nexthop(skb), nexthop)
    if (Trace.wants(skb)) Trace.event(skb, TRACE_ROUTE, 255, type)
  }

  /** Forgets the decision (skb_dst_drop). */
  @inline static drop(skb: usize): void {
    Skb.setDst(skb, 0)
    store<u8>(skb, 0, SKB_RT_FLAGS)
  }

  @inline static isValid(skb: usize): bool {
    return (Skb.rtFlags(skb) & RT_F_VALID) != 0
  }

  @inline static isInput(skb: usize): bool {
    return (Skb.rtFlags(skb) & RT_F_INPUT) != 0
  }

  @inline static isLocal(skb: usize): bool {
    return (Skb.rtFlags(skb) & RT_F_LOCAL) != 0
  }

  @inline static isMany(skb: usize): bool {
    return (Skb.rtFlags(skb) & (RT_F_BROADCAST | RT_F_MULTICAST)) != 0
  }
}
