/** DNAT, SNAT, MASQUERADE and REDIRECT (extensions/libxt_NAT.c, libxt_MASQUERADE.c). */
import { Problem } from '../../problem.ts'
import type { Family, NatRange } from '../../ruleset.ts'
import { defineTarget, UNMODELLED, type Option, type OptionContext } from '../extension.ts'
import { addressRange, portRange, printRange } from '../values.ts'

interface Nat {
  readonly range: NatRange
}

const PORT_PROTOCOLS = new Set([6, 17, 33, 132, 136])

function needPorts({ protocol }: OptionContext): void {
  if (protocol === undefined || !PORT_PROTOCOLS.has(protocol))
    throw new Problem('Need TCP, UDP, SCTP or DCCP with port specification')
}

/** Merges into the range already read, since several options describe one range. */
const extend =
  (add: (args: readonly string[], context: OptionContext) => NatRange | typeof UNMODELLED) =>
  (
    args: readonly string[],
    context: OptionContext,
    soFar: Partial<Nat>,
  ): Partial<Nat> | typeof UNMODELLED => {
    const more = add(args, context)
    return more === UNMODELLED ? UNMODELLED : { range: { ...soFar.range, ...more } }
  }

/** `ADDRESS[-ADDRESS][:PORT[-PORT]]`, an IPv6 address in brackets when a port follows; the address may be missing. */
function natTarget(text: string, context: OptionContext): NatRange | typeof UNMODELLED {
  const { host, ports } = splitHost(text, context.family)
  const range: { addresses?: NatRange['addresses']; ports?: NatRange['ports'] } = {}
  if (ports !== undefined) {
    needPorts(context)
    // A base port after a slash (`--to-destination :80-90/8080`) shifts a range: revision 2, not modelled.
    if (ports.includes('/')) return UNMODELLED
    range.ports = natPorts(ports)
  }
  if (host !== '') range.addresses = addressRange(host, context.family)
  return range
}

function splitHost(text: string, family: Family): { host: string; ports?: string } {
  if (family === 'ipv4') {
    const colon = text.indexOf(':')
    return colon < 0 ? { host: text } : { host: text.slice(0, colon), ports: text.slice(colon + 1) }
  }
  if (!text.startsWith('['))
    return text.startsWith(':') && !text.startsWith('::')
      ? { host: '', ports: text.slice(1) }
      : { host: text }
  const close = text.indexOf(']')
  if (close < 0) throw new Problem('Invalid address format', { field: text })
  const rest = text.slice(close + 1)
  if (rest !== '' && !rest.startsWith(':')) throw new Problem('Invalid address format', { field: text })
  return rest === '' ? { host: text.slice(1, close) } : { host: text.slice(1, close), ports: rest.slice(1) }
}

function natPorts(text: string): { from: number; to: number } {
  const range = portRange(text, '-')
  if (range.from === 0) throw new Problem(`Port \`${text}' not valid`, { field: text })
  return range
}

function printTarget({ addresses, ports }: NatRange, family: Family): string {
  const host = addresses
    ? addresses.from === addresses.to
      ? addresses.from
      : `${addresses.from}-${addresses.to}`
    : ''
  const bracketed = family === 'ipv6' && ports && addresses ? `[${host}]` : host
  return ports ? `${bracketed}:${printRange(ports, '-')}` : bracketed
}

const flag = (name: string, key: 'random' | 'randomFully' | 'persistent'): Option<Nat> => ({
  names: [name],
  arity: 0,
  read: extend(() => ({ [key]: true })),
})

const printFlags = ({ random, randomFully, persistent }: NatRange): string =>
  (random ? ' --random' : '') + (randomFully ? ' --random-fully' : '') + (persistent ? ' --persistent' : '')

export const dnat = defineTarget({
  kind: 'DNAT',
  options: [
    {
      names: ['to-destination'],
      read: extend(([text], context) => natTarget(text!, context)),
    },
    flag('random', 'random'),
    flag('persistent', 'persistent'),
  ],
  finish: ({ range }) => {
    if (!range || !(range.addresses || range.ports))
      throw new Problem('DNAT: option "--to-destination" must be specified')
    return { kind: 'DNAT', range }
  },
  print: ({ range }, family) => ` --to-destination ${printTarget(range, family)}${printFlags(range)}`,
})

export const snat = defineTarget({
  kind: 'SNAT',
  options: [
    {
      names: ['to-source'],
      read: extend(([text], context) => natTarget(text!, context)),
    },
    flag('random', 'random'),
    flag('random-fully', 'randomFully'),
    flag('persistent', 'persistent'),
  ],
  finish: ({ range }) => {
    if (!range || !(range.addresses || range.ports))
      throw new Problem('SNAT: option "--to-source" must be specified')
    return { kind: 'SNAT', range }
  },
  print: ({ range }, family) => ` --to-source ${printTarget(range, family)}${printFlags(range)}`,
})

const toPorts: Option<Nat> = {
  names: ['to-ports'],
  read: extend(([text], context) => {
    needPorts(context)
    return { ports: natPorts(text!) }
  }),
}

const printPorts = ({ ports }: NatRange): string => (ports ? ` --to-ports ${printRange(ports, '-')}` : '')

export const masquerade = defineTarget({
  kind: 'MASQUERADE',
  options: [toPorts, flag('random', 'random'), flag('random-fully', 'randomFully')],
  finish: ({ range = {} }) => ({ kind: 'MASQUERADE', range }),
  print: ({ range }) => printPorts(range) + printFlags(range),
})

export const redirect = defineTarget({
  kind: 'REDIRECT',
  options: [toPorts, flag('random', 'random')],
  finish: ({ range = {} }) => ({ kind: 'REDIRECT', range }),
  print: ({ range }) => printPorts(range) + printFlags(range),
})
