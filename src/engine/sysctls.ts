/**
 * The sysctls of a namespace that mean something to the engine, by name. Conntrack's (`net.netfilter.nf_conntrack_*`)
 * are its own. A sysctl whose default is all that is modelled can be read and written only with that value.
 */
import * as C from '../abi/conf.ts'
import * as N from '../abi/netns.ts'
import { LINK_CONF4, LINK_CONF6 } from '../abi/link.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instance } from './instance.ts'
import type { Links } from './links.ts'

const PLAIN: ReadonlyMap<string, readonly [offset: number, max: number]> = new Map([
  ['net.ipv4.ip_default_ttl', [N.NETNS_IP_DEFAULT_TTL, 255]],
  ['net.ipv4.icmp_echo_ignore_all', [N.NETNS_ICMP_ECHO_IGNORE_ALL, 1]],
  ['net.ipv4.icmp_echo_ignore_broadcasts', [N.NETNS_ICMP_ECHO_IGNORE_BROADCASTS, 1]],
  ['net.ipv4.icmp_errors_use_inbound_ifaddr', [N.NETNS_ICMP_ERRORS_USE_INBOUND_IFADDR, 1]],
  ['net.ipv4.ip_forward_use_pmtu', [N.NETNS_IP_FORWARD_USE_PMTU, 1]],
  ['net.ipv4.ipfrag_time', [N.NETNS_IPFRAG_TIME, 0x7fffffff]],
  ['net.ipv4.ip_nonlocal_bind', [N.NETNS_IP_NONLOCAL_BIND, 1]],
  ['net.ipv4.fwmark_reflect', [N.NETNS_FWMARK_REFLECT, 1]],
  ['net.ipv6.icmp.echo_ignore_all', [N.NETNS_ICMP6_ECHO_IGNORE_ALL, 1]],
  ['net.ipv6.bindv6only', [N.NETNS_BINDV6ONLY, 1]],
  ['net.netfilter.nf_conntrack_frag6_timeout', [N.NETNS_FRAG6_TIME, 0x7fffffff]],
] as const)

const CONF4: ReadonlyMap<string, readonly [offset: number, max: number]> = new Map([
  ['forwarding', [C.CONF4_FORWARDING, 1]],
  ['rp_filter', [C.CONF4_RP_FILTER, 2]],
  ['route_localnet', [C.CONF4_ROUTE_LOCALNET, 1]],
  ['accept_local', [C.CONF4_ACCEPT_LOCAL, 1]],
  ['send_redirects', [C.CONF4_SEND_REDIRECTS, 1]],
  ['src_valid_mark', [C.CONF4_SRC_VALID_MARK, 1]],
  ['arp_ignore', [C.CONF4_ARP_IGNORE, 8]],
  ['arp_announce', [C.CONF4_ARP_ANNOUNCE, 2]],
  ['arp_filter', [C.CONF4_ARP_FILTER, 1]],
  ['proxy_arp', [C.CONF4_PROXY_ARP, 1]],
  ['shared_media', [C.CONF4_SHARED_MEDIA, 1]],
  ['log_martians', [C.CONF4_LOG_MARTIANS, 1]],
  ['drop_unicast_in_l2_multicast', [C.CONF4_DROP_UNICAST_IN_L2_MULTICAST, 1]],
  ['accept_redirects', [C.CONF4_ACCEPT_REDIRECTS, 1]],
  ['accept_source_route', [C.CONF4_ACCEPT_SOURCE_ROUTE, 1]],
] as const)

const CONF6: ReadonlyMap<string, readonly [offset: number, max: number]> = new Map([
  ['forwarding', [C.CONF6_FORWARDING, 2]],
  ['disable_ipv6', [C.CONF6_DISABLE_IPV6, 1]],
  ['hop_limit', [C.CONF6_HOP_LIMIT, 255]],
  ['accept_dad', [C.CONF6_ACCEPT_DAD, 2]],
  ['accept_ra', [C.CONF6_ACCEPT_RA, 2]],
  ['addr_gen_mode', [C.CONF6_ADDR_GEN_MODE, 3]],
  ['proxy_ndp', [C.CONF6_PROXY_NDP, 1]],
  ['drop_unicast_in_l2_multicast', [C.CONF6_DROP_UNICAST_IN_L2_MULTICAST, 1]],
] as const)

