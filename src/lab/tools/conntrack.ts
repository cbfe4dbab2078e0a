/** conntrack (conntrack-tools 1.4.7): -L, -D, -F and -C with the filters of a tuple. */
import { canonicalAddress, familyOf, maskedBy, parseAddress, prefixMask } from '../../kernel/address.ts'
import { conntrackProtocol, printConntrack, type ConntrackEntry } from '../../kernel/conntrack.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Family } from '../../kernel/ruleset.ts'
import { Arguments } from './arguments.ts'
import type { Tool } from './tool.ts'

type Filter = (entry: ConntrackEntry) => boolean

interface Request {
  command: 'list' | 'delete' | 'flush' | 'count' | undefined
  family: Family | undefined
  extended: boolean
  readonly filters: Filter[]
}

const COMMANDS: Readonly<Record<string, NonNullable<Request['command']>>> = {
  '-L': 'list',
  '--dump': 'list',
  '-D': 'delete',
  '--delete': 'delete',
  '-F': 'flush',
  '--flush': 'flush',
  '-C': 'count',
  '--count': 'count',
}
const FAMILIES: Readonly<Record<string, Family>> = { ipv4: 'ipv4', inet: 'ipv4', ipv6: 'ipv6', inet6: 'ipv6' }
const NAME = 'conntrack v1.4.7 (conntrack-tools)'

export const conntrack: Tool = ({ engine, netns, out, note }, words) => {
  const { command, family, extended, filters } = parse(words)
  const wanted: Filter = (entry) =>
    (family === undefined || entry.family === family) && filters.every((filter) => filter(entry))
  const print = (entry: ConntrackEntry): void => out(`${printConntrack(entry, { extended })}\n`)
  switch (command) {
    case 'count':
      out(`${engine.conntrackCount(netns)}\n`)
      return
    case 'flush':
      engine.conntrackFlush(netns)
      note(`${NAME}: connection tracking table has been emptied.\n`)
      return
    case 'list': {
      const entries = engine.conntrackList(netns).filter(wanted)
      entries.forEach(print)
      note(`${NAME}: ${entries.length} flow entries have been shown.\n`)
      return
    }
    case 'delete': {
      const entries = engine.conntrackDelete(netns, wanted)
      entries.forEach(print)
      note(`${NAME}: ${entries.length} flow entries have been deleted.\n`)
    }
  }
}

function parse(words: readonly string[]): Request & { command: NonNullable<Request['command']> } {
  const args = new Arguments('conntrack', words)
  const request: Request = { command: undefined, family: undefined, extended: false, filters: [] }
  while (!args.done) option(args.next(), args, request)
  const { command } = request
  if (command === undefined) {
    throw new Problem('conntrack: you need to supply a command (-L, -D, -F or -C)', { field: 'conntrack' })
  }
  return { ...request, command }
}

function option(word: string, args: Arguments, request: Request): void {
  const { filters } = request
  const command = COMMANDS[word]
  if (command !== undefined) {
    if (request.command !== undefined)
      throw new Problem('conntrack: cannot use two commands', { field: word })
    request.command = command
    // `-L conntrack`: the table may be named; it is the only one.
    const table = args.optionalValue()
    if (table !== undefined && table !== 'conntrack') {
      throw new Problem(`conntrack: table "${table}" is not known here`, { field: table })
    }
    return
  }
  const value = (): string => args.value(word)
  switch (word) {
    case '-f':
    case '--family':
      request.family = familyNamed(value())
      return
    case '-o':
    case '--output':
      request.extended = outputs(value())
      return
    case '-p':
    case '--proto': {
      const protocol = protocolNamed(value())
      filters.push((entry) => entry.protocol === protocol)
      return
    }
    case '-s':
    case '--src':
    case '--orig-src':
      filters.push(inNetwork(value(), ({ original }) => original.source))
      return
    case '-d':
    case '--dst':
    case '--orig-dst':
      filters.push(inNetwork(value(), ({ original }) => original.destination))
      return
    case '-r':
    case '--reply-src':
      filters.push(inNetwork(value(), ({ reply }) => reply.source))
      return
    case '-q':
    case '--reply-dst':
      filters.push(inNetwork(value(), ({ reply }) => reply.destination))
      return
    case '--sport':
    case '--orig-port-src':
      filters.push(isPort(value(), word, ({ original }) => original.ports?.source))
      return
    case '--dport':
    case '--orig-port-dst':
      filters.push(isPort(value(), word, ({ original }) => original.ports?.destination))
      return
    case '--reply-port-src':
      filters.push(isPort(value(), word, ({ reply }) => reply.ports?.source))
      return
    case '--reply-port-dst':
      filters.push(isPort(value(), word, ({ reply }) => reply.ports?.destination))
      return
    case '--state':
      filters.push(isState(value()))
      return
    case '-u':
    case '--status':
      filters.push(...statuses(value()))
      return
    case '-m':
    case '--mark':
      filters.push(isMark(value()))
      return
    case '-w':
    case '--zone': {
      const zone = number(value(), 0xffff, word)
      filters.push((entry) => entry.zone.original === zone && entry.zone.reply === zone)
      return
    }
    case '-g':
    case '--dst-nat':
      filters.push(isNat(args.optionalValue(), destinationNat))
      return
    case '-n':
    case '--src-nat':
      filters.push(isNat(args.optionalValue(), sourceNat))
      return
    case '-j':
    case '--any-nat':
      filters.push((entry) => destinationNat(entry) !== undefined || sourceNat(entry) !== undefined)
      return
    default:
      throw args.unknown(word)
  }
}

