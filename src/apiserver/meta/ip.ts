/** Addresses and CIDRs as numbers: what allocation and validation need. An address is a bigint, most significant bit first on the wire. */
import ipaddr from 'ipaddr.js'
import type { IPFamily } from '../types/index.ts'

export interface Ip {
  readonly family: IPFamily
  readonly value: bigint
}

export interface Cidr {
  readonly family: IPFamily
  /** The network's own address: host bits are zero. */
  readonly base: bigint
  readonly prefixLength: number
  /** Number of addresses. */
  readonly size: bigint
}

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/

/** Undefined when the text is no address. No leading zeros, no zone, no IPv4-mapped IPv6, as the API has it for new objects. */
export function parseIp(text: string): Ip | undefined {
  const match = IPV4.exec(text)
  if (match !== null) {
    let value = 0
    for (let part = 1; part <= 4; part++) {
      const byte = Number(match[part])
      if (byte > 255) return undefined
      value = value * 256 + byte
    }
    return { family: 'IPv4', value: BigInt(value) }
  }
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  const address = ipaddr.IPv6.parse(text)
  if (address.isIPv4MappedAddress()) return undefined
  let value = 0n
  for (const part of address.parts) value = (value << 16n) | BigInt(part)
  return { family: 'IPv6', value }
}

export function familyOf(text: string): IPFamily | undefined {
  return parseIp(text)?.family
}

/** Canonical text (RFC 5952 for IPv6). */
export function formatIp({ family, value }: Ip): string {
  if (family === 'IPv4') {
    const bits = Number(value)
    return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.')
  }
  const parts = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn))
  return new ipaddr.IPv6(parts).toRFC5952String()
}

/** Undefined when the text is no CIDR. Host bits may be set: they are cut off. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text)
  const ip = match === null ? undefined : parseIp(match[1]!)
  if (ip === undefined) return undefined
  const bits = ip.family === 'IPv4' ? 32 : 128
  const prefixLength = Number(match![2])
  if (prefixLength > bits) return undefined
  const size = 1n << BigInt(bits - prefixLength)
  return { family: ip.family, base: ip.value & ~(size - 1n), prefixLength, size }
}

export function formatCidr({ family, base, prefixLength }: Cidr): string {
  return `${formatIp({ family, value: base })}/${prefixLength}`
}

export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  return cidr.family === ip.family && ip.value >= cidr.base && ip.value < cidr.base + cidr.size
}
