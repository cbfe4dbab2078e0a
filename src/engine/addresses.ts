/**
 * Addresses of links as `ip addr` adds, deletes and lists them, refused where Linux refuses them and in its words
 * (net/ipv4/devinet.c: inet_rtm_newaddr, __inet_del_ifa; net/ipv6/addrconf.c: inet6_addr_add).
 */
import * as A from '../abi/address.ts'
import { LINK_ADDRS4, LINK_ADDRS6 } from '../abi/link.ts'
import { addressBits, parseAddress } from '../kernel/address.ts'
import { defaultScope } from '../kernel/ip/index.ts'
import type { InterfaceAddress } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { addressWords } from './address.ts'
import { familyNumber } from './family.ts'
import type { Instance } from './instance.ts'
import type { Links } from './links.ts'
import type { Routes } from './routes.ts'
import { readAddress } from './tuples.ts'

const SCOPES = { global: A.RT_SCOPE_UNIVERSE, link: A.RT_SCOPE_LINK, host: A.RT_SCOPE_HOST } as const
const EEXIST = -17
const EINVAL = -22

/** `ip addr del` without a prefix length means whatever address has these bits. */
export type AddressKey = Pick<InterfaceAddress, 'link' | 'family' | 'address' | 'peer'> & {
  readonly prefixLength?: number
}

export class Addresses {
  readonly #instance: Instance
  readonly #links: Links
  readonly #routes: Routes

  constructor(instance: Instance, links: Links, routes: Routes) {
    this.#instance = instance
    this.#links = links
    this.#routes = routes
  }

