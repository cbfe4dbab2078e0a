/** Names of TOS values and DSCP classes (extensions/tos_values.c, dscp_helper.c). */
import { Problem } from '../problem.ts'
import { parseUint, valueMask } from './numbers.ts'

const TOS = new Map([
  ['minimize-delay', 0x10],
  ['maximize-throughput', 0x08],
  ['maximize-reliability', 0x04],
  ['minimize-cost', 0x02],
  ['normal-service', 0x00],
])

/** `0x10`, `0x10/0x3f` or a name; a name leaves the two ECN bits alone. */
export function tosNumber(text: string): { value: number; mask: number } {
  const named = TOS.get(text.toLowerCase())
  return named === undefined ? valueMask(text, 'tos', 0xff) : { value: named, mask: 0x3f }
}

export function dscpClass(text: string): number {
  const name = text.toUpperCase()
  const selector = /^CS([0-7])$/.exec(name)
  if (selector) return Number(selector[1]) << 3
  const assured = /^AF([1-4])([1-3])$/.exec(name)
  if (assured) return (Number(assured[1]) << 3) | (Number(assured[2]) << 1)
  if (name === 'EF') return 0x2e
  if (name === 'BE') return 0
  throw new Problem(`Invalid DSCP value \`${text}'`, { field: text })
}

export function byteBits(text: string, what: string): number {
  const bits = parseUint(text, 0xff)
  if (bits === undefined) throw new Problem(`${what}: bad value "${text}"`, { field: text })
  return bits
}
