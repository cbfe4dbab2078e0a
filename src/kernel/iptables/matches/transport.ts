/** tcp, udp, sctp and multiport (extensions/libxt_{tcp,udp,sctp,multiport}.c). */
import { Problem } from '../../problem.ts'
import type { Not, PortRange, SctpChunkTest } from '../../ruleset.ts'
import { defineMatch, type Option } from '../extension.ts'
import { uint } from '../numbers.ts'
import { bang, portRange, portsOrNothing, printRange, withNot } from '../values.ts'

interface Ports {
  readonly sourcePort?: Not<PortRange>
  readonly destinationPort?: Not<PortRange>
}

const portOptions: readonly Option<Ports>[] = [
  {
    names: ['sport', 'source-port'],
    invertible: true,
    read: ([text], { not }) => {
      const sourcePort = portsOrNothing(text!, not)
      return sourcePort ? { sourcePort } : {}
    },
  },
  {
    names: ['dport', 'destination-port'],
    invertible: true,
    read: ([text], { not }) => {
      const destinationPort = portsOrNothing(text!, not)
      return destinationPort ? { destinationPort } : {}
    },
  },
]

const printPorts = ({ sourcePort, destinationPort }: Ports): string =>
  printPort('--sport', sourcePort) + printPort('--dport', destinationPort)

function printPort(option: string, port: Not<PortRange> | undefined): string {
  // The real tool leaves the whole range out even behind a `!`, where it matches no packet.
  if (!port || (port.value.from === 0 && port.value.to === 65535)) return ''
  return `${bang(port)} ${option} ${printRange(port.value)}`
}

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const
const ALL_FLAGS = 0x3f
const SYN_MASK = 0x17

function tcpFlags(text: string): number {
  return text.split(',').reduce((bits, word) => {
    const name = word.toUpperCase()
    if (name === 'ALL') return bits | ALL_FLAGS
    if (name === 'NONE') return bits
    const bit = TCP_FLAGS.findIndex((flag) => flag === name)
    if (bit < 0) throw new Problem(`Unknown TCP flag \`${word}'`, { field: text })
    return bits | (1 << bit)
  }, 0)
}

const printFlags = (bits: number): string =>
  bits === 0 ? 'NONE' : TCP_FLAGS.filter((_, bit) => bits & (1 << bit)).join(',')

