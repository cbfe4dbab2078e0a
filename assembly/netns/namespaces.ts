// Network namespaces: made with the kernel's default sysctls and a loopback, taken away with all that is in them.

import {
  CONF4_ACCEPT_REDIRECTS,
  CONF4_SEND_REDIRECTS,
  CONF4_SHARED_MEDIA,
  CONF6_HOP_LIMIT,
} from '../../src/abi/conf.ts'
import { LINK_KIND_LOOPBACK } from '../../src/abi/link.ts'
import {
  NETNS_BINDV6ONLY,
  NETNS_CONF4_ALL,
  NETNS_CONF4_DEFAULT,
  NETNS_CONF6_ALL,
  NETNS_CONF6_DEFAULT,
  NETNS_FIB,
  NETNS_FRAG6_TIME,
  NETNS_ICMP_ECHO_IGNORE_BROADCASTS,
  NETNS_ID,
  NETNS_IPFRAG_TIME,
  NETNS_IP_DEFAULT_TTL,
  NETNS_LOOPBACK,
  NETNS_NEIGH,
  NETNS_NEXT_IFINDEX,
  NETNS_PORT_HIGH,
  NETNS_PORT_LOW,
  NETNS_SIZE,
} from '../../src/abi/netns.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../../src/abi/verdict.ts'
import { Arena } from '../memory/arena.ts'
import { Fib } from './fib.ts'
import { Links } from './links.ts'
import { Neigh } from './neigh.ts'
import { Netns } from './netns.ts'

/** Number of the last namespace. */
const SERIAL = memory.data(4, 4)

export abstract class Namespaces {
  /** A namespace with the kernel's default sysctls and a loopback that is down; 0 when memory is full. */
  static create(): usize {
    const netns = Arena.alloc(NETNS_SIZE)
    if (netns == 0) return 0
    const id = load<u32>(SERIAL) + 1
    store<u32>(SERIAL, id)
    store<u16>(netns, id, NETNS_ID)
    store<u32>(netns, Fib.create() as u32, NETNS_FIB)
    store<u32>(netns, Fib.create() as u32, NETNS_FIB + 4)
    store<u32>(netns, Neigh.createTable() as u32, NETNS_NEIGH)
    store<u32>(netns, 1, NETNS_NEXT_IFINDEX)
    store<u32>(netns, 64, NETNS_IP_DEFAULT_TTL)
    store<u32>(netns, 1, NETNS_ICMP_ECHO_IGNORE_BROADCASTS)
    store<u32>(netns, 30, NETNS_IPFRAG_TIME)
    store<u32>(netns, 60, NETNS_FRAG6_TIME)
    store<u32>(netns, 0, NETNS_BINDV6ONLY)
    store<u32>(netns, 32768, NETNS_PORT_LOW)
    store<u32>(netns, 60999, NETNS_PORT_HIGH)
    Namespaces.defaults4(netns + NETNS_CONF4_ALL)
    Namespaces.defaults4(netns + NETNS_CONF4_DEFAULT)
    store<u32>(netns, 64, NETNS_CONF6_ALL + CONF6_HOP_LIMIT)
    store<u32>(netns, 64, NETNS_CONF6_DEFAULT + CONF6_HOP_LIMIT)
    const loopback = Links.create(netns, LINK_KIND_LOOPBACK)
    store<u32>(loopback, 0x00006f6c) // "lo", little-endian
    store<u32>(netns, loopback as u32, NETNS_LOOPBACK)
    return netns
  }

  private static defaults4(conf: usize): void {
    store<u32>(conf, 1, CONF4_SEND_REDIRECTS)
    store<u32>(conf, 1, CONF4_ACCEPT_REDIRECTS)
    store<u32>(conf, 1, CONF4_SHARED_MEDIA)
  }

  /** Frees a namespace with all its links. Packets in flight, tables and conntrack are the caller's to clear first. */
  static destroy(netns: usize): void {
    while (Netns.links(netns) != 0) Links.destroy(Netns.links(netns))
    Fib.destroy(Fib.of(netns, NFPROTO_IPV4))
    Fib.destroy(Fib.of(netns, NFPROTO_IPV6))
    while (Neigh.anyOf(netns, 0) != 0) Neigh.remove(netns, Neigh.anyOf(netns, 0))
    Neigh.destroyTable(netns)
    Arena.free(netns, NETNS_SIZE)
  }
}
