/**
 * Connection attempts: the first packet of a connection, made by the client's own namespace, and what became of it and
 * of its answer. The layout is that of src/abi/probe.ts. A batch is one call; an attempt costs what its packets cost.
 */
import * as P from '../abi/probe.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../abi/verdict.ts'
import { formatAddress } from '../kernel/address.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import type { Instance } from './instance.ts'
import { addressWords } from './address.ts'

export interface Attempt {
  /** The client's namespace. */
  readonly netns: string
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'icmp'
  /** Chosen by the route when absent. */
  readonly source?: string
  /** ICMP: the identifier. */
  readonly sourcePort: number
  readonly destination: string
  /** 0 for ICMP. */
  readonly destinationPort: number
}

export interface AttemptResult {
  /** Of the request. `delivered`: it reached a socket; whether an answer came back is `reply`. */
  readonly verdict: 'delivered' | 'dropped' | 'rejected' | 'unknown'
  /** What the client got. */
  readonly reply: 'none' | 'answer' | 'reset' | 'icmp'
  /** REASON_* of the request's end; of the answer's when the request was delivered. See `reasonText`. */
  readonly reason: number
  /** NETNS_ID of where the request ended or was delivered, 0 when that is not known. */
  readonly where: number
  /** NETNS_ID of where the answer ended. */
  readonly replyWhere: number
  /** The client's address, as chosen. */
  readonly source: string
  /** How the request looked at its socket; absent when it reached none. */
  readonly seen?: {
    readonly source: string
    readonly sourcePort: number
    readonly destination: string
    readonly destinationPort: number
  }
  /** Whom the client sees the answer come from; absent when none came. */
  readonly from?: { readonly address: string; readonly port: number }
  /** The error that came, when `reply` is `icmp`. */
  readonly icmp?: { readonly type: number; readonly code: number }
}

const VERDICTS = ['dropped', 'delivered', 'dropped', 'rejected', 'unknown'] as const
const REPLIES = ['none', 'answer', 'reset', 'icmp'] as const
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const

/** Attempts that fit into one call. */
export const PROBE_BATCH = 4096

export class Probes {
  readonly #instance: Instance
  #records = 0

  constructor(instance: Instance) {
    this.#instance = instance
  }

  /** `netnsOf`: the address of a namespace. `forget`: conntrack keeps nothing of the attempts. At most PROBE_BATCH. */
  run(attempts: readonly Attempt[], netnsOf: (name: string) => number, forget: boolean): AttemptResult[] {
    if (attempts.length > PROBE_BATCH) throw new RangeError(`Probes: at most ${PROBE_BATCH} attempts a batch`)
    if (this.#records === 0) {
      this.#records = this.#instance.alloc(PROBE_BATCH * P.PROBE_SIZE)
      if (this.#records === 0) throw new Problem('the engine is out of memory')
    }
    const { exports } = this.#instance
    const records = this.#records
    this.#instance.bytes.fill(0, records, records + attempts.length * P.PROBE_SIZE)
    for (const [index, attempt] of attempts.entries()) {
      this.#write(records + index * P.PROBE_SIZE, attempt, netnsOf(attempt.netns))
    }
    exports.probe_run(records, attempts.length, forget ? 1 : 0)
    const view = new DataView(this.#instance.memory.buffer)
    return attempts.map((_, index) => this.#read(view, records + index * P.PROBE_SIZE))
  }

  #write(at: number, attempt: Attempt, netns: number): void {
    const { protocol, source, sourcePort, destination, destinationPort } = attempt
    const family: Family = destination.includes(':') ? 'ipv6' : 'ipv4'
    const { words } = this.#instance
    const view = new DataView(words.buffer)
    view.setUint32(at + P.PROBE_NETNS, netns, true)
    view.setUint32(at + P.PROBE_FAMILY, family === 'ipv4' ? NFPROTO_IPV4 : NFPROTO_IPV6, true)
    words.set(
      addressWords(source ?? (family === 'ipv4' ? '0.0.0.0' : '::'), family),
      (at + P.PROBE_SRC) >>> 2,
    )
    words.set(addressWords(destination, family), (at + P.PROBE_DST) >>> 2)
    view.setUint16(at + P.PROBE_SPORT, sourcePort)
    view.setUint16(at + P.PROBE_DPORT, destinationPort)
    view.setUint8(
      at + P.PROBE_PROTO,
      protocol === 'icmp' ? (family === 'ipv4' ? 1 : 58) : PROTOCOLS[protocol],
    )
  }

  #read(view: DataView, at: number): AttemptResult {
    const family = view.getUint32(at + P.PROBE_FAMILY, true)
    const address = (offset: number): string => {
      const v4 = family === NFPROTO_IPV4
      return formatAddress(new Uint8Array(view.buffer, at + offset + (v4 ? 12 : 0), v4 ? 4 : 16))
    }
    const verdict = VERDICTS[view.getUint8(at + P.PROBE_VERDICT)] ?? 'unknown'
    const reply = REPLIES[view.getUint8(at + P.PROBE_REPLY)] ?? 'none'
    const reached = view.getUint16(at + P.PROBE_BACKEND_PORT) !== 0 || verdict === 'delivered'
    return {
      verdict,
      reply,
      reason: view.getUint16(at + P.PROBE_REASON, true),
      where: view.getUint32(at + P.PROBE_WHERE, true) & 0xffff,
      replyWhere: view.getUint16(at + P.PROBE_REPLY_WHERE, true),
      source: address(P.PROBE_SRC),
      ...(reached && {
        seen: {
          source: address(P.PROBE_SEEN_SRC),
          sourcePort: view.getUint16(at + P.PROBE_SEEN_PORT),
          destination: address(P.PROBE_BACKEND),
          destinationPort: view.getUint16(at + P.PROBE_BACKEND_PORT),
        },
      }),
      ...(reply !== 'none' && {
        from: { address: address(P.PROBE_REPLY_SRC), port: view.getUint16(at + P.PROBE_REPLY_PORT) },
      }),
      ...(reply === 'icmp' && {
        icmp: { type: view.getUint8(at + P.PROBE_ICMP_TYPE), code: view.getUint8(at + P.PROBE_ICMP_CODE) },
      }),
    }
  }
}
