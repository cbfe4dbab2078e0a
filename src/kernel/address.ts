/**
 * Internet addresses as text and bytes, the way inet_pton and inet_ntop read and write them. Bytes are in network
 * order: 4 for IPv4, 16 for IPv6.
 */
import type { Family } from './ruleset.ts'

export const addressBits = (family: Family): 32 | 128 => (family === 'ipv4' ? 32 : 128)

/** Strict text (`10.0.0.1`, `fd00::1`) to bytes; undefined when it is not an address of the family. */
export function parseAddress(text: string, family: Family): Uint8Array | undefined {
  return family === 'ipv4' ? parseIpv4(text) : parseIpv6(text)
}

export function familyOf(text: string): Family | undefined {
  if (parseIpv4(text)) return 'ipv4'
  return parseIpv6(text) ? 'ipv6' : undefined
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = IPV4.exec(text)
  if (!parts) return undefined
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) {
    const part = parts[i + 1]!
    const value = Number(part)
    if (value > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    bytes[i] = value
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const head = toBytes(groups[0]!, groups.length === 1)
  const tail = groups.length === 2 ? toBytes(groups[1]!, true) : []
  if (!head || !tail) return undefined
  const length = head.length + tail.length
  if (groups.length === 1 ? length !== 16 : length > 14) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

function toBytes(groups: readonly string[], maybeIpv4: boolean): number[] | undefined {
  const bytes: number[] = []
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    } else {
      const last = maybeIpv4 && i === groups.length - 1 ? parseIpv4(group) : undefined
      if (!last) return undefined
      bytes.push(...last)
    }
  }
  return bytes
}

/** Bytes to canonical text: what inet_ntop writes, dotted quads in the mapped and compatible ranges included. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const { start, length } = longestZeroRun(groups)
  const dotted = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))
  const text = groups.map((group) => group.toString(16))
  if (dotted) {
    const last = bytes.subarray(12).join('.')
    return length === 6 ? `::${last}` : `::ffff:${last}`
  }
  if (length < 2) return text.join(':')
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (end < groups.length && groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
    if (end > start) start = end
  }
  return best
}

export function prefixMask(family: Family, prefixLength: number): Uint8Array {
  const mask = new Uint8Array(addressBits(family) / 8)
  for (let i = 0; i < mask.length; i++) mask[i] = 0xff00 >> Math.min(8, Math.max(0, prefixLength - 8 * i))
  return mask
}

/** The prefix length of a mask, undefined when its ones are not all in front. */
export function maskPrefix(mask: Uint8Array): number | undefined {
  let length = 0
  while (length < mask.length * 8 && (mask[length >> 3]! & (128 >> (length & 7))) !== 0) length++
  const whole = prefixMask(mask.length === 4 ? 'ipv4' : 'ipv6', length)
  return mask.every((byte, i) => byte === whole[i]) ? length : undefined
}

export function maskedBy(address: Uint8Array, mask: Uint8Array): Uint8Array {
  return address.map((byte, i) => byte & mask[i]!)
}

/** `undefined` when the text is not an address of the family, else its canonical form. */
export function canonicalAddress(text: string, family: Family): string | undefined {
  if (family === 'ipv4') return parseIpv4(text) && text
  const bytes = parseIpv6(text)
  return bytes && formatAddress(bytes)
}
