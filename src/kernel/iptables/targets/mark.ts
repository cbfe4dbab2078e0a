/** Targets that write marks: MARK, CONNMARK, CT (extensions/libxt_{MARK,CONNMARK,CT}.c). */
import { Problem } from '../../problem.ts'
import type { Target } from '../../ruleset.ts'
import { defineTarget, UNMODELLED, type Option } from '../extension.ts'
import { hex, parseUint, U32, valueMask } from '../numbers.ts'

/** `(mark & ~mask) ^ value`: what every way of setting a mark comes down to. */
interface Xmark {
  readonly value: number
  readonly mask: number
}

const u32 = (bits: number): number => bits >>> 0

/** Each option's bits as a value and mask of `--set-xmark`. */
const XMARK_OPTIONS: Record<string, (text: string, what: string) => Xmark> = {
  'set-xmark': (text, what) => valueMask(text, what),
  'set-mark': (text, what) => {
    const { value, mask } = valueMask(text, what)
    return { value, mask: u32(value | mask) }
  },
  'and-mark': (text, what) => ({ value: 0, mask: u32(~bits(text, what)) }),
  'or-mark': (text, what) => {
    const value = bits(text, what)
    return { value, mask: value }
  },
  'xor-mark': (text, what) => ({ value: bits(text, what), mask: 0 }),
}

function bits(text: string, what: string): number {
  const value = parseUint(text, U32)
  if (value === undefined)
    throw new Problem(`${what}: bad integer value "${text}", or out of range`, { field: text })
  return value
}

export const mark = defineTarget({
  kind: 'MARK',
  options: Object.entries(XMARK_OPTIONS).map(([name, read]) => ({
    names: [name],
    read: ([text]) => read(text!, `MARK: option "--${name}"`),
  })),
  finish: ({ value, mask }) => {
    if (value === undefined || mask === undefined)
      throw new Problem('MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required')
    return { kind: 'MARK', value, mask }
  },
  print: ({ value, mask }) => ` --set-xmark ${hex(value)}/${hex(mask)}`,
})

type Connmark = Extract<Target, { kind: 'CONNMARK' }>

const CONNMARK_SET: readonly Option<Connmark>[] = Object.entries(XMARK_OPTIONS).map(([name, read]) => ({
  names: [name],
  read: ([text]) => {
    const { value, mask } = read(text!, `CONNMARK: option "--${name}"`)
    return { mode: 'set', value, ctmask: mask, nfmask: U32 }
  },
}))

function shiftOption(direction: 'left' | 'right'): Option<Connmark> {
  return {
    names: [`${direction}-shift-mark`],
    read: ([text], _, { mode }) => {
      if (!mode)
        throw new Problem('CONNMARK: set, save or restore must come before a shift', { field: text! })
      const bits = parseUint(text!, 32)
      if (bits === undefined) throw new Problem('CONNMARK: a shift is from 0 to 32', { field: text! })
      return bits === 0 ? {} : { shift: { direction, bits } }
    },
  }
}

export const connmark = defineTarget({
  kind: 'CONNMARK',
  options: [
    ...CONNMARK_SET,
    { names: ['save-mark'], arity: 0, read: () => ({ mode: 'save' }) },
    { names: ['restore-mark'], arity: 0, read: () => ({ mode: 'restore' }) },
    { names: ['nfmask'], read: ([text]) => ({ nfmask: bits(text!, 'CONNMARK: --nfmask') }) },
    { names: ['ctmask'], read: ([text]) => ({ ctmask: bits(text!, 'CONNMARK: --ctmask') }) },
    {
      names: ['mask'],
      read: ([text]) => {
        const mask = bits(text!, 'CONNMARK: --mask')
        return { nfmask: mask, ctmask: mask }
      },
    },
    shiftOption('left'),
    shiftOption('right'),
  ],
  finish: ({ mode, value = 0, ctmask = U32, nfmask = U32, shift }) => {
    if (!mode) throw new Problem('CONNMARK target: No operation specified')
    return { kind: 'CONNMARK', mode, value, ctmask, nfmask, ...(shift && { shift }) }
  },
  print: ({ mode, value, ctmask, nfmask, shift }) =>
    (mode === 'set'
      ? ` --set-xmark ${hex(value)}/${hex(ctmask)}`
      : ` --${mode}-mark --nfmask ${hex(nfmask)} --ctmask ${hex(ctmask)}`) +
    (shift ? ` --${shift.direction}-shift-mark ${shift.bits}` : ''),
})

type Ct = Extract<Target, { kind: 'CT' }>

function zoneOption(name: string, zoneSide?: 'orig' | 'reply'): Option<Ct> {
  return {
    names: [name],
    read: ([text]) => {
      if (text === 'mark') return UNMODELLED
      const zone = parseUint(text!, 65535)
      if (zone === undefined) throw new Problem(`Cannot parse "${text}" as a zone ID`, { field: text! })
      // Zone 0 is every packet's zone: nothing is said, and nothing is printed.
      return zone === 0 ? {} : { zone, ...(zoneSide && { zoneSide }) }
    },
  }
}

export const ct = defineTarget({
  kind: 'CT',
  unmodelled: ['helper', 'timeout', 'ctevents', 'expevents'],
  options: [
    { names: ['notrack'], arity: 0, read: () => ({ notrack: true }) },
    zoneOption('zone'),
    zoneOption('zone-orig', 'orig'),
    zoneOption('zone-reply', 'reply'),
  ],
  finish: (soFar) => ({ kind: 'CT', ...soFar }),
  print: ({ notrack, zone, zoneSide }) =>
    (notrack ? ' --notrack' : '') +
    (zone === undefined || zone === 0 ? '' : ` --zone${zoneSide ? `-${zoneSide}` : ''} ${zone}`),
})