  add(address: InterfaceAddress): void {
    const link = this.#links.address(address.link)
    const { family, prefixLength } = address
    const bits = addressBits(family)
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > bits)
      throw new Problem(`prefix length ${prefixLength} is not in 0..${bits}`, { field: address.address })
    const words = addressWords(address.address, family)
    if (family === 'ipv6') this.#check6(address)
    // Linux takes 0.0.0.0 and does nothing.
    else if (words[3] === 0) return
    const record = this.#instance.record()
    const put = (field: number, text: string | undefined): void => {
      if (text !== undefined) this.#instance.words.set(addressWords(text, family), (record + field) >>> 2)
    }
    put(A.ADDRESS_LOCAL, address.address)
    put(A.ADDRESS_PEER, address.peer)
    put(A.ADDRESS_BROADCAST, address.broadcast)
    const flags =
      (address.nodad ? A.ADDRESS_F_NODAD : 0) | (address.noprefixroute ? A.ADDRESS_F_NOPREFIXROUTE : 0)
    this.#instance.setWord(record + A.ADDRESS_PREFIX, prefixLength)
    this.#instance.setWord(record + A.ADDRESS_SCOPE, SCOPES[scopeOf(address)])
    this.#instance.setWord(record + A.ADDRESS_FAMILY, familyNumber(family))
    this.#instance.setWord(record + A.ADDRESS_FLAGS, flags)
    const error = this.#instance.exports.address_add(link, record)
    if (error === 0) return
    if (error !== EEXIST && error !== EINVAL) throw new Problem('RTNETLINK answers: Cannot allocate memory')
    const exists = family === 'ipv4' ? 'ipv4: Address already assigned' : 'ipv6: address already assigned'
    const said = error === EEXIST ? exists : 'ipv4: Invalid scope value'
    throw new Problem(`Error: ${said}.`, { field: address.address })
  }

  #check6({ address, link }: InterfaceAddress): void {
    const bytes = parseAddress(address, 'ipv6')
    if (bytes?.[0] === 0xff) {
      const what = 'Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag'
      throw new Problem(`Error: ipv6: ${what}.`, { field: address })
    }
    if (address === '::') throw new Problem('Error: ipv6: Invalid address.', { field: address })
    if (address === '::1' && link !== this.#links.loopback) {
      throw new Problem('Error: ipv6: Cannot assign loopback address on this device.', { field: address })
    }
  }

  /** With the primary address of a subnet go its secondary ones (promote_secondaries is not modelled). */
  delete(key: AddressKey): void {
    const link = this.#links.address(key.link)
    const { family } = key
    const at = this.#records(link, family).find((record) => this.#matches(record, key))
    if (at === undefined) {
      const said = family === 'ipv4' ? 'ipv4: Address not found' : 'ipv6: address not found'
      throw new Problem(`Error: ${said}.`, { field: key.address })
    }
    this.#deleteAt(link, at, family)
  }

  /** `ip addr flush dev LINK`. */
  flush(name: string, family: Family): void {
    const link = this.#links.address(name)
    for (;;) {
      const [first] = this.#records(link, family)
      if (first === undefined) return
      this.#deleteAt(link, first, family)
    }
  }

  list(name: string): InterfaceAddress[] {
    const link = this.#links.address(name)
    return (['ipv4', 'ipv6'] as const).flatMap((family) =>
      this.#records(link, family).map((at) => this.#read(at, family, name)),
    )
  }

  #deleteAt(link: number, at: number, family: Family): void {
    const { exports, bytes } = this.#instance
    const isPrimary = (this.#instance.word(at + A.ADDRESS_FLAGS) & A.ADDRESS_F_SECONDARY) === 0
    const doomed = family === 'ipv4' && isPrimary ? [...this.#secondaries(link, at), at] : [at]
    for (const record of doomed) {
      const text = readAddress(bytes, record + A.ADDRESS_LOCAL, familyNumber(family))
      exports.address_delete(link, record)
      if (text !== undefined && !this.#isOwned(family, text)) this.#routes.addressGone(family, text)
    }
  }

  #secondaries(link: number, primary: number): number[] {
    const from = this.#read(primary, 'ipv4', '')
    return this.#records(link, 'ipv4').filter((at) => {
      const { secondary, address, prefixLength, peer } = this.#read(at, 'ipv4', '')
      if (!secondary || prefixLength !== from.prefixLength) return false
      return samePrefix(peer ?? address, from.peer ?? from.address, prefixLength, 'ipv4')
    })
  }

  #isOwned(family: Family, address: string): boolean {
    for (const name of this.#links.names()) {
      const records = this.#records(this.#links.address(name), family)
      const words = addressWords(address, family)
      if (records.some((at) => words.every((word, i) => this.#instance.word(at + 4 * i) === word)))
        return true
    }
    return false
  }

  #records(link: number, family: Family): number[] {
    const records: number[] = []
    const first = this.#instance.word(link + (family === 'ipv4' ? LINK_ADDRS4 : LINK_ADDRS6))
    for (let at = first; at !== 0; at = this.#instance.word(at + A.ADDRESS_NEXT)) records.push(at)
    return records
  }

  #matches(at: number, { family, address, prefixLength, peer, link }: AddressKey): boolean {
    const held = this.#read(at, family, link)
    if (!addressWords(address, family).every((word, i) => this.#instance.word(at + 4 * i) === word))
      return false
    if (prefixLength === undefined) return true
    return (
      held.prefixLength === prefixLength &&
      (family === 'ipv6' || samePrefix(held.peer ?? held.address, peer ?? address, prefixLength, family))
    )
  }

  #read(at: number, family: Family, link: string): InterfaceAddress {
    const { bytes } = this.#instance
    const text = (field: number): string | undefined => readAddress(bytes, at + field, familyNumber(family))
    const has = (field: number): boolean => {
      const from = (at + field) >>> 2
      return this.#instance.words.subarray(from, from + 4).some((word) => word !== 0)
    }
    const peer = has(A.ADDRESS_PEER) ? text(A.ADDRESS_PEER) : undefined
    const broadcast = has(A.ADDRESS_BROADCAST) ? text(A.ADDRESS_BROADCAST) : undefined
    const flags = this.#instance.word(at + A.ADDRESS_FLAGS)
    const scope = this.#instance.word(at + A.ADDRESS_SCOPE)
    return {
      link,
      family,
      address: text(A.ADDRESS_LOCAL)!,
      prefixLength: this.#instance.word(at + A.ADDRESS_PREFIX),
      ...(peer === undefined ? {} : { peer }),
      ...(broadcast === undefined ? {} : { broadcast }),
      scope: scope === A.RT_SCOPE_LINK ? 'link' : scope === A.RT_SCOPE_HOST ? 'host' : 'global',
      ...((flags & A.ADDRESS_F_SECONDARY) === 0 ? {} : { secondary: true }),
      ...((flags & A.ADDRESS_F_NODAD) === 0 ? {} : { nodad: true }),
      ...((flags & A.ADDRESS_F_NOPREFIXROUTE) === 0 ? {} : { noprefixroute: true }),
    }
  }
}

/** An IPv6 address has the scope that it says; of an IPv4 one it is told. */
function scopeOf({ address, family, scope }: InterfaceAddress): keyof typeof SCOPES {
  return family === 'ipv6' || scope === undefined ? defaultScope(address, family) : scope
}

function samePrefix(a: string, b: string, prefixLength: number, family: Family): boolean {
  const [x, y] = [parseAddress(a, family)!, parseAddress(b, family)!]
  for (let bit = 0; bit < prefixLength; bit++)
    if (((x[bit >> 3]! ^ y[bit >> 3]!) >> (7 - (bit & 7))) & 1) return false
  return true
}
