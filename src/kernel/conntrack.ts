/**
 * Conntrack entries as `conntrack -L` prints them (conntrack-tools 1.4.7, libnetfilter_conntrack's default format): the
 * model, a line's text, and back. Accounting, labels, timestamps and security contexts are not modelled.
 */
import type { Family } from './ruleset.ts'
import { Problem } from './problem.ts'

export interface ConntrackEntry {
  readonly family: Family
  /** Number of the transport protocol. */
  readonly protocol: number
  /** Whole seconds to live. */
  readonly timeout: number
  /** TCP and SCTP only. */
  readonly state?: string
  readonly original: ConntrackTuple
  readonly reply: ConntrackTuple
  /** Seen in the reply direction, too: without it the line says `[UNREPLIED]`. */
  readonly replied: boolean
  readonly assured: boolean
  readonly mark: number
  /** Zone ids by direction, 0 where the default zone holds. */
  readonly zone: { readonly original: number; readonly reply: number }
  /** References held on the entry. */
  readonly use: number
}

export interface ConntrackTuple {
  readonly source: string
  readonly destination: string
  /** Ports of TCP, UDP, UDP-Lite, SCTP and DCCP; keys of GRE. */
  readonly ports?: { readonly source: number; readonly destination: number }
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number }
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [47, 'gre'],
  [58, 'icmpv6'],
  [132, 'sctp'],
  [136, 'udplite'],
])

/** By the number of the state (TCP_CONNTRACK_*). */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const

/** By the number of the state (SCTP_CONNTRACK_*). */
export const SCTP_STATES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const

const GRE = 47

/** The number of a protocol by the name `conntrack -p` takes, or undefined. */
export function conntrackProtocol(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) < 256 ? Number(name) : undefined
  for (const [number, known] of PROTOCOL_NAMES) if (known === name) return number
  return undefined
}

/** One line of `conntrack -L`, without its end; with `extended`, of `conntrack -L -o extended`. */
export function printConntrack(entry: ConntrackEntry, { extended = false } = {}): string {
  const { zone } = entry
  const both = zone.original === zone.reply && zone.original !== 0
  const words = [
    ...(extended ? [entry.family === 'ipv4' ? 'ipv4     2' : 'ipv6     10'] : []),
    (PROTOCOL_NAMES.get(entry.protocol) ?? 'unknown').padEnd(8),
    String(entry.protocol),
    String(entry.timeout),
    ...(entry.state === undefined ? [] : [entry.state]),
    ...tupleWords(entry.protocol, entry.original),
    ...(!both && zone.original !== 0 ? [`zone-orig=${zone.original}`] : []),
    ...(entry.replied ? [] : ['[UNREPLIED]']),
    ...tupleWords(entry.protocol, entry.reply),
    ...(!both && zone.reply !== 0 ? [`zone-reply=${zone.reply}`] : []),
    ...(entry.assured ? ['[ASSURED]'] : []),
    `mark=${entry.mark}`,
    ...(both ? [`zone=${zone.original}`] : []),
    `use=${entry.use}`,
  ]
  return words.join(' ')
}

function tupleWords(protocol: number, tuple: ConntrackTuple): string[] {
  const addresses = [`src=${tuple.source}`, `dst=${tuple.destination}`]
  if (tuple.icmp) {
    const { type, code, id } = tuple.icmp
    return [...addresses, `type=${type}`, `code=${code}`, `id=${id}`]
  }
  if (!tuple.ports) return addresses
  const { source, destination } = tuple.ports
  if (protocol === GRE)
    return [...addresses, `srckey=0x${source.toString(16)}`, `dstkey=0x${destination.toString(16)}`]
  return [...addresses, `sport=${source}`, `dport=${destination}`]
}

/** All lines of `conntrack -L`, `-o extended` too; empty lines are skipped. */
export function parseConntrackList(text: string, file?: string): ConntrackEntry[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    return [parseConntrack(line, { line: index + 1, ...(file === undefined ? {} : { file }) })]
  })
}

