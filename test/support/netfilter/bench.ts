/**
 * The engine's walk alone: rulesets go in through the loader, packets as bytes with the buffer's fields set by hand,
 * verdicts and changed bytes come out. No stack, no conntrack core: an entry is written where a packet's `ct` points.
 */
import { readFileSync } from 'node:fs'
import { CT_EXPIRES, CT_MARK, CT_ORIGINAL, CT_REPLY, CT_SIZE, CT_STATUS } from '../../../src/abi/conntrack.ts'
import { LINK_NAME } from '../../../src/abi/link.ts'
import { NETNS_SIZE } from '../../../src/abi/netns.ts'
import * as S from '../../../src/abi/skb.ts'
import {
  TUPLE_DPORT,
  TUPLE_DST,
  TUPLE_L3NUM,
  TUPLE_PROTO,
  TUPLE_SPORT,
  TUPLE_SRC,
} from '../../../src/abi/tuple.ts'
import { addressWords } from '../../../src/engine/address.ts'
import { RulesetLoader } from '../../../src/engine/ruleset/load.ts'
import type { RulesetHost } from '../../../src/engine/ruleset/host.ts'
import type { Family, Ruleset, TableName } from '../../../src/kernel/ruleset.ts'

interface Exports {
  readonly memory: WebAssembly.Memory
  clock_set(ms: number): void
  random_seed(seed: number): void
  arena_alloc(bytes: number): number
  arena_free(ptr: number, bytes: number): void
  jumpstack_set(ptr: number): void
  chain_reset(chain: number): void
  packet_parse(skb: number, l3: number, length: number): number
  table_walk_batch(skbs: number, count: number, stride: number, hook: number, table: number): number
  table_walk_plain_batch(skbs: number, count: number, stride: number, hook: number, table: number): number
  walk_unknown_chain(): number
  walk_unknown_rule(): number
}

const module = new WebAssembly.Module(readFileSync('dist/engine.wasm'))

export interface Tuple {
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
}

/** What a packet carries of connection tracking. */
export interface Tracking {
  readonly ctinfo: number
  readonly entry?: {
    readonly status: number
    readonly mark: number
    readonly original: Tuple
    readonly reply: Tuple
    /** Seconds until it expires. */
    readonly expires: number
  }
}

export interface WalkPacket {
  readonly bytes: Uint8Array
  readonly indev?: string
  readonly outdev?: string
  readonly mark?: number
  readonly pkttype?: number
  /** Made by this namespace; by a process unless `kernel`. */
  readonly local?: 'process' | 'kernel'
  readonly tracking?: Tracking
}

export interface WalkResult {
  readonly verdict: number
  readonly mark: number
  readonly ctmark: number | undefined
  readonly ctinfo: number
  readonly flags: number
  readonly bytes: Uint8Array
}

export class WalkBench {
  readonly exports: Exports
  readonly loader: RulesetLoader
  readonly netns: number
  /** Bytes of the engine that may be handed out before it claims to be out of memory. */
  budget = Infinity
  now = 0
  readonly sets = new Map<string, { readonly ptr: number; readonly dimensions: number; uses: number }>()
  readonly #skb: number
  readonly #ct: number
  readonly #links = new Map<string, number>()

  constructor() {
    this.exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports
    const host: RulesetHost = {
      alloc: (bytes) => {
        this.budget -= bytes
        return this.budget < 0 ? 0 : this.exports.arena_alloc(bytes) >>> 0
      },
      free: (ptr, bytes) => this.exports.arena_free(ptr, bytes),
      words: () => new Uint32Array(this.exports.memory.buffer),
      setJumpStack: (ptr) => this.exports.jumpstack_set(ptr),
      resetChain: (chain) => this.exports.chain_reset(chain),
      setSlot: (_, name) => this.sets.get(name),
      setUse: (_, name, change) => {
        this.sets.get(name)!.uses += change
      },
      setFill: () => undefined,
      setRoom: () => true,
    }
    this.loader = new RulesetLoader(host)
    this.netns = this.exports.arena_alloc(NETNS_SIZE)
    this.#skb = this.exports.arena_alloc(4096)
    this.#ct = this.exports.arena_alloc(CT_SIZE)
    this.advanceTo(1_700_000_000_000)
  }

  /** Virtual milliseconds since the epoch. */
  advanceTo(ms: number): void {
    this.now = ms
    this.exports.clock_set(ms)
  }

  load(ruleset: Ruleset): void {
    this.loader.load(this.netns, ruleset)
  }

