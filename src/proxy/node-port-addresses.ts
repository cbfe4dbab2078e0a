/** On which of a node's addresses NodePorts are served (`--nodeport-addresses`; pkg/proxy/util: NodePortAddresses). */
import type { Family } from '../kernel/ruleset.ts'
import { cidrContains, cidrsOfFamily, parseCidr, parseIp } from './ip.ts'
import type { Cidr, IpAddress } from './ip.ts'

export class NodePortAddresses {
  readonly #cidrs: readonly Cidr[]
  /** Every local address. */
  readonly matchAll: boolean
  readonly containsIPv4Loopback: boolean

  /** A list without a CIDR of the family means all addresses of that family. */
  constructor(family: Family, list: readonly string[]) {
    const own = cidrsOfFamily(family, list)
    const everything = parseCidr(family === 'ipv4' ? '0.0.0.0/0' : '::/0')!
    const cidrs = own.length === 0 ? [everything] : own
    this.matchAll = cidrs.some(({ network }) => network.prefixLength === 0)
    this.#cidrs = this.matchAll ? [everything] : cidrs
    const loopback = parseIp('127.0.0.0')!
    this.containsIPv4Loopback = this.#cidrs.some(
      (cidr) => cidr.family === 'ipv4' && (cidr.bytes[0] === 127 || cidrContains(cidr, loopback)),
    )
  }

  /** Those of the node's addresses that are meant, in the order of the CIDRs, each once. */
  nodeIPs(interfaceAddresses: readonly string[]): IpAddress[] {
    const found = new Map<string, IpAddress>()
    const addresses = interfaceAddresses.map((text) => parseIp(text)).filter((ip) => ip !== undefined)
    for (const cidr of this.#cidrs)
      for (const ip of addresses) if (cidrContains(cidr, ip)) found.set(ip.text, ip)
    return [...found.values()]
  }
}
