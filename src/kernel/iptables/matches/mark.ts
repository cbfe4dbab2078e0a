/** mark and connmark (extensions/libxt_mark.c, libxt_connmark.c). */
import { defineMatch, required, type Option } from '../extension.ts'
import { hex, U32, valueMask } from '../numbers.ts'
import { bang, withNot } from '../values.ts'
import type { Not } from '../../ruleset.ts'

interface Mark {
  readonly mark: Not<{ readonly value: number; readonly mask: number }>
}

const markOption = (what: string): Option<Mark> => ({
  names: ['mark'],
  invertible: true,
  read: ([text], { not }) => ({ mark: withNot(valueMask(text!, `${what}: option "--mark"`), not) }),
})

const printMark = ({ mark }: Mark): string =>
  `${bang(mark)} --mark ${hex(mark.value.value)}${mark.value.mask === U32 ? '' : `/${hex(mark.value.mask)}`}`

export const mark = defineMatch({
  kind: 'mark',
  options: [markOption('mark')],
  finish: (soFar) => ({ kind: 'mark', mark: required(soFar, 'mark', 'mark', 'mark') }),
  print: printMark,
})

export const connmark = defineMatch({
  kind: 'connmark',
  options: [markOption('connmark')],
  finish: (soFar) => ({ kind: 'connmark', mark: required(soFar, 'mark', 'connmark', 'mark') }),
  print: printMark,
})
