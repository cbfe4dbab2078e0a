// Accessors of the route record (src/abi/route.ts).

import {
  ROUTE_CHAIN,
  ROUTE_DEV,
  ROUTE_FLAGS,
  ROUTE_GATEWAY,
  ROUTE_METRIC,
  ROUTE_NEXT,
  ROUTE_PLEN,
  ROUTE_PREFSRC,
  ROUTE_SCOPE,
  ROUTE_TABLE,
  ROUTE_TYPE,
} from '../../src/abi/route.ts'

export abstract class Route {
  /** Where the 16 bytes of the next hop are; all zero = on link. */
  @inline static gateway(route: usize): usize {
    return route + ROUTE_GATEWAY
  }

  /** Where the 16 bytes of the preferred source are; all zero = none. */
  @inline static prefsrc(route: usize): usize {
    return route + ROUTE_PREFSRC
  }

  /** RTN_*. */
  @inline static type(route: usize): u32 {
    return load<u32>(route, ROUTE_TYPE)
  }

  @inline static dev(route: usize): usize {
    return load<u32>(route, ROUTE_DEV)
  }

  @inline static plen(route: usize): u32 {
    return load<u32>(route, ROUTE_PLEN)
  }

  @inline static metric(route: usize): u32 {
    return load<u32>(route, ROUTE_METRIC)
  }

  @inline static table(route: usize): u32 {
    return load<u32>(route, ROUTE_TABLE)
  }

  @inline static scope(route: usize): u32 {
    return load<u32>(route, ROUTE_SCOPE)
  }

  @inline static flags(route: usize): u32 {
    return load<u32>(route, ROUTE_FLAGS)
  }

  @inline static next(route: usize): usize {
    return load<u32>(route, ROUTE_NEXT)
  }

  @inline static setNext(route: usize, next: usize): void {
    store<u32>(route, next as u32, ROUTE_NEXT)
  }

  @inline static chain(route: usize): usize {
    return load<u32>(route, ROUTE_CHAIN)
  }

  @inline static setChain(route: usize, next: usize): void {
    store<u32>(route, next as u32, ROUTE_CHAIN)
  }
}
