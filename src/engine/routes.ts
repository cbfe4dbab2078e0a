/**
 * Routes as `ip route` adds, replaces, deletes and lists them, refused where Linux refuses them and in its words
 * (net/ipv4/fib_semantics.c: fib_create_info, fib_check_nh; net/ipv6/route.c: fib6_nh_init, ip6_validate_gw). Not
 * modelled: several next hops, other tables, a next hop of the other family.
 */
import * as A from '../abi/address.ts'
import { LINK_FLAGS, LINK_F_UP } from '../abi/link.ts'
import * as R from '../abi/route.ts'
import { addressBits, parseAddress } from '../kernel/address.ts'
import { PROTOCOLS, type Route, type RouteKey } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { addressWords } from './address.ts'
import { familyNumber } from './family.ts'
import { Fib, type Table } from './fib.ts'
import type { Instance } from './instance.ts'
import type { Links } from './links.ts'
import { readAddress } from './tuples.ts'

const SCOPES = {
  global: A.RT_SCOPE_UNIVERSE,
  link: A.RT_SCOPE_LINK,
  host: A.RT_SCOPE_HOST,
  nowhere: A.RT_SCOPE_NOWHERE,
} as const
const TYPES = {
  unicast: R.RTN_UNICAST,
  local: R.RTN_LOCAL,
  broadcast: R.RTN_BROADCAST,
  anycast: R.RTN_ANYCAST,
  multicast: R.RTN_MULTICAST,
  blackhole: R.RTN_BLACKHOLE,
  unreachable: R.RTN_UNREACHABLE,
  prohibit: R.RTN_PROHIBIT,
} as const
/** Metric of an IPv6 route that names none. */
const METRIC6 = 1024

export class Routes {
  readonly #instance: Instance
  readonly #netns: number
  readonly #links: Links
  readonly #fib: Fib

  constructor(instance: Instance, netns: number, links: Links) {
    this.#instance = instance
    this.#netns = netns
    this.#links = links
    this.#fib = new Fib(instance, netns)
  }

  /** `ip route add`; `replace` takes the place of the route that has its prefix and metric, `change` needs one. */
  add(route: Route, how: 'add' | 'replace' | 'change' = 'add'): void {
    const dev = this.#check(route)
    const { family } = route
    const metric = metricOf(route)
    const same = this.#same(route, tableOf(route)).find((at) => this.#word(at, R.ROUTE_METRIC) === metric)
    if (how === 'change' && same === undefined)
      throw refusal(
        family === 'ipv4'
          ? 'RTNETLINK answers: No such file or directory'
          : 'Error: Can not replace route - no match found.',
        prefixText(route),
      )
    if (how === 'add' && same !== undefined)
      throw refusal('RTNETLINK answers: File exists', prefixText(route))
    if (same !== undefined) this.#instance.exports.route_delete(this.#netns, familyNumber(family), same)
    const record = this.#record(route, dev)
    if (this.#instance.exports.route_add(this.#netns, familyNumber(family), record) !== 0)
      throw refusal('RTNETLINK answers: Cannot allocate memory', prefixText(route))
  }

  /** `ip route del`: the first route of the prefix that has everything the key names. */
  delete(key: RouteKey): void {
    if (key.dev !== undefined) this.#links.address(key.dev)
    const found = this.#same(key, tableOf(key)).find((at) => this.#matches(at, key))
    if (found === undefined) throw refusal('RTNETLINK answers: No such process', prefixText(key))
    this.#instance.exports.route_delete(this.#netns, familyNumber(key.family), found)
  }

  /** In the order in which Linux lists them: the main table, then the local one. */
  list(family: Family, table?: Table): Route[] {
    const routes = this.#fib
      .all(family)
      .map((at) => this.#read(at, family))
      .filter((route) => table === undefined || route.table === table)
      .filter((route) => route.table === 'local' || this.#isUp(route))
    const order = family === 'ipv4' ? order4 : order6
    return routes
      .map((route) => ({ route, key: parseAddress(route.destination, family)! }))
      .toSorted((x, y) => tableOrder(x.route) - tableOrder(y.route) || order(x, y))
      .map(({ route }) => route)
  }

  /** An address has gone: routes that prefer it go as well (fib_sync_down_addr), or prefer nothing (IPv6). */
  addressGone(family: Family, address: string): void {
    const words = addressWords(address, family)
    for (const at of this.#fib.all(family)) {
      const { words: memory } = this.#instance
      if (!words.every((word, i) => memory[((at + R.ROUTE_PREFSRC) >>> 2) + i] === word)) continue
      if (family === 'ipv4') this.#instance.exports.route_delete(this.#netns, familyNumber(family), at)
      else memory.fill(0, (at + R.ROUTE_PREFSRC) >>> 2, (at + R.ROUTE_PREFSRC + 16) >>> 2)
    }
  }

  #word(at: number, field: number): number {
    return this.#instance.word(at + field)
  }

  /** The routes of exactly this prefix and table, by metric. */
  #same({ family, destination, prefixLength }: RouteKey, table: Table): number[] {
    return this.#fib.exact(family, addressWords(destination, family), prefixLength, table)
  }

  #isUp({ dev }: Route): boolean {
    return dev === undefined || this.#links.get(dev).up
  }

