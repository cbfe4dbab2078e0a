/** Matches on fields of the IP header and the packet's size and kind: tos, dscp, ttl, hl, length, pkttype, iprange. */
import { Problem } from '../../problem.ts'
import type { Match } from '../../ruleset.ts'
import { dscpClass, tosNumber } from '../classes.ts'
import { defineMatch, required, type Option } from '../extension.ts'
import { hex2, parseUint, uint } from '../numbers.ts'
import { addressRange, bang, printRange, withNot } from '../values.ts'

export const tos = defineMatch({
  kind: 'tos',
  options: [
    {
      names: ['tos'],
      invertible: true,
      read: ([text], { not }) => ({ tos: withNot(tosNumber(text!), not) }),
    },
  ],
  finish: (soFar) => ({ kind: 'tos', tos: required(soFar, 'tos', 'tos', 'tos') }),
  print: ({ tos }) => `${bang(tos)} --tos ${hex2(tos.value.value)}/${hex2(tos.value.mask)}`,
})

export const dscp = defineMatch({
  kind: 'dscp',
  options: [
    {
      names: ['dscp'],
      invertible: true,
      read: ([text], { not }) => ({ dscp: withNot(uint(text!, 63, 'dscp: --dscp'), not) }),
    },
    {
      names: ['dscp-class'],
      invertible: true,
      read: ([text], { not }) => ({ dscp: withNot(dscpClass(text!), not) }),
    },
  ],
  finish: (soFar) => ({ kind: 'dscp', dscp: required(soFar, 'dscp', 'dscp', 'dscp') }),
  print: ({ dscp }) => `${bang(dscp)} --dscp ${hex2(dscp.value)}`,
})

type Hops = Extract<Match, { kind: 'ttl' | 'hl' }>

function hopOptions(name: 'ttl' | 'hl'): Option<Hops>[] {
  return (['eq', 'lt', 'gt'] as const).map((op) => ({
    names: [`${name}-${op}`],
    invertible: op === 'eq',
    read: ([text], { not }) => ({ op: not ? 'ne' : op, value: uint(text!, 255, `${name}: --${name}-${op}`) }),
  }))
}

function finishHops(name: 'ttl' | 'hl', { op, value }: Partial<Hops>): Hops {
  if (op === undefined || value === undefined)
    throw new Problem(`${name}: one of --${name}-eq, --${name}-lt, --${name}-gt must be specified`)
  return { kind: name, op, value }
}

const printHops = ({ kind, op, value }: Hops): string =>
  op === 'ne' ? ` ! --${kind}-eq ${value}` : ` --${kind}-${op} ${value}`

export const ttl = defineMatch({
  kind: 'ttl',
  family: 'ipv4',
  options: hopOptions('ttl'),
  finish: (soFar) => finishHops('ttl', soFar),
  print: printHops,
})

export const hl = defineMatch({
  kind: 'hl',
  family: 'ipv6',
  options: hopOptions('hl'),
  finish: (soFar) => finishHops('hl', soFar),
  print: printHops,
})

export const length = defineMatch({
  kind: 'length',
  options: [
    {
      names: ['length'],
      invertible: true,
      read: ([text], { not }) => {
        const [low, high = low] = text!.split(':') as [string, string?]
        const from = low === '' ? 0 : parseUint(low!, 65535)
        const to = high === '' ? 65535 : parseUint(high!, 65535)
        if (from === undefined || to === undefined || from > to)
          throw new Problem('length: bad value for option "--length", or out of range (0-65535)', {
            field: text!,
          })
        return { length: withNot({ from, to }, not) }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'length', length: required(soFar, 'length', 'length', 'length') }),
  print: ({ length }) => `${bang(length)} --length ${printRange(length.value)}`,
})

const PKTTYPES = ['unicast', 'broadcast', 'multicast'] as const

export const pkttype = defineMatch({
  kind: 'pkttype',
  options: [
    {
      names: ['pkt-type'],
      invertible: true,
      read: ([text], { not }) => {
        const wanted = text!.toLowerCase()
        const found = wanted === 'host' ? 'unicast' : PKTTYPES.find((name) => name === wanted)
        if (!found) throw new Problem(`Bad packet type '${text}'`, { field: text! })
        return { pkttype: withNot(found, not) }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'pkttype', pkttype: required(soFar, 'pkttype', 'pkttype', 'pkt-type') }),
  print: ({ pkttype }) => `${bang(pkttype)} --pkt-type ${pkttype.value}`,
})

export const iprange = defineMatch({
  kind: 'iprange',
  options: [
    {
      names: ['src-range'],
      invertible: true,
      read: ([text], { not, family }) => ({ srcRange: withNot(addressRange(text!, family), not) }),
    },
    {
      names: ['dst-range'],
      invertible: true,
      read: ([text], { not, family }) => ({ dstRange: withNot(addressRange(text!, family), not) }),
    },
  ],
  finish: ({ srcRange, dstRange }) => {
    if (!srcRange && !dstRange)
      throw new Problem("iprange match: You must specify `--src-range' or `--dst-range'")
    return { kind: 'iprange', ...(srcRange && { srcRange }), ...(dstRange && { dstRange }) }
  },
  print: ({ srcRange, dstRange }) =>
    (srcRange ? `${bang(srcRange)} --src-range ${srcRange.value.from}-${srcRange.value.to}` : '') +
    (dstRange ? `${bang(dstRange)} --dst-range ${dstRange.value.from}-${dstRange.value.to}` : ''),
})