export const tcp = defineMatch({
  kind: 'tcp',
  protocols: [6],
  options: [
    ...portOptions,
    {
      names: ['tcp-flags'],
      arity: 2,
      invertible: true,
      read: ([mask, compare], { not }) => ({
        flags: withNot({ mask: tcpFlags(mask!), compare: tcpFlags(compare!) }, not),
      }),
    },
    {
      names: ['syn'],
      arity: 0,
      invertible: true,
      read: (_, { not }) => ({ flags: withNot({ mask: SYN_MASK, compare: 2 }, not) }),
    },
    {
      names: ['tcp-option'],
      invertible: true,
      read: ([text], { not }) => {
        const option = uint(text!, 255, 'tcp-option')
        return option === 0 && !not ? {} : { option: withNot(option, not) }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'tcp', ...soFar }),
  print: ({ flags, option, ...ports }) =>
    printPorts(ports) +
    (option ? `${bang(option)} --tcp-option ${option.value}` : '') +
    (flags
      ? `${bang(flags)} --tcp-flags ${printFlags(flags.value.mask)} ${printFlags(flags.value.compare)}`
      : ''),
})

export const udp = defineMatch({
  kind: 'udp',
  protocols: [17],
  options: portOptions,
  finish: (soFar) => ({ kind: 'udp', ...soFar }),
  print: printPorts,
})

const CHUNKS = new Map([
  ['DATA', 0],
  ['INIT', 1],
  ['INIT_ACK', 2],
  ['SACK', 3],
  ['HEARTBEAT', 4],
  ['HEARTBEAT_ACK', 5],
  ['ABORT', 6],
  ['SHUTDOWN', 7],
  ['SHUTDOWN_ACK', 8],
  ['ERROR', 9],
  ['COOKIE_ECHO', 10],
  ['COOKIE_ACK', 11],
  ['ECN_ECNE', 12],
  ['ECN_CWR', 13],
  ['SHUTDOWN_COMPLETE', 14],
  ['I_DATA', 64],
  ['RE_CONFIG', 130],
  ['PAD', 132],
  ['ASCONF', 193],
  ['ASCONF_ACK', 128],
  ['FORWARD_TSN', 192],
  ['I_FORWARD_TSN', 194],
])
const CHUNK_NAMES = new Map([...CHUNKS].map(([name, type]) => [type, name]))

/** The letters of a chunk's flag byte, bit 7 first; `-` is a bit without a name. */
const CHUNK_FLAGS = new Map([
  [0, '----IUBE'],
  [64, '----IUBE'],
  [6, '-------T'],
  [14, '-------T'],
])

function chunkTest(text: string): SctpChunkTest {
  const [name, letters] = text.split(':') as [string, string?]
  const type = CHUNKS.get(name.toUpperCase())
  if (type === undefined) throw new Problem(`Unknown sctp chunk \`${name}'`, { field: text })
  if (letters === undefined) return { type }
  const names = CHUNK_FLAGS.get(type) ?? ''
  let mask = 0
  let compare = 0
  for (const letter of letters) {
    const at = letter === '-' ? -1 : names.indexOf(letter.toUpperCase())
    if (at < 0) throw new Problem(`Invalid flags for chunk type ${name}`, { field: text })
    const bit = 1 << (7 - at)
    mask |= bit
    if (letter !== letter.toLowerCase()) compare |= bit
  }
  return { type, flags: { mask, compare } }
}

function printChunk({ type, flags }: SctpChunkTest): string {
  const name = CHUNK_NAMES.get(type) ?? String(type)
  if (!flags || flags.mask === 0) return name
  const names = CHUNK_FLAGS.get(type) ?? ''
  const letters = [...names].flatMap((letter, at) => {
    const bit = 1 << (7 - at)
    if (!(flags.mask & bit)) return []
    return [flags.compare & bit ? letter : letter.toLowerCase()]
  })
  return `${name}:${letters.join('')}`
}

const byType = (types: readonly SctpChunkTest[]): SctpChunkTest[] => types.toSorted((a, b) => a.type - b.type)

/** `--chunk-types any ALL` and `NONE` are lists of every type and of none. */
const ALL_CHUNKS = Array.from({ length: 256 }, (_, type) => ({ type }))

export const sctp = defineMatch({
  kind: 'sctp',
  protocols: [132],
  options: [
    ...portOptions,
    {
      names: ['chunk-types'],
      arity: 2,
      invertible: true,
      read: ([scope, list], { not }) => {
        if (scope !== 'any' && scope !== 'all' && scope !== 'only')
          throw new Problem('sctp: --chunk-types requires argument all, any or only', { field: scope! })
        if (list === 'ALL') return { chunks: withNot({ scope, types: ALL_CHUNKS }, not) }
        if (list === 'NONE') return { chunks: withNot({ scope, types: [] }, not) }
        return { chunks: withNot({ scope, types: byType(list!.split(',').map(chunkTest)) }, not) }
      },
    },
  ],
  finish: (soFar) => ({ kind: 'sctp', ...soFar }),
  print: ({ chunks, ...ports }) => {
    if (!chunks) return printPorts(ports)
    const { scope, types } = chunks.value
    const list =
      types.length === 256 ? 'ALL' : types.length === 0 ? 'NONE' : byType(types).map(printChunk).join(',')
    return `${printPorts(ports)}${bang(chunks)} --chunk-types ${scope} ${list}`
  },
})

const MULTIPORT_SLOTS = 15
const MULTIPORT_PROTOCOLS = [6, 17, 33, 132, 136]

function multiportOption(
  names: readonly string[],
  direction: 'source' | 'destination' | 'either',
): Option<{ kind: 'multiport'; direction: typeof direction; ports: readonly PortRange[]; not?: boolean }> {
  return {
    names,
    invertible: true,
    read: ([text], { not, protocol }) => {
      if (protocol === undefined || !MULTIPORT_PROTOCOLS.includes(protocol))
        throw new Problem("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
      const ports = text!.split(',').map((word) => portRange(word))
      const slots = ports.reduce((sum, { from, to }) => sum + (from === to ? 1 : 2), 0)
      if (slots > MULTIPORT_SLOTS) throw new Problem('too many ports specified', { field: text! })
      return { direction, ports, ...(not && { not }) }
    },
  }
}

const MULTIPORT_OPTION = { source: 'sports', destination: 'dports', either: 'ports' } as const

export const multiport = defineMatch({
  kind: 'multiport',
  options: [
    multiportOption(['sports', 'source-ports'], 'source'),
    multiportOption(['dports', 'destination-ports'], 'destination'),
    multiportOption(['ports'], 'either'),
  ],
  finish: ({ direction, ports, not }) => {
    if (!direction || !ports) throw new Problem('multiport expection an option')
    return { kind: 'multiport', direction, ports, ...(not && { not }) }
  },
  print: (match) =>
    `${bang(match)} --${MULTIPORT_OPTION[match.direction]} ${match.ports.map((range) => printRange(range)).join(',')}`,
})
