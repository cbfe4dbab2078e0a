/** CIDRs as rules and sets have them: canonical and masked. */
import {
  addressBits,
  familyOf,
  formatAddress,
  maskedBy,
  parseAddress,
  prefixMask,
} from '../../kernel/address.ts'
import type { Net } from '../../kernel/ipset.ts'
import type { Family } from '../../kernel/ruleset.ts'

export interface Cidr extends Net {
  readonly family: Family
}

/** Undefined when the text is no CIDR. Host bits are cut off. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const family = familyOf(text.slice(0, slash))
  const length = text.slice(slash + 1)
  if (slash < 0 || family === undefined || !/^\d{1,3}$/.test(length)) return undefined
  const prefixLength = Number(length)
  if (prefixLength > addressBits(family)) return undefined
  const bytes = parseAddress(text.slice(0, slash), family)!
  return { family, prefixLength, address: formatAddress(maskedBy(bytes, prefixMask(family, prefixLength))) }
}

/** A set of networks has no /0: it is two halves there. */
export function storable(cidr: Cidr): Cidr[] {
  if (cidr.prefixLength > 0) return [cidr]
  const [low, high] = cidr.family === 'ipv4' ? ['0.0.0.0', '128.0.0.0'] : ['::', '8000::']
  return [low!, high!].map((address) => ({ family: cidr.family, address, prefixLength: 1 }))
}

/** As `ipset save` prints it. */
export function netText({ address, prefixLength, family }: Cidr): string {
  return prefixLength === addressBits(family) ? address : `${address}/${prefixLength}`
}
