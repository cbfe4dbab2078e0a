/**
 * Addresses and CIDRs as the API carries them: text that may have been stored by an old apiserver, so leading zeros in
 * an IPv4 octet are read as decimal (k8s.io/utils/net: ParseIPSloppy). What comes out is canonical text.
 */
import type { IPFamily } from '../apiserver/types/index.ts'
import { addressBits, formatAddress, maskedBy, parseAddress, prefixMask } from '../kernel/address.ts'
import type { Family, Network } from '../kernel/ruleset.ts'

export interface IpAddress {
  readonly family: Family
  readonly bytes: Uint8Array
  readonly text: string
}

export interface Cidr {
  readonly family: Family
  /** The network's first address. */
  readonly bytes: Uint8Array
  readonly network: Network
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
const PADDED_OCTET = /(^|\.)0+(?=\d)/g

/** Undefined when the text is no address. An IPv4-mapped IPv6 address is the IPv4 address, as in Go's net.IP. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const bytes = parseAddress(text.replace(PADDED_OCTET, '$1'), 'ipv4')
    return bytes && { family: 'ipv4', bytes, text: formatAddress(bytes) }
  }
  const bytes = parseAddress(text, 'ipv6')
  if (bytes === undefined) return undefined
  if (MAPPED.every((byte, i) => bytes[i] === byte)) {
    const low = bytes.slice(12)
    return { family: 'ipv4', bytes: low, text: formatAddress(low) }
  }
  return { family: 'ipv6', bytes, text: formatAddress(bytes) }
}

/** `address/length`, the host bits cleared. Undefined when the text is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return undefined
  const ip = parseIp(text.slice(0, slash))
  const prefixLength = Number(text.slice(slash + 1))
  if (ip === undefined || prefixLength > addressBits(ip.family)) return undefined
  const bytes = maskedBy(ip.bytes, prefixMask(ip.family, prefixLength))
  return { family: ip.family, bytes, network: { address: formatAddress(bytes), prefixLength } }
}

/** Canonical text of an address, cheap for what is canonical already. */
export function canonicalIp(text: string): string | undefined {
  return CANONICAL_IPV4.test(text) ? text : parseIp(text)?.text
}

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const CANONICAL_IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`)

export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  if (cidr.family !== ip.family) return false
  const masked = maskedBy(ip.bytes, prefixMask(ip.family, cidr.network.prefixLength))
  return masked.every((byte, i) => byte === cidr.bytes[i])
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback({ family, bytes }: IpAddress): boolean {
  return family === 'ipv4' ? bytes[0] === 127 : bytes.every((byte, i) => byte === (i === 15 ? 1 : 0))
}

/** The whole-length network of one address: what `-d 10.0.0.1` means. `address` must be canonical. */
export function hostNetwork(family: Family, address: string): Network {
  return { address, prefixLength: addressBits(family) }
}

/** `ip:port`, IPv6 in brackets (net.JoinHostPort). */
export function joinHostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export function apiFamily(family: Family): IPFamily {
  return family === 'ipv4' ? 'IPv4' : 'IPv6'
}

/** Those of the list that are CIDRs of the family; others are left out (pkg/proxy/util: MapCIDRsByIPFamily). */
export function cidrsOfFamily(family: Family, list: readonly string[]): Cidr[] {
  return list
    .map((text) => parseCidr(text.trim()))
    .filter((cidr) => cidr !== undefined)
    .filter((cidr) => cidr.family === family)
}