  /** Throws what Linux says to a route that it does not take; else the record of its link, 0 for none. */
  #check(route: Route): number {
    const { family, destination, prefixLength, type, via } = route
    const bits = addressBits(family)
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits)
      throw new Problem(`prefix length ${prefixLength} is not in 0..${bits}`, { field: destination })
    if (type === 'anycast' || type === 'multicast')
      throw refusal('Error: Invalid route type.', prefixText(route))
    if (via !== undefined && via.includes(':') !== (family === 'ipv6'))
      throw new Problem('a gateway of the other family is not modelled', { field: via })
    return family === 'ipv4' ? this.#check4(route) : this.#check6(route)
  }

  #check4(route: Route): number {
    const { type, via, dev, src, onlink = false } = route
    const scope = SCOPES[scopeOf(route)]
    if (TYPE_SCOPES[type] > scope) throw refusal('Error: Invalid scope.', prefixText(route))
    if (isReject(type)) {
      if (via !== undefined || dev !== undefined) {
        const what = 'Gateway, device and multipath can not be specified for this route type'
        throw refusal(`Error: ${what}.`, via ?? dev ?? '')
      }
      return 0
    }
    if (scope > A.RT_SCOPE_HOST) throw refusal('Error: Invalid scope.', prefixText(route))
    let link = dev === undefined ? 0 : this.#links.address(dev)
    if (scope === A.RT_SCOPE_HOST) {
      if (via !== undefined) throw refusal('Error: Route with host scope can not have a gateway.', via)
    } else if (via === undefined) {
      if (onlink) {
        const what = 'Invalid flags for nexthop - PERVASIVE and ONLINK can not be set'
        throw refusal(`Error: ${what}.`, 'onlink')
      }
      if (link !== 0 && !this.#up(link)) throw refusal('Error: Device for nexthop is not up.', dev ?? '')
    } else if (onlink) this.#checkOnlink4(via, link, scope)
    else link = this.#gateway4(via, link, scope)
    if (link === 0) throw refusal('RTNETLINK answers: No such device', prefixText(route))
    if (src !== undefined && this.#localType(src) !== R.RTN_LOCAL)
      throw refusal('Error: Invalid prefsrc address.', src)
    return link
  }

  #checkOnlink4(via: string, link: number, scope: number): void {
    if (scope >= A.RT_SCOPE_LINK) throw refusal('Error: Nexthop has invalid scope.', via)
    if (link === 0) throw refusal('Error: Nexthop device required for onlink.', 'onlink')
    if (!this.#up(link)) throw refusal('Error: Nexthop device is not up.', via)
    if (this.#localType(via) !== R.RTN_UNICAST) throw refusal('Error: Nexthop has invalid gateway.', via)
  }

  /** fib_check_nh: the gateway must be reached by a route of narrower scope, through the link if one is named. */
  #gateway4(via: string, link: number, scope: number): number {
    const narrow = Math.max(scope + 1, A.RT_SCOPE_LINK)
    const fits = (at: number): boolean => {
      const dev = this.#word(at, R.ROUTE_DEV)
      const reached = this.#word(at, R.ROUTE_SCOPE)
      return reached >= narrow && (link === 0 || dev === link) && (isHostScope(reached) || this.#up(dev))
    }
    const found = this.#fib.lookup('ipv4', via, 'local', fits) || this.#fib.lookup('ipv4', via, 'main', fits)
    const type = found === 0 ? R.RTN_UNSPEC : this.#word(found, R.ROUTE_TYPE)
    if (type !== R.RTN_UNICAST && type !== R.RTN_LOCAL)
      throw refusal('Error: Nexthop has invalid gateway.', via)
    const dev = this.#word(found, R.ROUTE_DEV)
    if (!this.#up(dev)) throw refusal('RTNETLINK answers: Network is down', via)
    return dev
  }

  /** inet_addr_type: by the local table, whatever the link. */
  #localType(address: string): number {
    const [first = 0] = parseAddress(address, 'ipv4')!
    if (first === 0 || address === '255.255.255.255') return R.RTN_BROADCAST
    if (first >= 224 && first < 240) return R.RTN_MULTICAST
    const found = this.#fib.lookup('ipv4', address, 'local', () => true)
    return found === 0 ? R.RTN_UNICAST : this.#word(found, R.ROUTE_TYPE)
  }

  #check6(route: Route): number {
    const { type, via, dev, src, onlink = false } = route
    let link = dev === undefined ? 0 : this.#links.address(dev)
    if (onlink) {
      if (link === 0) throw refusal('Error: Nexthop device required for onlink.', 'onlink')
      if (!this.#up(link)) throw refusal('Error: Nexthop device is not up.', dev ?? '')
    }
    if (!isReject(type)) {
      if (via !== undefined) link = this.#gateway6(via, link, onlink)
      if (link === 0) throw refusal('RTNETLINK answers: No such device', prefixText(route))
      if (!this.#up(link)) throw refusal('Error: Nexthop device is not up.', dev ?? via ?? '')
    }
    if (src !== undefined && !this.#owns6(src, link, !isLinkLocal(src)))
      throw refusal('Error: Invalid source address.', src)
    return isReject(type) ? 0 : link
  }

  /** ip6_validate_gw: the link through which a gateway is reached. */
  #gateway6(via: string, link: number, onlink: boolean): number {
    const anyLink = !isLinkLocal(via)
    const own = (of: number): boolean => this.#owns6(via, of, anyLink)
    if (link !== 0 && own(link)) throw refusal('Error: Gateway can not be a local address.', via)
    let found = link
    if (anyLink) {
      if (parseAddress(via, 'ipv6')![0] === 0xff || via === '::')
        throw refusal('Error: Invalid gateway address.', via)
      found = onlink ? this.#onlink6(via, link) : this.#reached6(via, link)
    }
    if (found === 0) throw refusal('Error: Egress device not specified.', via)
    if (found === this.#links.address(this.#links.loopback)) {
      throw refusal('Error: Egress device can not be loopback device for this route.', via)
    }
    if (link === 0 && own(found)) throw refusal('Error: Gateway can not be a local address.', via)
    return found
  }

  /** ip6_route_check_nh_onlink: a route through another link must not lead to it, unless it is the default route. */
  #onlink6(via: string, link: number): number {
    const found = this.#fib.lookup('ipv6', via, 'main', (at) => this.#alive6(at, 0))
    if (
      found !== 0 &&
      this.#word(found, R.ROUTE_PLEN) > 0 &&
      this.#word(found, R.ROUTE_TYPE) < R.RTN_BLACKHOLE &&
      (this.#word(found, R.ROUTE_TYPE) !== R.RTN_UNICAST || this.#word(found, R.ROUTE_DEV) !== link)
    ) {
      throw refusal('Error: Nexthop has invalid gateway or device mismatch.', via)
    }
    return link
  }

  /** ip6_route_check_nh: on a link, not behind another gateway. */
  #reached6(via: string, link: number): number {
    for (const table of ['main', 'local', 'main'] as const) {
      const found = this.#fib.lookup('ipv6', via, table, (at) => this.#alive6(at, link))
      if (found === 0) continue
      if (this.#word(found, R.ROUTE_TYPE) >= R.RTN_BLACKHOLE || this.#hasGateway(found)) continue
      return this.#word(found, R.ROUTE_DEV)
    }
    throw refusal('RTNETLINK answers: No route to host', via)
  }

  #alive6(at: number, link: number): boolean {
    const dev = this.#word(at, R.ROUTE_DEV)
    return dev === 0 ? link === 0 : (link === 0 || dev === link) && this.#up(dev)
  }

  /** ipv6_chk_addr: an address of the link, or of any link. */
  #owns6(address: string, link: number, anyLink: boolean): boolean {
    return this.#fib
      .exact('ipv6', addressWords(address, 'ipv6'), 128, 'local')
      .some(
        (at) =>
          this.#word(at, R.ROUTE_TYPE) === R.RTN_LOCAL &&
          (this.#word(at, R.ROUTE_FLAGS) & R.ROUTE_F_KERNEL) !== 0 &&
          (anyLink || link === 0 || this.#word(at, R.ROUTE_DEV) === link),
      )
  }

  #hasGateway(at: number): boolean {
    const from = (at + R.ROUTE_GATEWAY) >>> 2
    return this.#instance.words.subarray(from, from + 4).some((word) => word !== 0)
  }

  #up(link: number): boolean {
    return (this.#word(link, LINK_FLAGS) & LINK_F_UP) !== 0
  }

  #matches(at: number, key: RouteKey): boolean {
    const { type, via, dev, metric, src, proto, scope, family } = key
    const holds = (field: number, address: string): boolean =>
      addressWords(address, family).every((word, i) => this.#word(at, field + 4 * i) === word)
    const is4 = family === 'ipv4'
    const link = this.#word(at, R.ROUTE_DEV) || (is4 ? 0 : this.#links.address(this.#links.loopback))
    return (
      (dev === undefined || link === this.#links.address(dev)) &&
      (via === undefined || holds(R.ROUTE_GATEWAY, via)) &&
      (metric === undefined || metric === 0 || this.#word(at, R.ROUTE_METRIC) === metric) &&
      (proto === undefined || this.#word(at, R.ROUTE_PROTOCOL) === protocolNumber(proto)) &&
      // Of an IPv6 route the kernel compares nothing else.
      (!is4 || type === undefined || this.#word(at, R.ROUTE_TYPE) === TYPES[type]) &&
      (!is4 || src === undefined || holds(R.ROUTE_PREFSRC, src)) &&
      (!is4 || scope === undefined || scope === 'nowhere' || this.#word(at, R.ROUTE_SCOPE) === SCOPES[scope])
    )
  }

  #record(route: Route, dev: number): number {
    const { family, destination, via, src, onlink = false, proto = 'boot' } = route
    const record = this.#instance.record()
    const put = (field: number, address: string): void =>
      this.#instance.words.set(addressWords(address, family), (record + field) >>> 2)
    put(R.ROUTE_DST, destination)
    if (via !== undefined) put(R.ROUTE_GATEWAY, via)
    if (src !== undefined) put(R.ROUTE_PREFSRC, src)
    const set = (field: number, value: number): void => this.#instance.setWord(record + field, value)
    set(R.ROUTE_PLEN, route.prefixLength)
    set(R.ROUTE_TYPE, TYPES[route.type])
    set(R.ROUTE_DEV, dev)
    set(R.ROUTE_METRIC, metricOf(route))
    set(R.ROUTE_TABLE, tableOf(route) === 'local' ? R.RT_TABLE_LOCAL : R.RT_TABLE_MAIN)
    set(R.ROUTE_SCOPE, SCOPES[scopeOf(route)])
    set(R.ROUTE_PROTOCOL, protocolNumber(proto))
    set(R.ROUTE_FLAGS, onlink ? R.ROUTE_F_ONLINK : 0)
    return record
  }

  #read(at: number, family: Family): Route {
    const { bytes } = this.#instance
    const number = familyNumber(family)
    const via = this.#hasGateway(at) ? readAddress(bytes, at + R.ROUTE_GATEWAY, number) : undefined
    const src = readAddress(bytes, at + R.ROUTE_PREFSRC, number)
    const link = this.#word(at, R.ROUTE_DEV)
    const dev = this.#links.nameOf(link) ?? (family === 'ipv6' ? this.#links.loopback : undefined)
    const metric = this.#word(at, R.ROUTE_METRIC)
    const type = nameOf(TYPES, this.#word(at, R.ROUTE_TYPE)) ?? 'unicast'
    const scope = nameOf(SCOPES, this.#word(at, R.ROUTE_SCOPE)) ?? 'global'
    const protocol = this.#word(at, R.ROUTE_PROTOCOL)
    const hasCarrier = link === 0 || type === 'local' || type === 'anycast' || this.#links.hasCarrier(link)
    return {
      family,
      type,
      destination: readAddress(bytes, at + R.ROUTE_DST, number) ?? (family === 'ipv4' ? '0.0.0.0' : '::'),
      prefixLength: this.#word(at, R.ROUTE_PLEN),
      ...(via === undefined ? {} : { via }),
      ...(dev === undefined ? {} : { dev }),
      ...((this.#word(at, R.ROUTE_FLAGS) & R.ROUTE_F_ONLINK) === 0 ? {} : { onlink: true }),
      ...(hasCarrier || !this.#up(link) ? {} : { linkdown: true }),
      ...(metric === 0 && family === 'ipv4' ? {} : { metric }),
      ...(src === undefined ? {} : { src }),
      ...(protocol === R.RTPROT_BOOT ? {} : { proto: nameOf(PROTOCOLS, protocol) ?? String(protocol) }),
      ...(family === 'ipv4' ? { scope } : {}),
      table: this.#word(at, R.ROUTE_TABLE) === R.RT_TABLE_LOCAL ? 'local' : 'main',
    }
  }
}

/** The widest scope that a route of a type may have (fib_props). */
const TYPE_SCOPES: Readonly<Record<Route['type'], number>> = {
  unicast: A.RT_SCOPE_UNIVERSE,
  local: A.RT_SCOPE_HOST,
  broadcast: A.RT_SCOPE_LINK,
  anycast: A.RT_SCOPE_LINK,
  multicast: A.RT_SCOPE_UNIVERSE,
  blackhole: A.RT_SCOPE_UNIVERSE,
  unreachable: A.RT_SCOPE_UNIVERSE,
  prohibit: A.RT_SCOPE_UNIVERSE,
}

const isHostScope = (scope: number): boolean => scope >= A.RT_SCOPE_HOST

const isReject = (type: Route['type']): boolean =>
  type === 'blackhole' || type === 'unreachable' || type === 'prohibit'

function isLinkLocal(address: string): boolean {
  const [first = 0, second = 0] = parseAddress(address, 'ipv6')!
  return first === 0xfe && (second & 0xc0) === 0x80
}

const metricOf = ({ family, metric }: Route): number =>
  family === 'ipv6' ? metric || METRIC6 : (metric ?? 0)

function tableOf({ type, table }: RouteKey): Table {
  return table ?? (type === 'local' || type === 'broadcast' ? 'local' : 'main')
}

/** What `ip` gives a route that names none. */
function scopeOf({ family, type, via, scope }: Route): keyof typeof SCOPES {
  if (scope !== undefined) return scope
  if (type === 'local') return 'host'
  if (type === 'broadcast') return 'link'
  return family === 'ipv4' && type === 'unicast' && via === undefined ? 'link' : 'global'
}

function protocolNumber(name: string): number {
  const number = PROTOCOLS[name as keyof typeof PROTOCOLS] ?? (/^\d{1,3}$/.test(name) ? Number(name) : 256)
  if (number > 255) throw new Problem(`"${name}" is not a protocol of routes`, { field: name })
  return number
}

function nameOf<T extends Readonly<Record<string, number>>>(names: T, number: number): keyof T | undefined {
  return Object.keys(names).find((name) => names[name] === number)
}

const prefixText = ({ destination, prefixLength }: RouteKey): string => `${destination}/${prefixLength}`

const refusal = (message: string, field: string): Problem => new Problem(message, { field })

interface Keyed {
  readonly route: Route
  readonly key: Uint8Array
}

const tableOrder = ({ table }: Route): number => (table === 'local' ? 1 : 0)

/** fib_trie: by prefix, the longest of one first. */
function order4(x: Keyed, y: Keyed): number {
  const at = x.key.findIndex((byte, i) => byte !== y.key[i])
  return at < 0 ? y.route.prefixLength - x.route.prefixLength : x.key[at]! - y.key[at]!
}

/** The walk of fib6: what is inside a prefix comes before it. */
function order6(x: Keyed, y: Keyed): number {
  const common = Math.min(x.route.prefixLength, y.route.prefixLength)
  for (let bit = 0; bit < common; bit++) {
    const [a, b] = [x.key, y.key].map((key) => (key[bit >> 3]! >> (7 - (bit & 7))) & 1) as [number, number]
    if (a !== b) return a - b
  }
  return y.route.prefixLength - x.route.prefixLength
}
