/** The engine's records of LOG and NFLOG (src/abi/log.ts) as objects, with the line that the kernel's log would have. */
import * as L from '../abi/log.ts'
import { TRACE_CHAIN } from '../abi/trace.ts'
import { logLine, parseLogOptions } from '../kernel/log-line.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family, Rule, TableName } from '../kernel/ruleset.ts'
import type { Instance } from './instance.ts'
import type { TraceRecord, Traces } from './traces.ts'

export interface LogRecord extends Pick<
  TraceRecord,
  | 'packet'
  | 'time'
  | 'netns'
  | 'family'
  | 'hook'
  | 'table'
  | 'chain'
  | 'rule'
  | 'inInterface'
  | 'outInterface'
  | 'source'
  | 'destination'
  | 'sourcePort'
  | 'destinationPort'
  | 'protocol'
  | 'mark'
  | 'length'
> {
  readonly target: 'LOG' | 'NFLOG'
  readonly prefix: string
  /** Of LOG: 0 (emerg) to 7 (debug). */
  readonly level?: number
  /** Of NFLOG: the netlink group that is told. */
  readonly group?: number
  /** The packet's first bytes, from its IP header on. */
  readonly bytes: Uint8Array
  /** As the kernel writes it, without time and level (net/netfilter/nf_log_syslog.c). */
  readonly line: string
}

type FindRule = (
  netns: string,
  family: Family,
  table: TableName,
  chain: number,
  index: number,
) => Rule | undefined

export class Logs {
  readonly #instance: Instance
  readonly #traces: Traces
  readonly #findRule: FindRule
  #records: LogRecord[] = []

  constructor(instance: Instance, traces: Traces, findRule: FindRule) {
    this.#instance = instance
    this.#traces = traces
    this.#findRule = findRule
  }

  set(on: boolean): void {
    this.#instance.exports.log_set(on ? 1 : 0)
  }

  take(): LogRecord[] {
    this.drain()
    const records = this.#records
    this.#records = []
    return records
  }

  /** Reads what there is: a record names its rule by its place, so this must be done before rules change. */
  drain(): void {
    const { words } = this.#instance
    const buffer = this.#instance.exports.log_buffer() >>> 2
    const data = words[buffer]!
    const used = words[buffer + 2]!
    const lost = words[buffer + 3]!
    for (let at = data; at < data + used; at += L.LOG_SIZE) this.#records.push(this.#read(at))
    words[buffer + 2] = 0
    words[buffer + 3] = 0
    if (lost !== 0) throw new Problem(`${lost} log records did not fit into memory`)
  }

  #read(at: number): LogRecord {
    const { bytes } = this.#instance
    const { kind: _kind, verdict: _verdict, role: _role, ...record } = this.#traces.read(at)
    const { netns, family, table = 'filter', rule = 0 } = record
    const chain = this.#instance.word(at + TRACE_CHAIN)
    const target = this.#findRule(netns, family, table, chain, rule)?.target
    if (target?.kind !== 'LOG' && target?.kind !== 'NFLOG')
      throw new Error(`engine: a log record of rule ${rule} of chain ${chain}, which does not log`)
    const start = at + L.LOG_BYTES
    const packet = bytes.slice(start, start + this.#instance.word(at + L.LOG_LENGTH))
    const { prefix, level, group, flags } = parseLogOptions(target)
    return {
      ...record,
      target: target.kind,
      prefix,
      ...(target.kind === 'LOG' ? { level } : { group }),
      bytes: packet,
      line: logLine({
        prefix,
        flags,
        family,
        packet,
        length: record.length,
        mark: record.mark,
        ...(record.inInterface === undefined
          ? {}
          : { in: record.inInterface, mac: bytes.slice(at + L.LOG_MAC, at + L.LOG_MAC + L.LOG_MAC_SIZE) }),
        ...(record.outInterface === undefined ? {} : { out: record.outInterface }),
      }),
    }
  }
}
