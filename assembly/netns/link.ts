// Accessors of the interface record (src/abi/link.ts).

import {
  LINK_ADDRS4,
  LINK_ADDRS6,
  LINK_FLAGS,
  LINK_F_UP,
  LINK_ID,
  LINK_IFINDEX,
  LINK_KIND,
  LINK_KIND_VETH,
  LINK_MAC,
  LINK_MTU,
  LINK_NAME,
  LINK_NETNS,
  LINK_NEXT,
  LINK_PEER,
} from '../../src/abi/link.ts'

export abstract class Link {
  /** Where the 16 zero-padded bytes of the name are. */
  @inline static name(link: usize): usize {
    return link + LINK_NAME
  }

  /** Where the 6 bytes of the hardware address are. */
  @inline static mac(link: usize): usize {
    return link + LINK_MAC
  }

  @inline static isUp(link: usize): bool {
    return (load<u32>(link, LINK_FLAGS) & LINK_F_UP) != 0
  }

  /** Up, and for one end of a pair the other end is up as well (IFF_LOWER_UP). */
  static hasCarrier(link: usize): bool {
    if (!Link.isUp(link)) return false
    if (Link.kind(link) != LINK_KIND_VETH) return true
    return Link.peer(link) != 0 && Link.isUp(Link.peer(link))
  }

  @inline static ifindex(link: usize): u32 {
    return load<u32>(link, LINK_IFINDEX)
  }

  @inline static netns(link: usize): usize {
    return load<u32>(link, LINK_NETNS)
  }

  @inline static peer(link: usize): usize {
    return load<u32>(link, LINK_PEER)
  }

  @inline static next(link: usize): usize {
    return load<u32>(link, LINK_NEXT)
  }

  @inline static mtu(link: usize): u32 {
    return load<u32>(link, LINK_MTU)
  }

  @inline static flags(link: usize): u32 {
    return load<u32>(link, LINK_FLAGS)
  }

  @inline static kind(link: usize): u32 {
    return load<u32>(link, LINK_KIND)
  }

  @inline static addrs4(link: usize): usize {
    return load<u32>(link, LINK_ADDRS4)
  }

  @inline static addrs6(link: usize): usize {
    return load<u32>(link, LINK_ADDRS6)
  }

  @inline static id(link: usize): u32 {
    return load<u32>(link, LINK_ID)
  }

  @inline static setMtu(link: usize, mtu: u32): void {
    store<u32>(link, mtu, LINK_MTU)
  }
}
