// Per-interface sysctls, combined with `all` as each one's rule says (include/linux/inetdevice.h).

import { LINK_CONF4, LINK_CONF6 } from '../../src/abi/link.ts'
import { NETNS_CONF4_ALL, NETNS_CONF6_ALL } from '../../src/abi/netns.ts'
import { Link } from './link.ts'

export abstract class Conf {
  /** The link's own value of an IPv4 setting (IN_DEV_CONF_GET). */
  @inline static own4(link: usize, setting: usize): u32 {
    return load<u32>(link + setting, LINK_CONF4)
  }

  @inline static all4(netns: usize, setting: usize): u32 {
    return load<u32>(netns + setting, NETNS_CONF4_ALL)
  }

  /** `all` or the link's (IN_DEV_ORCONF). */
  @inline static or4(link: usize, setting: usize): u32 {
    return Conf.own4(link, setting) | Conf.all4(Link.netns(link), setting)
  }

  /** The larger of `all` and the link's (IN_DEV_MAXCONF). */
  @inline static max4(link: usize, setting: usize): u32 {
    return max(Conf.own4(link, setting), Conf.all4(Link.netns(link), setting))
  }

  @inline static own6(link: usize, setting: usize): u32 {
    return load<u32>(link + setting, LINK_CONF6)
  }

  @inline static all6(netns: usize, setting: usize): u32 {
    return load<u32>(netns + setting, NETNS_CONF6_ALL)
  }
}
