/** Addresses and ranges of them. A range of one family never holds an address of the other. */
import ipaddr from 'ipaddr.js'

export type AddressFamily = 'ipv4' | 'ipv6'

export interface Address {
  readonly family: AddressFamily
  /** As the number that its bytes on the wire make, the first byte the most significant. */
  readonly value: bigint
}

/** Both ends are in the range. */
export interface AddressRange {
  readonly family: AddressFamily
  readonly first: bigint
  readonly last: bigint
}

/** The range without the exceptions. */
export interface AddressBlock {
  readonly range: AddressRange
  readonly except: readonly AddressRange[]
}

export const BITS = { ipv4: 32, ipv6: 128 } as const

const IPV4 = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/

/** Undefined when the text is no address: leading zeros, zones and IPv4-mapped IPv6 are none, as in the API. */
export function readAddress(text: string): Address | undefined {
  if (IPV4.test(text)) {
    const bytes = text.split('.').map(Number)
    if (bytes.some((byte) => byte > 255)) return undefined
    return { family: 'ipv4', value: BigInt(bytes.reduce((value, byte) => value * 256 + byte, 0)) }
  }
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  const parsed = ipaddr.IPv6.parse(text)
  if (parsed.isIPv4MappedAddress()) return undefined
  return { family: 'ipv6', value: parsed.parts.reduce((value, part) => (value << 16n) | BigInt(part), 0n) }
}

/** Undefined when the text is no CIDR. Host bits may be set: they are cut off. */
export function readCidr(text: string): AddressRange | undefined {
  const [, base, length] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const address = base === undefined ? undefined : readAddress(base)
  if (address === undefined) return undefined
  const hostBits = BITS[address.family] - Number(length)
  if (hostBits < 0) return undefined
  const mask = (1n << BigInt(hostBits)) - 1n
  return { family: address.family, first: address.value & ~mask, last: address.value | mask }
}

export function holds({ family, first, last }: AddressRange, address: Address): boolean {
  return family === address.family && first <= address.value && address.value <= last
}

export function blockHolds({ range, except }: AddressBlock, address: Address): boolean {
  return holds(range, address) && !except.some((hole) => holds(hole, address))
}

/** `192.0.2.0-192.0.2.127`. */
export function rangeText({ family, first, last }: AddressRange): string {
  return `${addressText({ family, value: first })}-${addressText({ family, value: last })}`
}

/** Canonical text (RFC 5952 for IPv6). */
export function addressText({ family, value }: Address): string {
  if (family === 'ipv4') {
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
  }
  const parts = Array.from({ length: 8 }, (_, part) => Number((value >> BigInt(112 - 16 * part)) & 0xffffn))
  return new ipaddr.IPv6(parts).toRFC5952String()
}
