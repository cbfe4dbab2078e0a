/**
 * The host's view of conntrack: what the `conntrack` tool and the nf_conntrack sysctls do to a namespace of the engine.
 * A namespace is named by its number and by the address of its conntrack block (NETNS_CT).
 */
import {
  CTNET_CHECKSUM,
  CTNET_COUNT,
  CTNET_GENERIC_TIMEOUT,
  CTNET_GRE_TIMEOUT,
  CTNET_GRE_TIMEOUT_STREAM,
  CTNET_ICMPV6_TIMEOUT,
  CTNET_ICMP_TIMEOUT,
  CTNET_MAX,
  CTNET_SCTP_TIMEOUTS,
  CTNET_STAT_CLASH_RESOLVE,
  CTNET_STAT_DROP,
  CTNET_STAT_EARLY_DROP,
  CTNET_STAT_ERROR,
  CTNET_STAT_FOUND,
  CTNET_STAT_INSERT,
  CTNET_STAT_INSERT_FAILED,
  CTNET_STAT_INVALID,
  CTNET_TCP_BE_LIBERAL,
  CTNET_TCP_IGNORE_INVALID_RST,
  CTNET_TCP_LOOSE,
  CTNET_TCP_MAX_RETRANS,
  CTNET_TCP_TIMEOUTS,
  CTNET_UDP_TIMEOUT,
  CTNET_UDP_TIMEOUT_STREAM,
  CT_KEY_ZONE,
  CT_MARK,
  CT_ORIGINAL,
  CT_PRELOAD_MARK,
  CT_PRELOAD_ORIGINAL,
  CT_PRELOAD_REPLY,
  CT_PRELOAD_SIZE,
  CT_PRELOAD_STATE,
  CT_PRELOAD_STATUS,
  CT_PRELOAD_TIMEOUT,
  CT_PRELOAD_ZONE,
  CT_REFS,
  CT_REPLY,
  CT_STATUS,
  CT_TCP_STATE,
  IPS_ASSURED,
  IPS_DST_NAT,
  IPS_NAT_DONE_MASK,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
  SCTP_CONNTRACK_CLOSED,
  SCTP_CONNTRACK_COOKIE_ECHOED,
  SCTP_CONNTRACK_COOKIE_WAIT,
  SCTP_CONNTRACK_ESTABLISHED,
  SCTP_CONNTRACK_HEARTBEAT_SENT,
  SCTP_CONNTRACK_SHUTDOWN_ACK_SENT,
  SCTP_CONNTRACK_SHUTDOWN_RECD,
  SCTP_CONNTRACK_SHUTDOWN_SENT,
  TCP_CONNTRACK_CLOSE,
  TCP_CONNTRACK_CLOSE_WAIT,
  TCP_CONNTRACK_ESTABLISHED,
  TCP_CONNTRACK_FIN_WAIT,
  TCP_CONNTRACK_LAST_ACK,
  TCP_CONNTRACK_SYN_RECV,
  TCP_CONNTRACK_SYN_SENT,
  TCP_CONNTRACK_TIME_WAIT,
  TCP_TIMEOUT_RETRANS,
  TCP_TIMEOUT_UNACK,
} from '../abi/conntrack.ts'
import { TUPLE_DPORT, TUPLE_DST, TUPLE_L3NUM, TUPLE_PROTO, TUPLE_SPORT, TUPLE_SRC } from '../abi/tuple.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../abi/verdict.ts'
import { formatAddress, parseAddress } from '../kernel/address.ts'
import { SCTP_STATES, TCP_STATES } from '../kernel/conntrack.ts'
import type { ConntrackEntry, ConntrackTuple } from '../kernel/conntrack.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'

/** The exports this module calls. Addresses and counts are u32; they arrive signed. */
export interface ConntrackExports {
  arena_alloc(bytes: number): number
  arena_free(ptr: number, bytes: number): void
  ct_reserve(entries: number): number
  ct_gc(): number
  ct_serial(): number
  ct_forget(serial: number): void
  ct_list(out: number, max: number, netnsId: number): number
  ct_delete(ct: number): number
  ct_flush(netnsId: number): number
  ct_expires_in(ct: number): number
  ct_insert_batch(records: number, count: number, netns: number): number
}

export interface ConntrackHost {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly exports: ConntrackExports
}

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58
const SCTP = 132
const WITH_PORTS: ReadonlySet<number> = new Set([TCP, UDP, 33, 47, SCTP, 136])

/** What proc_dointvec_jiffies takes at most, at 250 ticks a second. */
const MAX_SECONDS = Math.floor(0x7fff_ffff / 250)

