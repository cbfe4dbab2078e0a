// Routes into the forwarding tables: those of the stack's own, and those that a user adds.

import {
  ROUTE_DEV,
  ROUTE_DST,
  ROUTE_FLAGS,
  ROUTE_F_KERNEL,
  ROUTE_METRIC,
  ROUTE_PLEN,
  ROUTE_PREFSRC,
  ROUTE_PROTOCOL,
  ROUTE_SCOPE,
  ROUTE_SIZE,
  ROUTE_TABLE,
  ROUTE_TYPE,
  RTN_LOCAL,
  RTPROT_KERNEL,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
} from '../../src/abi/route.ts'
import { Arena } from '../memory/arena.ts'
import { Address } from '../packet/address.ts'
import { Fib } from './fib.ts'
import { Route } from './route.ts'

export abstract class KernelRoutes {
  /** A route of the stack's own, unless the link has it already. `src` 0: no preferred source. */
  static add(
    netns: usize,
    family: u32,
    prefix: usize,
    plen: u32,
    type: u32,
    isLocal: bool,
    scope: u32,
    link: usize,
    src: usize,
    metric: u32,
  ): void {
    // fib_valid_prefsrc: another route may say that the address is a broadcast one.
    if (src != 0 && !(type == RTN_LOCAL && Address.equal(prefix, src))) {
      if (Fib.addressType(netns, family, src, 0) != RTN_LOCAL) return
    }
    let same = Fib.exact(netns, family, prefix, plen, isLocal)
    while (same != 0) {
      if (
        Route.type(same) == type &&
        Route.dev(same) == link &&
        Route.metric(same) == metric &&
        (src == 0 || Address.equal(Route.prefsrc(same), src))
      ) {
        return
      }
      same = Route.next(same)
    }
    const route = Arena.alloc(ROUTE_SIZE)
    if (route == 0) return
    Address.copy(route + ROUTE_DST, prefix)
    if (src != 0) Address.copy(route + ROUTE_PREFSRC, src)
    store<u32>(route, plen, ROUTE_PLEN)
    store<u32>(route, type, ROUTE_TYPE)
    store<u32>(route, link as u32, ROUTE_DEV)
    store<u32>(route, metric, ROUTE_METRIC)
    store<u32>(route, isLocal ? RT_TABLE_LOCAL : RT_TABLE_MAIN, ROUTE_TABLE)
    store<u32>(route, scope, ROUTE_SCOPE)
    store<u32>(route, ROUTE_F_KERNEL, ROUTE_FLAGS)
    store<u32>(route, RTPROT_KERNEL, ROUTE_PROTOCOL)
    Fib.insert(netns, family, route)
  }

  /** Drops the route that `add` made for this link (and source, unless `src` is 0). */
  static drop(
    netns: usize,
    family: u32,
    prefix: usize,
    plen: u32,
    isLocal: bool,
    link: usize,
    src: usize,
  ): void {
    let route = Fib.exact(netns, family, prefix, plen, isLocal)
    while (route != 0) {
      const next = Route.next(route)
      if (Route.flags(route) & ROUTE_F_KERNEL && Route.dev(route) == link) {
        const prefsrc = Route.prefsrc(route)
        if (src == 0 || Address.isZero(prefsrc) || Address.equal(prefsrc, src))
          Fib.remove(netns, family, route)
      }
      route = next
    }
  }
}

export abstract class UserRoutes {
  /** Adds a route (`record` laid out as src/abi/route.ts; the host has checked it); 0, or a negative errno. */
  static add(netns: usize, family: u32, record: usize): i32 {
    const route = Arena.alloc(ROUTE_SIZE)
    if (route == 0) return -12
    memory.copy(route, record, ROUTE_SIZE)
    Route.setNext(route, 0)
    Route.setChain(route, 0)
    if (Fib.insert(netns, family, route)) return 0
    Arena.free(route, ROUTE_SIZE)
    return -17
  }
}