function familyNamed(text: string): Family {
  const family = FAMILIES[text]
  if (family === undefined) throw new Problem(`conntrack: unknown protocol family "${text}"`, { field: text })
  return family
}

function outputs(text: string): boolean {
  const unknown = text.split(',').find((word) => word !== 'extended')
  if (unknown !== undefined)
    throw new Problem(`conntrack: output "${unknown}" is not known here`, { field: unknown })
  return true
}

function protocolNamed(text: string): number {
  const protocol = conntrackProtocol(text)
  if (protocol === undefined) throw new Problem(`conntrack: "${text}" unsupported protocol`, { field: text })
  return protocol
}

function inNetwork(text: string, of: (entry: ConntrackEntry) => string): Filter {
  const [address = '', length] = text.split('/')
  const family = familyOf(address)
  if (family === undefined) throw new Problem(`conntrack: invalid address "${text}"`, { field: text })
  const bits = family === 'ipv4' ? 32 : 128
  const mask = prefixMask(family, length === undefined ? bits : number(length, bits, text))
  const wanted = maskedBy(parseAddress(address, family)!, mask).join('.')
  return (entry) =>
    entry.family === family && maskedBy(parseAddress(of(entry), family)!, mask).join('.') === wanted
}

function isPort(text: string, word: string, of: (entry: ConntrackEntry) => number | undefined): Filter {
  const port = number(text, 65535, word)
  return (entry) => of(entry) === port
}

function isState(text: string): Filter {
  return ({ state }) => state === text
}

function statuses(text: string): Filter[] {
  return text.split(',').map((word): Filter => {
    if (word === 'ASSURED') return ({ assured }) => assured
    if (word === 'SEEN_REPLY') return ({ replied }) => replied
    if (word === 'CONFIRMED') return () => true
    throw new Problem(`conntrack: status "${word}" is not known here`, { field: word })
  })
}

function isMark(text: string): Filter {
  const [value = '', mask = '0xffffffff'] = text.split('/')
  const [wanted, bits] = [number(value, 0xffffffff, '-m'), number(mask, 0xffffffff, '-m')]
  return (entry) => (entry.mark & bits) >>> 0 === wanted
}

/** The address that a destination or source was translated to. */
function destinationNat({ original, reply }: ConntrackEntry): string | undefined {
  const ports = original.ports?.destination !== reply.ports?.source
  return original.destination !== reply.source || ports ? reply.source : undefined
}

function sourceNat({ original, reply }: ConntrackEntry): string | undefined {
  const ports = original.ports?.source !== reply.ports?.destination
  return original.source !== reply.destination || ports ? reply.destination : undefined
}

function isNat(
  address: string | undefined,
  translated: (entry: ConntrackEntry) => string | undefined,
): Filter {
  if (address === undefined) return (entry) => translated(entry) !== undefined
  const family = familyOf(address)
  if (family === undefined) throw new Problem(`conntrack: invalid address "${address}"`, { field: address })
  const wanted = canonicalAddress(address, family)
  return (entry) => translated(entry) === wanted
}

function number(text: string, max: number, field: string): number {
  const value = /^(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new Problem(`conntrack: "${text}" must be a number up to ${max}`, { field })
  return value
}