  live(family: Family): Ruleset {
    return this.loader.live(this.netns, family)
  }

  /** Walks one table; `plain` leaves the quick filter out. */
  walk(family: Family, table: TableName, hook: number, packet: WalkPacket, plain = false): WalkResult {
    const ptr = this.loader.tableAddress(this.netns, family, table)
    const skb = this.#fill(packet)
    const { exports } = this
    const batch = plain ? exports.table_walk_plain_batch : exports.table_walk_batch
    const verdict = batch(skb, 1, 0, hook, ptr)
    const view = new DataView(exports.memory.buffer)
    const l3 = view.getUint32(skb + S.SKB_L3, true)
    return {
      verdict,
      mark: view.getUint32(skb + S.SKB_MARK, true),
      ctmark: packet.tracking?.entry ? view.getUint32(this.#ct + CT_MARK, true) : undefined,
      ctinfo: view.getUint8(skb + S.SKB_CTINFO),
      flags: view.getUint8(skb + S.SKB_FLAGS),
      bytes: new Uint8Array(exports.memory.buffer, l3, view.getUint16(skb + S.SKB_L3LEN, true)).slice(),
    }
  }

  link(name: string): number {
    let link = this.#links.get(name)
    if (link === undefined) {
      link = this.exports.arena_alloc(512)
      new Uint8Array(this.exports.memory.buffer).set(Buffer.from(name, 'latin1'), link + LINK_NAME)
      this.#links.set(name, link)
    }
    return link
  }

  #fill(packet: WalkPacket): number {
    const skb = this.#skb
    const indev = packet.indev === undefined ? 0 : this.link(packet.indev)
    const outdev = packet.outdev === undefined ? 0 : this.link(packet.outdev)
    const memory = new Uint8Array(this.exports.memory.buffer)
    const view = new DataView(memory.buffer)
    memory.fill(0, skb, skb + 4096)
    const l3 = skb + S.SKB_NETWORK
    memory.set(packet.bytes, l3)
    view.setUint32(skb + S.SKB_DATA, l3, true)
    view.setUint32(skb + S.SKB_LEN, packet.bytes.length, true)
    view.setUint32(skb + S.SKB_ROOM, 4096, true)
    view.setUint32(skb + S.SKB_NETNS, this.netns, true)
    view.setUint32(skb + S.SKB_INDEV, indev, true)
    view.setUint32(skb + S.SKB_OUTDEV, outdev, true)
    view.setUint32(skb + S.SKB_MARK, packet.mark ?? 0, true)
    view.setUint8(skb + S.SKB_PKTTYPE, packet.pkttype ?? 0)
    view.setUint8(skb + S.SKB_FLAGS, packet.local ? S.SKB_F_LOCAL : 0)
    view.setUint32(skb + S.SKB_SOCKET, packet.local === 'process' ? 1 : 0, true)
    view.setUint8(skb + S.SKB_CTINFO, packet.tracking?.ctinfo ?? 0)
    const entry = packet.tracking?.entry
    if (entry) {
      view.setUint32(skb + S.SKB_CT, this.#ct, true)
      view.setUint32(this.#ct + CT_STATUS, entry.status, true)
      view.setUint32(this.#ct + CT_MARK, entry.mark, true)
      view.setBigUint64(
        this.#ct + CT_EXPIRES,
        BigInt(this.now) * 1000n + BigInt(entry.expires) * 1000000n,
        true,
      )
      this.#tuple(view, this.#ct + CT_ORIGINAL, entry.original)
      this.#tuple(view, this.#ct + CT_REPLY, entry.reply)
    }
    if (this.exports.packet_parse(skb, l3, packet.bytes.length) === 0) throw new Error('not an IP packet')
    return skb
  }

  #tuple(view: DataView, at: number, tuple: Tuple): void {
    const family = tuple.source.includes(':') ? 'ipv6' : 'ipv4'
    for (const [offset, text] of [
      [TUPLE_SRC, tuple.source],
      [TUPLE_DST, tuple.destination],
    ] as const)
      addressWords(text, family).forEach((word, i) => view.setUint32(at + offset + 4 * i, word, true))
    view.setUint16(at + TUPLE_SPORT, tuple.sourcePort)
    view.setUint16(at + TUPLE_DPORT, tuple.destinationPort)
    view.setUint8(at + TUPLE_PROTO, tuple.protocol)
    view.setUint8(at + TUPLE_L3NUM, family === 'ipv4' ? 2 : 10)
  }
}
