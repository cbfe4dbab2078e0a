/** One network namespace: what `ip`, `sysctl` and a listening program do to it. */
import * as A from '../abi/address.ts'
import { NEIGH_MAC, NEIGH_STATE, NUD_PERMANENT } from '../abi/neigh.ts'
import { NETNS_CT, NETNS_ID, NETNS_LOOPBACK } from '../abi/netns.ts'
import * as R from '../abi/route.ts'
import * as S from '../abi/socket.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../abi/verdict.ts'
import type { InterfaceAddress, Neighbour, Route } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { type Instance, required } from './instance.ts'
import { Links, parseMac } from './links.ts'
import { addressWords } from './address.ts'
import { Sysctls } from './sysctls.ts'

export interface Listener {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
  /** Any address of either family when absent. */
  readonly address?: string
  /** Takes data and says nothing. */
  readonly silent?: boolean
}

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const
const SCOPES = { global: A.RT_SCOPE_UNIVERSE, link: A.RT_SCOPE_LINK, host: A.RT_SCOPE_HOST } as const
const TYPES = {
  unicast: R.RTN_UNICAST,
  local: R.RTN_LOCAL,
  broadcast: R.RTN_BROADCAST,
  blackhole: R.RTN_BLACKHOLE,
  unreachable: R.RTN_UNREACHABLE,
  prohibit: R.RTN_PROHIBIT,
} as const
/** Metric of an IPv6 route that names none. */
const METRIC6 = 1024

export const familyNumber = (family: Family): number => (family === 'ipv4' ? NFPROTO_IPV4 : NFPROTO_IPV6)

export class Netns {
  readonly name: string
  readonly address: number
  readonly id: number
  readonly links: Links
  readonly sysctls: Sysctls
  readonly #instance: Instance
  readonly #sockets: { readonly address: number; readonly listener: Listener }[] = []

  constructor(instance: Instance, name: string) {
    this.name = name
    this.#instance = instance
    this.address = required(instance.exports.netns_create())
    this.id = instance.word(this.address + NETNS_ID) & 0xffff
    this.links = new Links(instance, this.address, instance.word(this.address + NETNS_LOOPBACK))
    this.sysctls = new Sysctls(instance, this.address, this.links)
  }

  /** Address of the namespace's conntrack block. */
  get conntrack(): number {
    return this.#instance.word(this.address + NETNS_CT)
  }