/** Taken and ignored: they change nothing that is modelled. */
const WITHOUT_EFFECT =
  /^net\.(ipv4\.(tcp_|udp_|icmp_ratelimit|icmp_ratemask|icmp_msgs_|ip_local_port_range|neigh\.|route\.|igmp_)|ipv6\.(neigh\.|route\.|conf\.[^.]+\.(dad_transmits|autoconf|router_solicitations|keep_addr_on_down|use_tempaddr)|icmp\.ratelimit)|core\.|netfilter\.nf_log|bridge\.|unix\.)|^(kernel|vm|fs)\./

interface Place {
  readonly address: number
  readonly max: number
}

export class Sysctls {
  readonly #instance: Instance
  readonly #netns: number
  readonly #links: Links

  constructor(instance: Instance, netns: number, links: Links) {
    this.#instance = instance
    this.#netns = netns
    this.#links = links
  }

  /** The value as text; undefined when the name is not one of these. */
  get(key: string): string | undefined {
    if (key === 'net.ipv4.ip_forward') return String(this.#instance.word(this.#netns + N.NETNS_IP_FORWARD))
    const place = this.#place(key)
    return place && String(this.#instance.word(place.address))
  }

  /** True: taken. False: the name is not one of these. */
  set(key: string, text: string): boolean {
    // Routes of received packets are kept, and depend on settings.
    this.#instance.exports.routes_touch()
    if (key === 'net.ipv4.ip_forward') {
      this.#forwarding4(number(key, text, 1))
      return true
    }
    const place = this.#place(key)
    if (!place) return WITHOUT_EFFECT.test(key)
    const value = number(key, text, place.max)
    const conf = /^net\.ipv([46])\.conf\.(.+)\.([^.]+)$/.exec(key)
    if (conf?.[3] === 'forwarding' && conf[1] === '6') this.#forwarding6(conf[2]!, value)
    else if (conf?.[3] === 'forwarding' && conf[2] === 'all') this.#forwarding4(value)
    else if (conf?.[3] === 'disable_ipv6' && conf[2] === 'all') this.#everywhere6(C.CONF6_DISABLE_IPV6, value)
    else this.#instance.setWord(place.address, value)
    return true
  }

  #place(key: string): Place | undefined {
    const plain = PLAIN.get(key)
    if (plain) return { address: this.#netns + plain[0], max: plain[1] }
    const conf = /^net\.ipv([46])\.conf\.(.+)\.([^.]+)$/.exec(key)
    if (!conf) return undefined
    const v4 = conf[1] === '4'
    const entry = (v4 ? CONF4 : CONF6).get(conf[3]!)
    if (!entry) return undefined
    return { address: this.#block(v4, conf[2]!.replaceAll('/', '.')) + entry[0], max: entry[1] }
  }

  #block(v4: boolean, name: string): number {
    if (name === 'all') return this.#netns + (v4 ? N.NETNS_CONF4_ALL : N.NETNS_CONF6_ALL)
    if (name === 'default') return this.#netns + (v4 ? N.NETNS_CONF4_DEFAULT : N.NETNS_CONF6_DEFAULT)
    return this.#links.address(name) + (v4 ? LINK_CONF4 : LINK_CONF6)
  }

  /** inet_forward_change: everything follows, and redirects are believed only by hosts. */
  #forwarding4(value: number): void {
    const set = (block: number): void => {
      this.#instance.setWord(block + C.CONF4_FORWARDING, value)
    }
    this.#instance.setWord(this.#netns + N.NETNS_IP_FORWARD, value)
    set(this.#netns + N.NETNS_CONF4_ALL)
    set(this.#netns + N.NETNS_CONF4_DEFAULT)
    this.#instance.setWord(this.#netns + N.NETNS_CONF4_ALL + C.CONF4_ACCEPT_REDIRECTS, value === 0 ? 1 : 0)
    for (const name of this.#links.names()) set(this.#links.conf4(name))
  }

  /** addrconf_fixup_forwarding: `all` sets every link; the anycast addresses follow. */
  #forwarding6(name: string, value: number): void {
    if (name === 'all') this.#everywhere6(C.CONF6_FORWARDING, value)
    else this.#instance.setWord(this.#block(false, name) + C.CONF6_FORWARDING, value)
    this.#instance.exports.netns_forwarding6(this.#netns)
  }

  #everywhere6(setting: number, value: number): void {
    this.#instance.setWord(this.#netns + N.NETNS_CONF6_ALL + setting, value)
    this.#instance.setWord(this.#netns + N.NETNS_CONF6_DEFAULT + setting, value)
    for (const name of this.#links.names()) this.#instance.setWord(this.#links.conf6(name) + setting, value)
  }
}

function number(key: string, text: string, max: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new Problem(`sysctl: setting key "${key}": Invalid argument`, { field: text })
  return value
}
