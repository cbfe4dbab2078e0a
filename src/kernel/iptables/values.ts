/** Values that several extensions share: ports, networks, address ranges, lists of names. */
import { addressBits, formatAddress, maskPrefix, maskedBy, parseAddress, prefixMask } from '../address.ts'
import { Problem } from '../problem.ts'
import type { Family, Network, Not, PortRange } from '../ruleset.ts'
import { parseUint } from './numbers.ts'
import { portNumber } from './protocols.ts'

/** A value with its `!`; without one the field is absent, so that equal rules are equal objects. */
export const withNot = <T>(value: T, not: boolean): Not<T> => (not ? { value, not: true } : { value })

export const bang = (value: { readonly not?: boolean }): string => (value.not === true ? ' !' : '')

export function port(text: string): number {
  const number = portNumber(text)
  if (number === undefined) throw new Problem(`invalid port/service \`${text}' specified`, { field: text })
  return number
}

/** `80`, `80:90`, `:90`, `80:`. */
export function portRange(text: string, separator = ':'): PortRange {
  const at = text.indexOf(separator)
  if (at < 0) {
    const single = port(text)
    return { from: single, to: single }
  }
  const low = text.slice(0, at)
  const high = text.slice(at + 1)
  const range = { from: low === '' ? 0 : port(low), to: high === '' ? 65535 : port(high) }
  if (range.from > range.to) throw new Problem('invalid portrange (min > max)', { field: text })
  return range
}

export const printRange = ({ from, to }: PortRange, separator = ':'): string =>
  from === to ? String(from) : `${from}${separator}${to}`

/** Ports of a transport match; the whole range says nothing and is dropped unless it is inverted. */
export function portsOrNothing(text: string, not: boolean): Not<PortRange> | undefined {
  const range = portRange(text)
  return range.from === 0 && range.to === 65535 && !not ? undefined : withNot(range, not)
}

export function address(text: string, family: Family): string {
  const bytes = parseAddress(text, family)
  if (!bytes) throw new Problem(`Bad IP address "${text}"`, { field: text })
  return formatAddress(bytes)
}

/** `10.0.0.1`, `10.0.0.0/8`, `10/8`, `10.0.0.0/255.0.0.0`; `keepHost` leaves the bits outside the mask alone. */
export function network(text: string, family: Family, keepHost = false): Network {
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const bytes = parseAddress(host, family) ?? (family === 'ipv4' ? shortIpv4(host) : undefined)
  if (!bytes) throw new Problem(`host/network \`${host}' not found`, { field: text })
  const mask = slash < 0 ? prefixMask(family, addressBits(family)) : maskOf(text.slice(slash + 1), family)
  if (!mask) throw new Problem(`invalid mask \`${text.slice(slash + 1)}' specified`, { field: text })
  const prefixLength = maskPrefix(mask)
  const shown = formatAddress(keepHost ? bytes : maskedBy(bytes, mask))
  return prefixLength === undefined
    ? { address: shown, prefixLength: 0, mask: formatAddress(mask) }
    : { address: shown, prefixLength }
}

function maskOf(text: string, family: Family): Uint8Array | undefined {
  const length = parseUint(text, addressBits(family))
  return length === undefined ? parseAddress(text, family) : prefixMask(family, length)
}

/** `10`, `10.1`: an IPv4 network with its last bytes left out. */
function shortIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  const numbers = parts.map((part) => parseUint(part, 255))
  return parts.length > 4 || numbers.includes(undefined)
    ? undefined
    : Uint8Array.from({ length: 4 }, (_, i) => numbers[i] ?? 0)
}

/** `address/length` or `address/mask`; `full` also when the mask covers the whole address. */
export function printNetwork(value: Network, family: Family, full: boolean): string {
  if (value.mask !== undefined) return `${value.address}/${value.mask}`
  return value.prefixLength === addressBits(family) && !full
    ? value.address
    : `${value.address}/${value.prefixLength}`
}

/** `FROM-TO`; a single address is a range of one. */
export function addressRange(text: string, family: Family): { from: string; to: string } {
  const dash = text.indexOf('-')
  const from = address(dash < 0 ? text : text.slice(0, dash), family)
  return { from, to: dash < 0 ? from : address(text.slice(dash + 1), family) }
}

/** A comma list of names, each from `names` (any case), returned in the order of `names`. */
export function nameList<T extends string>(text: string, names: readonly T[], what: string): T[] {
  const given = new Set(
    text.split(',').map((word) => {
      const name = names.find((candidate) => candidate === word.toUpperCase())
      if (name === undefined) throw new Problem(`Bad ${what} "${word}"`, { field: text })
      return name
    }),
  )
  return inOrder([...given], names)
}

/** A model's list as the real tool prints it: in the order of the kernel's bits, each name once. */
export const inOrder = <T extends string>(list: readonly T[], names: readonly T[]): T[] =>
  names.filter((name) => list.includes(name))

/** `0.0.0.0/0` says nothing unless it is inverted. */
export const saysSomething = ({ value, not }: Not<Network>): boolean =>
  not === true || value.prefixLength > 0 || value.mask !== undefined