  addressAdd(address: InterfaceAddress): void {
    const link = this.links.address(address.link)
    const record = this.#instance.record()
    this.#address(record + A.ADDRESS_LOCAL, address.address, address.family)
    if (address.broadcast !== undefined)
      this.#address(record + A.ADDRESS_BROADCAST, address.broadcast, address.family)
    const bits = address.family === 'ipv4' ? 32 : 128
    if (!Number.isInteger(address.prefixLength) || address.prefixLength < 0 || address.prefixLength > bits)
      throw new Problem(`prefix length ${address.prefixLength} is not in 0..${bits}`, {
        field: address.address,
      })
    this.#instance.setWord(record + A.ADDRESS_PREFIX, address.prefixLength)
    this.#instance.setWord(record + A.ADDRESS_SCOPE, SCOPES[address.scope ?? 'global'])
    this.#instance.setWord(record + A.ADDRESS_FAMILY, familyNumber(address.family))
    if (this.#instance.exports.address_add(link, record) === 0)
      throw new Problem('RTNETLINK answers: File exists', { field: address.address })
  }

  addressDelete(address: InterfaceAddress): void {
    const link = this.links.address(address.link)
    const record = this.#instance.record()
    this.#address(record, address.address, address.family)
    if (this.#instance.exports.address_delete(link, familyNumber(address.family), record) === 0)
      throw new Problem('RTNETLINK answers: Cannot assign requested address', { field: address.address })
  }

  routeAdd(route: Route): void {
    const record = this.#route(route)
    const error = this.#instance.exports.route_add(this.address, familyNumber(route.family), record)
    if (error !== 0)
      throw new Problem(`RTNETLINK answers: ${error === -17 ? 'File exists' : 'Cannot allocate memory'}`, {
        field: `${route.destination}/${route.prefixLength}`,
      })
  }

  routeDelete(route: Route): void {
    const record = this.#route(route)
    if (route.metric === undefined) this.#instance.setWord(record + R.ROUTE_METRIC, 0)
    if (this.#instance.exports.route_delete(this.address, familyNumber(route.family), record) === 0)
      throw new Problem('RTNETLINK answers: No such process', {
        field: `${route.destination}/${route.prefixLength}`,
      })
  }

  neighbourAdd(neighbour: Neighbour): void {
    const link = this.links.address(neighbour.dev)
    const mac = parseMac(neighbour.lladdr)
    const record = this.#instance.record()
    this.#address(record, neighbour.address, neighbour.family)
    const entry = required(this.#instance.exports.neigh_make(link, record))
    this.#instance.bytes.set(mac, entry + NEIGH_MAC)
    this.#instance.setWord(entry + NEIGH_STATE, NUD_PERMANENT)
    this.#instance.exports.neigh_resolved(entry)
  }

  neighbourDelete(neighbour: Pick<Neighbour, 'family' | 'address' | 'dev'>): void {
    const link = this.links.address(neighbour.dev)
    const record = this.#instance.record()
    this.#address(record, neighbour.address, neighbour.family)
    if (this.#instance.exports.neigh_delete(link, record) === 0)
      throw new Problem('RTNETLINK answers: No such file or directory', { field: neighbour.address })
  }

  listen(listener: Listener): void {
    if (!Number.isInteger(listener.port) || listener.port < 1 || listener.port > 65535)
      throw new Problem(`port ${listener.port} is not in 1..65535`, { field: 'port' })
    const record = this.#instance.record()
    if (listener.address !== undefined) {
      const family = listener.address.includes(':') ? 'ipv6' : 'ipv4'
      this.#address(record + S.SOCKET_ADDR, listener.address, family)
      this.#instance.setWord(record + S.SOCKET_FAMILY, familyNumber(family))
    }
    const swapped = ((listener.port & 255) << 8) | (listener.port >> 8)
    this.#instance.setWord(record + S.SOCKET_PORT, swapped | (PROTOCOLS[listener.protocol] << 16))
    if (listener.silent) this.#instance.setWord(record + S.SOCKET_FLAGS, S.SOCKET_F_SILENT)
    const address = required(this.#instance.exports.socket_add(this.address, record))
    this.#sockets.push({ address, listener })
  }

  /** Stops listening; nothing happens when nobody listens. */
  unlisten(listener: Listener): void {
    const at = this.#sockets.findIndex(
      ({ listener: { protocol, port, address } }) =>
        protocol === listener.protocol && port === listener.port && address === listener.address,
    )
    if (at < 0) return
    this.#instance.exports.socket_remove(this.address, this.#sockets[at]!.address)
    this.#sockets.splice(at, 1)
  }

  #route(route: Route): number {
    const record = this.#instance.record()
    const bits = route.family === 'ipv4' ? 32 : 128
    if (!Number.isInteger(route.prefixLength) || route.prefixLength < 0 || route.prefixLength > bits)
      throw new Problem(`prefix length ${route.prefixLength} is not in 0..${bits}`, {
        field: route.destination,
      })
    this.#address(record + R.ROUTE_DST, route.destination, route.family)
    const refuses = route.type === 'blackhole' || route.type === 'unreachable' || route.type === 'prohibit'
    const dev = refuses ? 0 : this.#device(route)
    if (route.via !== undefined) this.#address(record + R.ROUTE_GATEWAY, route.via, route.family)
    if (route.src !== undefined) this.#address(record + R.ROUTE_PREFSRC, route.src, route.family)
    const isLocal = route.type === 'local' || route.type === 'broadcast'
    const table = route.table ?? (isLocal ? 'local' : 'main')
    const linkScope = route.via === undefined ? A.RT_SCOPE_LINK : A.RT_SCOPE_UNIVERSE
    this.#instance.setWord(record + R.ROUTE_PLEN, route.prefixLength)
    this.#instance.setWord(record + R.ROUTE_TYPE, TYPES[route.type])
    this.#instance.setWord(record + R.ROUTE_DEV, dev)
    this.#instance.setWord(record + R.ROUTE_METRIC, route.metric ?? (route.family === 'ipv6' ? METRIC6 : 0))
    this.#instance.setWord(record + R.ROUTE_TABLE, table === 'local' ? R.RT_TABLE_LOCAL : R.RT_TABLE_MAIN)
    this.#instance.setWord(record + R.ROUTE_SCOPE, route.type === 'local' ? A.RT_SCOPE_HOST : linkScope)
    return record
  }

  /** The link of a route: the one it names, else the one through which its gateway is reached. */
  #device(route: Route): number {
    if (route.dev !== undefined) return this.links.address(route.dev)
    if (route.via === undefined)
      throw new Problem('a route needs `via` or `dev`', {
        field: `${route.destination}/${route.prefixLength}`,
      })
    const scratch = required(this.#instance.alloc(64))
    this.#address(scratch, route.via, route.family)
    const found = this.#instance.exports.route_device(this.address, familyNumber(route.family), scratch) >>> 0
    this.#instance.free(scratch, 64)
    if (found === 0) throw new Problem('Error: Nexthop has invalid gateway.', { field: route.via })
    return found
  }

  #address(at: number, text: string, family: Family): void {
    this.#instance.words.set(addressWords(text, family), at >>> 2)
  }
}
