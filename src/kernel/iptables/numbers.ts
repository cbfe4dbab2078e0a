/** Numbers as libxtables reads them (xtables_strtoui): decimal, 0x hexadecimal or 0 octal, nothing after them. */
import { Problem } from '../problem.ts'

const NUMBER = /^(?:0[xX][0-9a-fA-F]+|\d+)$/

/** undefined when the text is not a number from 0 to `max`. */
export function parseUint(text: string, max: number): number | undefined {
  if (!NUMBER.test(text)) return undefined
  if (text.length > 1 && text.startsWith('0') && /^\d+$/.test(text)) {
    if (/[89]/.test(text)) return undefined
    const octal = Number.parseInt(text, 8)
    return octal <= max ? octal : undefined
  }
  const value = Number(text)
  return value <= max ? value : undefined
}

export function uint(text: string, max: number, what: string, min = 0): number {
  const value = parseUint(text, max)
  if (value === undefined || value < min)
    throw new Problem(`${what}: bad value "${text}", or out of range (${min}-${max})`, { field: text })
  return value
}

export const U32 = 0xffffffff

/** `VALUE[/MASK]` of marks; the mask defaults to `defaultMask`. */
export function valueMask(
  text: string,
  what: string,
  max = U32,
  defaultMask = max,
): { value: number; mask: number } {
  const slash = text.indexOf('/')
  const value = parseUint(slash < 0 ? text : text.slice(0, slash), max)
  const mask = slash < 0 ? defaultMask : parseUint(text.slice(slash + 1), max)
  if (value === undefined || mask === undefined)
    throw new Problem(`${what}: bad integer value "${text}", or out of range`, { field: text })
  return { value, mask }
}

export const hex = (value: number): string => `0x${value.toString(16)}`
export const hex2 = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`
