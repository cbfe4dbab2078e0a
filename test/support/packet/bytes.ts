/** Bytes of addresses, the Internet checksum (RFC 1071), CRC32c (SCTP). */
import ipaddr from 'ipaddr.js'

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

export function macBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

export function addressBytes(text: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(text).toByteArray())
}

/** The folded, complemented sum. `start` is added first (a pseudo header). */
export function checksum(bytes: Uint8Array, start = 0): number {
  return ~fold(start + sum(bytes)) & 0xffff
}

/** The pseudo header's sum for TCP, UDP and ICMPv6. */
export function pseudoSum(
  { source, destination }: { readonly source: string; readonly destination: string },
  protocol: number,
  length: number,
): number {
  return sum(addressBytes(source)) + sum(addressBytes(destination)) + protocol + length
}

function sum(bytes: Uint8Array): number {
  let total = 0
  for (let index = 0; index < bytes.length; index += 2)
    total += (bytes[index]! << 8) | (bytes[index + 1] ?? 0)
  return total
}

function fold(total: number): number {
  let value = total
  while (value > 0xffff) value = (value & 0xffff) + Math.floor(value / 0x10000)
  return value
}

const CRC32C = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value >>> 0
})

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC32C[(crc ^ byte) & 255]!
  return ~crc >>> 0
}