/** Each sysctl's word in the block, and the largest value it takes. */
const SYSCTLS: ReadonlyMap<string, readonly [offset: number, max: number]> = new Map(
  [
    ['max', CTNET_MAX, 0x7fff_ffff] as const,
    ['checksum', CTNET_CHECKSUM, 1] as const,
    ['tcp_be_liberal', CTNET_TCP_BE_LIBERAL, 1] as const,
    ['tcp_loose', CTNET_TCP_LOOSE, 1] as const,
    ['tcp_max_retrans', CTNET_TCP_MAX_RETRANS, 255] as const,
    ['tcp_ignore_invalid_rst', CTNET_TCP_IGNORE_INVALID_RST, 1] as const,
    tcpTimeout('syn_sent', TCP_CONNTRACK_SYN_SENT),
    tcpTimeout('syn_recv', TCP_CONNTRACK_SYN_RECV),
    tcpTimeout('established', TCP_CONNTRACK_ESTABLISHED),
    tcpTimeout('fin_wait', TCP_CONNTRACK_FIN_WAIT),
    tcpTimeout('close_wait', TCP_CONNTRACK_CLOSE_WAIT),
    tcpTimeout('last_ack', TCP_CONNTRACK_LAST_ACK),
    tcpTimeout('time_wait', TCP_CONNTRACK_TIME_WAIT),
    tcpTimeout('close', TCP_CONNTRACK_CLOSE),
    tcpTimeout('max_retrans', TCP_TIMEOUT_RETRANS),
    tcpTimeout('unacknowledged', TCP_TIMEOUT_UNACK),
    ['udp_timeout', CTNET_UDP_TIMEOUT, MAX_SECONDS] as const,
    ['udp_timeout_stream', CTNET_UDP_TIMEOUT_STREAM, MAX_SECONDS] as const,
    ['icmp_timeout', CTNET_ICMP_TIMEOUT, MAX_SECONDS] as const,
    ['icmpv6_timeout', CTNET_ICMPV6_TIMEOUT, MAX_SECONDS] as const,
    ['generic_timeout', CTNET_GENERIC_TIMEOUT, MAX_SECONDS] as const,
    ['gre_timeout', CTNET_GRE_TIMEOUT, MAX_SECONDS] as const,
    ['gre_timeout_stream', CTNET_GRE_TIMEOUT_STREAM, MAX_SECONDS] as const,
    sctpTimeout('closed', SCTP_CONNTRACK_CLOSED),
    sctpTimeout('cookie_wait', SCTP_CONNTRACK_COOKIE_WAIT),
    sctpTimeout('cookie_echoed', SCTP_CONNTRACK_COOKIE_ECHOED),
    sctpTimeout('established', SCTP_CONNTRACK_ESTABLISHED),
    sctpTimeout('shutdown_sent', SCTP_CONNTRACK_SHUTDOWN_SENT),
    sctpTimeout('shutdown_recd', SCTP_CONNTRACK_SHUTDOWN_RECD),
    sctpTimeout('shutdown_ack_sent', SCTP_CONNTRACK_SHUTDOWN_ACK_SENT),
    sctpTimeout('heartbeat_sent', SCTP_CONNTRACK_HEARTBEAT_SENT),
  ].map(([name, offset, max]) => [`net.netfilter.nf_conntrack_${name}`, [offset, max] as const]),
)

function tcpTimeout(name: string, state: number): readonly [string, number, number] {
  return [`tcp_timeout_${name}`, CTNET_TCP_TIMEOUTS + 4 * state, MAX_SECONDS]
}

function sctpTimeout(name: string, state: number): readonly [string, number, number] {
  return [`sctp_timeout_${name}`, CTNET_SCTP_TIMEOUTS + 4 * state, MAX_SECONDS]
}

/** The counters of /proc/net/stat/nf_conntrack that `conntrack -S` shows. */
export interface ConntrackStatistics {
  readonly found: number
  readonly invalid: number
  readonly insert: number
  readonly insertFailed: number
  readonly drop: number
  readonly earlyDrop: number
  readonly error: number
  readonly clashResolve: number
}

export class Conntrack {
  readonly #host: ConntrackHost

  constructor(host: ConntrackHost) {
    this.#host = host
  }

  /** Room for `entries` entries in all namespaces together; fails with a Problem, the table stays as it is. */
  reserve(entries: number): void {
    if (this.#host.exports.ct_reserve(entries) === 0) {
      throw new Problem(`no memory for ${entries} conntrack entries`)
    }
  }

