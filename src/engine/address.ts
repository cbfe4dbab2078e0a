/**
 * Addresses as the engine's words: network byte order read as little-endian 32-bit words, IPv4 mapped into ::ffff:0:0.
 */
import { parseAddress, prefixMask } from '../kernel/address.ts'
import type { Family, Network } from '../kernel/ruleset.ts'
import { Problem } from '../kernel/problem.ts'

export type AddressWords = readonly [number, number, number, number]

const MAPPED = 0xffff0000
const ONES = 0xffffffff

/** An IPv4 address in one word, undefined when the text is none. Written out because 250,000 rules pass here. */
export function ipv4Word(text: string): number | undefined {
  let word = 0
  let part = -1
  let shift = 0
  for (let i = 0; i <= text.length; i++) {
    const digit = i === text.length ? -2 : text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return undefined
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return undefined
    } else {
      if ((digit !== -2 && i < text.length) || part < 0 || shift > 24) return undefined
      word |= part << shift
      shift += 8
      part = -1
    }
  }
  return shift === 32 ? word >>> 0 : undefined
}

/** The four words of an address; a Problem that names the text when it is not one of the family. */
export function addressWords(text: string, family: Family): AddressWords {
  if (family === 'ipv4') {
    const word = ipv4Word(text)
    if (word !== undefined) return [0, 0, MAPPED, word]
  } else {
    const bytes = parseAddress(text, family)
    if (bytes) return fromBytes(bytes)
  }
  throw new Problem(`"${text}" is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`, { field: text })
}

/** The mask of a network over the four words; the words before an IPv4 address are compared whole. */
export function maskWords(network: Network, family: Family): AddressWords {
  if (network.mask !== undefined) {
    const mask = addressWords(network.mask, family)
    return family === 'ipv4' ? [ONES, ONES, ONES, mask[3]] : mask
  }
  const bits = family === 'ipv4' ? 32 : 128
  if (!Number.isInteger(network.prefixLength) || network.prefixLength < 0 || network.prefixLength > bits)
    throw new Problem(`prefix length ${network.prefixLength} is not in 0..${bits}`, {
      field: network.address,
    })
  if (family === 'ipv4') return [ONES, ONES, ONES, ipv4Mask(network.prefixLength)]
  return fromBytes(prefixMask('ipv6', network.prefixLength))
}

function ipv4Mask(prefixLength: number): number {
  const host = prefixLength === 0 ? 0 : (ONES << (32 - prefixLength)) >>> 0
  return ((host >>> 24) | ((host >>> 8) & 0xff00) | ((host & 0xff00) << 8) | (host << 24)) >>> 0
}

function fromBytes(bytes: Uint8Array): AddressWords {
  const word = (at: number): number =>
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  return [word(0), word(4), word(8), word(12)]
}

/** An address with its bits outside the mask cleared. */
export function maskedWords(address: AddressWords, mask: AddressWords): AddressWords {
  const and = (i: 0 | 1 | 2 | 3): number => (address[i] & mask[i]) >>> 0
  return [and(0), and(1), and(2), and(3)]
}