/** One line. Throws a Problem that names the word at fault. */
export function parseConntrack(line: string, place: { file?: string; line?: number } = {}): ConntrackEntry {
  const words = new Words(line, place)
  const family = words.family()
  const name = words.next('a protocol')
  const protocol = words.number('the protocol number', 255)
  if ((PROTOCOL_NAMES.get(protocol) ?? 'unknown') !== name) words.fail(`protocol ${protocol} is not ${name}`)
  const timeout = words.number('the timeout', 0xffff_ffff)
  const state = /^[A-Z]/.test(words.peek()) ? words.next('a state') : undefined
  const original = words.tuple()
  const zoneOriginal = words.optional('zone-orig')
  const replied = !words.flag('[UNREPLIED]')
  const reply = words.tuple()
  const zoneReply = words.optional('zone-reply')
  const assured = words.flag('[ASSURED]')
  const mark = words.optional('mark') ?? 0
  const zone = words.optional('zone')
  const use = words.optional('use') ?? 1
  words.end()
  return {
    family: family ?? (original.source.includes(':') ? 'ipv6' : 'ipv4'),
    protocol,
    timeout,
    ...(state === undefined ? {} : { state }),
    original,
    reply,
    replied,
    assured,
    mark,
    zone: { original: zone ?? zoneOriginal ?? 0, reply: zone ?? zoneReply ?? 0 },
    use,
  }
}

/** The words of a line, read from the front. */
class Words {
  readonly #words: readonly string[]
  readonly #place: { file?: string; line?: number }
  #at = 0

  constructor(line: string, place: { file?: string; line?: number }) {
    this.#words = line.trim().split(/\s+/)
    this.#place = place
  }

  peek(): string {
    return this.#words[this.#at] ?? ''
  }

  next(what: string): string {
    const word = this.#words[this.#at]
    if (word === undefined) throw new Problem(`the line ends where ${what} is expected`, this.#place)
    this.#at++
    return word
  }

  fail(message: string): never {
    throw new Problem(message, { ...this.#place, field: this.#words[Math.max(0, this.#at - 1)]! })
  }

  number(what: string, max: number): number {
    const word = this.next(what)
    if (!/^\d+$/.test(word) || Number(word) > max) this.fail(`${what} must be a number up to ${max}`)
    return Number(word)
  }

  family(): 'ipv4' | 'ipv6' | undefined {
    const word = this.peek()
    if (word !== 'ipv4' && word !== 'ipv6') return undefined
    this.#at++
    this.number('the family number', 255)
    return word
  }

  flag(word: string): boolean {
    const found = this.peek() === word
    if (found) this.#at++
    return found
  }

  optional(key: string): number | undefined {
    return this.peek().startsWith(`${key}=`) ? this.#value(key, 0xffff_ffff) : undefined
  }

  tuple(): ConntrackTuple {
    const source = this.#text('src')
    const destination = this.#text('dst')
    const word = this.peek()
    if (word.startsWith('type=')) {
      const icmp = {
        type: this.#value('type', 255),
        code: this.#value('code', 255),
        id: this.#value('id', 65535),
      }
      return { source, destination, icmp }
    }
    if (word.startsWith('sport=')) return { source, destination, ports: this.#ports('sport', 'dport') }
    if (word.startsWith('srckey=')) return { source, destination, ports: this.#ports('srckey', 'dstkey') }
    return { source, destination }
  }

  end(): void {
    if (this.#at < this.#words.length) {
      this.#at++
      this.fail('not understood')
    }
  }

  #ports(first: string, second: string): { source: number; destination: number } {
    return { source: this.#value(first, 65535), destination: this.#value(second, 65535) }
  }

  #text(key: string): string {
    const word = this.next(`${key}=`)
    if (!word.startsWith(`${key}=`)) this.fail(`${key}= is expected`)
    return word.slice(key.length + 1)
  }

  #value(key: string, max: number): number {
    const text = this.#text(key)
    const value = /^(0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN
    if (!(value <= max)) this.fail(`${key} must be a number up to ${max}`)
    return value
  }
}
