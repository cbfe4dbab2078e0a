/** Values of `ip` arguments: prefixes, link-layer addresses, device names, numbers. */
import { addressBits, familyOf, formatAddress, maskedBy, parseAddress, prefixMask } from '../address.ts'
import { Problem } from '../problem.ts'
import type { Family } from '../ruleset.ts'

export interface Prefix {
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
}

/** `10.0.0.1/24`; without a length, of the whole address. */
export function prefix(text: string, family?: Family): Prefix {
  const [host, length] = text.split('/') as [string, string?]
  const found = familyOf(host)
  const bits = found && addressBits(found)
  const prefixLength = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (!found || (family && family !== found) || !(prefixLength! <= bits!))
    throw new Problem(`${kindOf(family)} prefix is expected rather than "${text}".`, { field: text })
  return { family: found, address: formatAddress(parseAddress(host, found)!), prefixLength: prefixLength! }
}

/** A destination: `default`, or a prefix without host bits; those of an IPv6 one are cleared, as the kernel does. */
export function destination(text: string, family?: Family): Prefix {
  if (text === 'default' || text === 'any' || text === 'all') {
    const of = family ?? 'ipv4'
    return { family: of, address: of === 'ipv4' ? '0.0.0.0' : '::', prefixLength: 0 }
  }
  const parsed = prefix(text, family)
  const bytes = parseAddress(parsed.address, parsed.family)!
  const masked = maskedBy(bytes, prefixMask(parsed.family, parsed.prefixLength))
  if (parsed.family === 'ipv6') return { ...parsed, address: formatAddress(masked) }
  if (masked.some((byte, i) => byte !== bytes[i]))
    throw new Problem(`Invalid prefix for given prefix length: ${text}`, { field: text })
  return parsed
}

export function hostAddress(text: string, family?: Family): { family: Family; address: string } {
  const found = familyOf(text)
  if (!found || (family && family !== found))
    throw new Problem(`${kindOf(family)} address is expected rather than "${text}".`, { field: text })
  return { family: found, address: formatAddress(parseAddress(text, found)!) }
}

const kindOf = (family: Family | undefined): string =>
  family === undefined ? 'any valid' : family === 'ipv4' ? 'inet' : 'inet6'

export function lladdr(text: string): string {
  if (!/^[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}$/.test(text))
    throw new Problem(`"${text}" is invalid lladdr.`, { field: text })
  return text
    .toLowerCase()
    .split(':')
    .map((byte) => byte.padStart(2, '0'))
    .join(':')
}

export function device(text: string): string {
  if (text === '' || text.length > 15 || /[/\s]/.test(text) || text === '.' || text === '..')
    throw new Problem(`"${text}" is not a valid ifname`, { field: text })
  return text
}

export function number(text: string, max: number, what: string): number {
  if (!/^(?:\d+|0x[0-9a-fA-F]+)$/.test(text) || Number(text) > max)
    throw new Problem(`Invalid "${what}" value "${text}"`, { field: text })
  return Number(text)
}
