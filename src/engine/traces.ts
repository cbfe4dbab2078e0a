/** Trace records of the engine (src/abi/trace.ts) as objects. */
import * as T from '../abi/trace.ts'
import { PROBE_ANSWER, PROBE_REQUEST } from '../abi/probe.ts'
import { TUPLE_DPORT, TUPLE_DST, TUPLE_PROTO, TUPLE_SPORT, TUPLE_SRC } from '../abi/tuple.ts'
import { NFPROTO_IPV4 } from '../abi/verdict.ts'
import type { Family, TableName } from '../kernel/ruleset.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instance } from './instance.ts'
import { readAddress, readPort } from './tuples.ts'

const KINDS = ['', 'received', 'rule', 'policy', 'nat', 'route', 'sent', 'end', 'made', 'log'] as const
const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const
const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security']
const ROUTES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
] as const

export interface TraceRecord {
  readonly kind: (typeof KINDS)[number]
  /** Number of the packet, in the order in which packets came to be. */
  readonly packet: number
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly netns: string
  readonly family: Family
  /** Absent where no hook is concerned. */
  readonly hook?: (typeof HOOKS)[number]
  /** Of a rule or policy. */
  readonly table?: TableName
  readonly chain?: string
  /** Index in the chain, from 0. */
  readonly rule?: number
  /** As the walk gave it: an NF_* verdict, or the walk's own number for a rule after which it goes on. */
  readonly verdict?: number
  /** Of an end: REASON_*, for `reasonText`. */
  readonly reason?: number
  /** Of a route: its type. */
  readonly route?: (typeof ROUTES)[number]
  readonly inInterface?: string
  readonly outInterface?: string
  /** Whether the packet is a probe's request or belongs to its answer. */
  readonly role?: 'request' | 'reply'
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  readonly mark: number
  readonly length: number
}

export interface TraceNames {
  netns(id: number): string | undefined
  link(netns: string, id: number): string | undefined
  chain(netns: string, family: Family, table: TableName, id: number): string | undefined
}

export class Traces {
  readonly #instance: Instance
  readonly #names: TraceNames

  constructor(instance: Instance, names: TraceNames) {
    this.#instance = instance
    this.#names = names
  }

  set(on: boolean): void {
    this.#instance.exports.trace_set(on ? 1 : 0)
  }

  take(): TraceRecord[] {
    const { words } = this.#instance
    const buffer = this.#instance.exports.trace_buffer() >>> 2
    const data = words[buffer]!
    const used = words[buffer + 2]!
    const lost = words[buffer + 3]!
    const records: TraceRecord[] = []
    for (let at = data; at < data + used; at += T.TRACE_SIZE) records.push(this.read(at))
    words[buffer + 2] = 0
    words[buffer + 3] = 0
    if (lost !== 0) throw new Problem(`${lost} trace records did not fit into memory`)
    return records
  }

  /** The record at an address. */
  read(at: number): TraceRecord {
    const { words, bytes } = this.#instance
    const word = (offset: number): number => words[(at + offset) >>> 2]!
    const kind = KINDS[bytes[at + T.TRACE_KIND]!] ?? ''
    const netns = this.#names.netns(word(T.TRACE_NETNS)) ?? ''
    const number = bytes[at + T.TRACE_FAMILY]!
    const family: Family = number === NFPROTO_IPV4 ? 'ipv4' : 'ipv6'
    const hook = HOOKS[bytes[at + T.TRACE_HOOK]!]
    const tuple = at + T.TRACE_TUPLE
    const inside = kind === 'rule' || kind === 'policy' || kind === 'log'
    const table = TABLES[bytes[at + T.TRACE_TABLE]!]!
    const chain = inside ? this.#names.chain(netns, family, table, word(T.TRACE_CHAIN)) : undefined
    const inInterface = this.#names.link(netns, word(T.TRACE_INDEV))
    const outInterface = this.#names.link(netns, word(T.TRACE_OUTDEV))
    const role = bytes[at + T.TRACE_ROLE]!
    const any = family === 'ipv4' ? '0.0.0.0' : '::'
    return {
      kind,
      packet: word(T.TRACE_PACKET),
      time: (word(T.TRACE_TIME) + word(T.TRACE_TIME + 4) * 2 ** 32) / 1000,
      netns,
      family,
      ...(hook && { hook }),
      ...(inside && { table, verdict: word(T.TRACE_VERDICT) | 0 }),
      ...(chain !== undefined && { chain }),
      ...((kind === 'rule' || kind === 'log') && { rule: word(T.TRACE_RULE) }),
      ...(kind === 'end' && { reason: word(T.TRACE_REASON) }),
      ...(kind === 'route' && { route: ROUTES[word(T.TRACE_REASON)] ?? 'unspec' }),
      ...(inInterface !== undefined && { inInterface }),
      ...(outInterface !== undefined && { outInterface }),
      ...(role === PROBE_REQUEST && { role: 'request' as const }),
      ...(role === PROBE_ANSWER && { role: 'reply' as const }),
      source: readAddress(bytes, tuple + TUPLE_SRC, number) ?? any,
      destination: readAddress(bytes, tuple + TUPLE_DST, number) ?? any,
      sourcePort: readPort(bytes, tuple + TUPLE_SPORT),
      destinationPort: readPort(bytes, tuple + TUPLE_DPORT),
      protocol: bytes[tuple + TUPLE_PROTO]!,
      mark: word(T.TRACE_MARK),
      length: word(T.TRACE_LENGTH),
    }
  }
}
