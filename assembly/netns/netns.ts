// Accessors of the network namespace record (src/abi/netns.ts).

import {
  NETNS_CT,
  NETNS_CT_ENABLED,
  NETNS_ID,
  NETNS_IP_FORWARD,
  NETNS_LINKS,
  NETNS_LOOPBACK,
  NETNS_SETS,
  NETNS_TABLES,
  NETNS_TABLES_FAMILY,
} from '../../src/abi/netns.ts'

export abstract class Netns {
  @inline static id(netns: usize): u32 {
    return load<u16>(netns, NETNS_ID)
  }

  @inline static links(netns: usize): usize {
    return load<u32>(netns, NETNS_LINKS)
  }

  @inline static loopback(netns: usize): usize {
    return load<u32>(netns, NETNS_LOOPBACK)
  }

  /** The table of a family (0 = IPv4, 1 = IPv6), 0 when it does not exist. */
  @inline static table(netns: usize, family: u32, table: u32): usize {
    return load<u32>(netns + (family as usize) * NETNS_TABLES_FAMILY + ((table as usize) << 2), NETNS_TABLES)
  }

  @inline static ct(netns: usize): usize {
    return load<u32>(netns, NETNS_CT)
  }

  @inline static ctEnabled(netns: usize): u32 {
    return load<u32>(netns, NETNS_CT_ENABLED)
  }

  @inline static sets(netns: usize): usize {
    return load<u32>(netns, NETNS_SETS)
  }

  @inline static ipForward(netns: usize): bool {
    return load<u32>(netns, NETNS_IP_FORWARD) != 0
  }
}