  /** What `conntrack -L` lists, in the order of creation. Addresses are valid until packets run or time moves. */
  addresses(netnsId: number): Uint32Array {
    const { exports } = this.#host
    const count = exports.ct_list(0, 0, netnsId) >>> 0
    if (count === 0) return new Uint32Array()
    const out = exports.arena_alloc(4 * count) >>> 0
    if (out === 0) throw new Problem('no memory to list conntrack entries')
    exports.ct_list(out, count, netnsId)
    const addresses = new Uint32Array(this.#host.memory.buffer, out, count).slice()
    exports.arena_free(out, 4 * count)
    return addresses
  }

  list(netnsId: number, family?: Family): ConntrackEntry[] {
    const entries = [...this.addresses(netnsId)].map((ct) => this.entry(ct))
    return family === undefined ? entries : entries.filter((entry) => entry.family === family)
  }

  entry(ct: number): ConntrackEntry {
    const view = new DataView(this.#host.memory.buffer)
    const protocol = view.getUint8(ct + CT_ORIGINAL + TUPLE_PROTO)
    const status = view.getUint32(ct + CT_STATUS, true)
    const state = stateName(protocol, view.getUint8(ct + CT_TCP_STATE))
    return {
      family: view.getUint8(ct + CT_ORIGINAL + TUPLE_L3NUM) === NFPROTO_IPV6 ? 'ipv6' : 'ipv4',
      protocol,
      timeout: this.#host.exports.ct_expires_in(ct) >>> 0,
      ...(state === undefined ? {} : { state }),
      original: readTuple(view, ct + CT_ORIGINAL),
      reply: readTuple(view, ct + CT_REPLY),
      replied: (status & IPS_SEEN_REPLY) !== 0,
      assured: (status & IPS_ASSURED) !== 0,
      mark: view.getUint32(ct + CT_MARK, true),
      zone: {
        original: view.getUint32(ct + CT_ORIGINAL + CT_KEY_ZONE, true),
        reply: view.getUint32(ct + CT_REPLY + CT_KEY_ZONE, true),
      },
      use: view.getUint16(ct + CT_REFS, true),
    }
  }

  /** Deletes what the filter takes; the deleted entries as they were, as `conntrack -D` prints them. */
  delete(netnsId: number, filter: (entry: ConntrackEntry) => boolean): ConntrackEntry[] {
    const deleted: ConntrackEntry[] = []
    for (const ct of this.addresses(netnsId)) {
      const entry = this.entry(ct)
      if (filter(entry) && this.#host.exports.ct_delete(ct) !== 0) deleted.push(entry)
    }
    return deleted
  }

  flush(netnsId: number): number {
    return this.#host.exports.ct_flush(netnsId) >>> 0
  }

  /** What `conntrack -C` says: entries allocated, unconfirmed and expired ones included. */
  count(block: number): number {
    return this.#word(block + CTNET_COUNT)
  }

  statistics(block: number): ConntrackStatistics {
    return {
      found: this.#word(block + CTNET_STAT_FOUND),
      invalid: this.#word(block + CTNET_STAT_INVALID),
      insert: this.#word(block + CTNET_STAT_INSERT),
      insertFailed: this.#word(block + CTNET_STAT_INSERT_FAILED),
      drop: this.#word(block + CTNET_STAT_DROP),
      earlyDrop: this.#word(block + CTNET_STAT_EARLY_DROP),
      error: this.#word(block + CTNET_STAT_ERROR),
      clashResolve: this.#word(block + CTNET_STAT_CLASH_RESOLVE),
    }
  }

  /** The value of a conntrack sysctl, or undefined when the key is not one. */
  sysctl(block: number, key: string): string | undefined {
    if (key === 'net.netfilter.nf_conntrack_count') return String(this.count(block))
    const known = SYSCTLS.get(canonicalKey(key))
    return known && String(this.#word(block + known[0]))
  }

  /** False when the key is not a conntrack sysctl that can be set. */
  setSysctl(block: number, key: string, value: string): boolean {
    const known = SYSCTLS.get(canonicalKey(key))
    if (!known) return false
    const [offset, max] = known
    const number = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN
    if (!(number <= max)) throw new Problem(`"${value}" must be a number from 0 to ${max}`, { field: key })
    new DataView(this.#host.memory.buffer).setUint32(block + offset, number, true)
    return true
  }

  /** Loads entries without packets, e.g. those of a real node's `conntrack -L`. `netns` is the namespace's record. */
  insert(netns: number, entries: readonly ConntrackEntry[]): void {
    const { exports, memory } = this.#host
    const bytes = CT_PRELOAD_SIZE * entries.length
    const records = exports.arena_alloc(bytes) >>> 0
    if (records === 0) throw new Problem(`no memory for ${entries.length} conntrack entries`)
    const view = new DataView(memory.buffer)
    try {
      for (const [i, entry] of entries.entries()) writeRecord(view, records + CT_PRELOAD_SIZE * i, entry)
      const made = exports.ct_insert_batch(records, entries.length, netns) >>> 0
      if (made < entries.length) {
        throw new Problem('no room for the entry, or it is there already', { field: `entries[${made}]` })
      }
    } finally {
      exports.arena_free(records, bytes)
    }
  }

  #word(address: number): number {
    return new DataView(this.#host.memory.buffer).getUint32(address, true)
  }
}

function canonicalKey(key: string): string {
  return key === 'net.nf_conntrack_max' ? 'net.netfilter.nf_conntrack_max' : key
}

function stateName(protocol: number, state: number): string | undefined {
  if (protocol === TCP) return TCP_STATES[state]
  return protocol === SCTP ? SCTP_STATES[state] : undefined
}

function stateNumber({ protocol, state }: ConntrackEntry): number {
  if (state === undefined) return 0
  const names: readonly string[] = protocol === SCTP ? SCTP_STATES : TCP_STATES
  const number = names.indexOf(state)
  if (number < 0) throw new Problem(`unknown state ${state}`, { field: 'state' })
  return number
}

function readTuple(view: DataView, at: number): ConntrackTuple {
  const ipv6 = view.getUint8(at + TUPLE_L3NUM) === NFPROTO_IPV6
  const address = (offset: number) =>
    formatAddress(new Uint8Array(view.buffer, at + offset + (ipv6 ? 0 : 12), ipv6 ? 16 : 4))
  const protocol = view.getUint8(at + TUPLE_PROTO)
  const addresses = { source: address(TUPLE_SRC), destination: address(TUPLE_DST) }
  if (protocol === ICMP || protocol === ICMPV6) {
    const icmp = {
      type: view.getUint8(at + TUPLE_DPORT),
      code: view.getUint8(at + TUPLE_DPORT + 1),
      id: view.getUint16(at + TUPLE_SPORT),
    }
    return { ...addresses, icmp }
  }
  if (!WITH_PORTS.has(protocol)) return addresses
  const ports = { source: view.getUint16(at + TUPLE_SPORT), destination: view.getUint16(at + TUPLE_DPORT) }
  return { ...addresses, ports }
}

function writeRecord(view: DataView, at: number, entry: ConntrackEntry): void {
  writeTuple(view, at + CT_PRELOAD_ORIGINAL, entry, entry.original)
  writeTuple(view, at + CT_PRELOAD_REPLY, entry, entry.reply)
  if (entry.zone.original !== entry.zone.reply) {
    throw new Problem('a zone of one direction cannot be loaded', { field: 'zone' })
  }
  view.setUint32(at + CT_PRELOAD_ZONE, entry.zone.original, true)
  const status = (entry.replied ? IPS_SEEN_REPLY : 0) | (entry.assured ? IPS_ASSURED : 0) | natStatus(entry)
  view.setUint32(at + CT_PRELOAD_STATUS, status, true)
  view.setUint32(at + CT_PRELOAD_MARK, entry.mark, true)
  view.setUint32(at + CT_PRELOAD_TIMEOUT, entry.timeout, true)
  view.setUint8(at + CT_PRELOAD_STATE, stateNumber(entry))
}

/** Which sides differ between the directions, as NAT would have set it; both count as done. */
function natStatus({ original, reply }: ConntrackEntry): number {
  const id = (tuple: ConntrackTuple) => [tuple.ports?.source, tuple.ports?.destination, tuple.icmp?.id]
  const [sport, dport, oid] = id(original)
  const [backSport, backDport, rid] = id(reply)
  const source = original.source !== reply.destination || sport !== backDport || oid !== rid
  const destination = original.destination !== reply.source || dport !== backSport
  return IPS_NAT_DONE_MASK | (source ? IPS_SRC_NAT : 0) | (destination ? IPS_DST_NAT : 0)
}

function writeTuple(
  view: DataView,
  at: number,
  { family, protocol }: ConntrackEntry,
  tuple: ConntrackTuple,
): void {
  writeAddress(view, at + TUPLE_SRC, family, tuple.source)
  writeAddress(view, at + TUPLE_DST, family, tuple.destination)
  view.setUint8(at + TUPLE_PROTO, protocol)
  view.setUint8(at + TUPLE_L3NUM, family === 'ipv4' ? NFPROTO_IPV4 : NFPROTO_IPV6)
  view.setUint16(at + TUPLE_SPORT, tuple.icmp?.id ?? tuple.ports?.source ?? 0)
  const { type, code } = tuple.icmp ?? { type: 0, code: 0 }
  view.setUint16(at + TUPLE_DPORT, tuple.icmp ? (type << 8) | code : (tuple.ports?.destination ?? 0))
}

function writeAddress(view: DataView, at: number, family: Family, text: string): void {
  const bytes = parseAddress(text, family)
  if (!bytes) throw new Problem(`not an ${family} address: ${text}`, { field: text })
  const to = new Uint8Array(view.buffer, at, 16)
  if (family === 'ipv4') to.set([0xff, 0xff], 10)
  to.set(bytes, 16 - bytes.length)
}
