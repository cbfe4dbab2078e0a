/**
 * The engine's conntrack by itself: packets are put into packet records by hand and taken through the hooks one at a
 * time, as a forwarding node would, without the walk. Runs the debug build, whose asserts speak.
 */
import { readFileSync } from 'node:fs'
import {
  CTNET_MAX,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT_DONE,
  CT_STATUS,
  IP_CT_UNTRACKED,
} from '../../../src/abi/conntrack.ts'
import { LINK_IFINDEX, LINK_SIZE } from '../../../src/abi/link.ts'
import {
  NAT_RANGE_BASE_PROTO,
  NAT_RANGE_FLAGS,
  NAT_RANGE_MAX_ADDR,
  NAT_RANGE_MAX_PROTO,
  NAT_RANGE_MIN_ADDR,
  NAT_RANGE_MIN_PROTO,
  NAT_RANGE_SIZE,
  NF_NAT_MANIP_DST,
  NF_NAT_MANIP_SRC,
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from '../../../src/abi/nat.ts'
import { NETNS_CT, NETNS_ID, NETNS_SIZE } from '../../../src/abi/netns.ts'
import {
  SKB_CT,
  SKB_CTINFO,
  SKB_FAMILY,
  SKB_FRAGOFF,
  SKB_HEADER,
  SKB_L3,
  SKB_L3LEN,
  SKB_L4,
  SKB_L4LEN,
  SKB_NETNS,
  SKB_OUTDEV,
  SKB_TCPFLAGS,
} from '../../../src/abi/skb.ts'
import { TUPLE_DPORT, TUPLE_DST, TUPLE_L3NUM, TUPLE_PROTO, TUPLE_SPORT } from '../../../src/abi/tuple.ts'
import {
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NF_ACCEPT,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
} from '../../../src/abi/verdict.ts'
import { Conntrack, type ConntrackExports } from '../../../src/engine/conntrack.ts'
import { parseAddress } from '../../../src/kernel/address.ts'
import { printConntrack } from '../../../src/kernel/conntrack.ts'

interface Exports extends ConntrackExports {
  readonly memory: WebAssembly.Memory
  abi_version(): number
  clock_set(ms: number): void
  random_seed(seed: number): void
  ct_seed(seed: number): void
  ct_netns_init(id: number): number
  ct_track(skb: number, hook: number): number
  ct_confirm(skb: number): number
  ct_put(skb: number): void
  ct_attach(answer: number, skb: number): void
  ct_template(zone: number, dir: number, fromMark: number): number
  ct_capacity(): number
  ct_lookup_batch(tuples: number, refs: number, count: number, netns: number): number
  ct_masquerade_forget(netnsId: number, ifindex: number, address: number): number
  nat_setup(ct: number, range: number, manip: number): number
  nat_null_binding(ct: number, hook: number): number
  nat_packet(skb: number, hook: number): number
}

/** `-m conntrack --ctstate` of a packet. */
export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'

export interface Forwarded {
  /** `null` when a hook dropped the packet. */
  readonly state: CtState | null
  readonly reply: boolean
  /** The packet as it leaves. */
  readonly packet: Uint8Array
}

export interface Range {
  readonly addresses?: readonly [string, string]
  readonly ports?: readonly [number, number]
  readonly base?: number
  readonly flags?: number
}

export interface ForwardOptions {
  readonly dnat?: Range
  readonly snat?: Range
  /** Applies NAT hooks even when no range is given: null bindings. */
  readonly nat?: boolean
  /** Where the packet comes from and goes to: through this machine unless said otherwise. */
  readonly path?: 'forward' | 'in' | 'out'
  readonly template?: number
  /** Runs while the packet is on its way: between tracking and confirmation. */
  readonly between?: () => void
  /** Not confirmed: dropped by a rule. */
  readonly drop?: boolean
}

const START = 1_700_000_000_000
const module = new WebAssembly.Module(readFileSync('dist/engine.debug.wasm'))

export class Tracker {
  readonly exports: Exports
  readonly conntrack: Conntrack
  readonly netns: number
  readonly block: number
  readonly link: number
  readonly netnsId: number
  #now = START

  constructor({ entries = 4096, seed = 1, netnsId = 1, max }: TrackerOptions = {}, share?: Tracker) {
    this.exports = share?.exports ?? instantiate()
    this.conntrack = new Conntrack({ memory: this.exports.memory, exports: this.exports })
    if (!share) {
      this.exports.random_seed(seed)
      this.exports.ct_seed(seed)
      this.exports.clock_set(this.#now)
    }
    this.conntrack.reserve(entries)
    this.netnsId = netnsId
    this.netns = this.exports.arena_alloc(NETNS_SIZE)
    this.block = this.exports.ct_netns_init(netnsId)
    this.link = this.exports.arena_alloc(LINK_SIZE)
    const view = this.#view()
    view.setUint32(this.link + LINK_IFINDEX, 2, true)
    view.setUint16(this.netns + NETNS_ID, netnsId, true)
    view.setUint32(this.netns + NETNS_CT, this.block, true)
    if (max !== undefined) view.setUint32(this.block + CTNET_MAX, max, true)
  }

  get now(): number {
    return this.#now
  }

  /** Virtual milliseconds pass. No collection: expiry is seen at lookup. */
  pass(ms: number): void {
    this.#now += ms
    this.exports.clock_set(this.#now)
  }

  list(): string[] {
    return this.conntrack.list(this.netnsId).map((entry) => printConntrack(entry))
  }

  count(): number {
    return this.conntrack.count(this.block)
  }

  range({ addresses, ports, base = 0, flags = 0 }: Range): number {
    const range = this.exports.arena_alloc(NAT_RANGE_SIZE)
    const view = this.#view()
    const implied =
      (addresses ? NF_NAT_RANGE_MAP_IPS : 0) | (ports ? NF_NAT_RANGE_PROTO_SPECIFIED : 0) | flags
    view.setUint32(range + NAT_RANGE_FLAGS, implied, true)
    view.setUint16(range + NAT_RANGE_MIN_PROTO, ports?.[0] ?? 0)
    view.setUint16(range + NAT_RANGE_MAX_PROTO, ports?.[1] ?? 0)
    view.setUint16(range + NAT_RANGE_BASE_PROTO, base)
    this.#address(range + NAT_RANGE_MIN_ADDR, addresses?.[0] ?? '0.0.0.0')
    this.#address(range + NAT_RANGE_MAX_ADDR, addresses?.[1] ?? '0.0.0.0')
    return range
  }

  /** Takes an IP packet through the hooks. */
  forward(packet: Uint8Array, options: ForwardOptions = {}): Forwarded {
    const { dnat, snat, path = 'forward' } = options
    const nat = options.nat ?? (dnat !== undefined || snat !== undefined)
    const first = path === 'out' ? NF_INET_LOCAL_OUT : NF_INET_PRE_ROUTING
    const last = path === 'in' ? NF_INET_LOCAL_IN : NF_INET_POST_ROUTING
    const skb = this.skb(packet)
    if (options.template !== undefined) {
      this.#view().setUint32(skb + SKB_CT, options.template, true)
      this.#view().setUint8(skb + SKB_CTINFO, 2)
    }
    const dropped = () => this.#finish(skb, packet, null)

    if (this.exports.ct_track(skb, first) !== NF_ACCEPT) return dropped()
    const state = this.state(skb)
    if (nat && !this.#nat(skb, first, NF_NAT_MANIP_DST, dnat)) return dropped()
    options.between?.()
    if (options.drop) return dropped()
    if (nat && !this.#nat(skb, last, NF_NAT_MANIP_SRC, snat)) return dropped()
    if (this.exports.ct_confirm(skb) !== NF_ACCEPT) return dropped()
    return this.#finish(skb, packet, state)
  }

  /** Only PRE_ROUTING: the record of the packet, to be confirmed or put by hand. */
  track(packet: Uint8Array, hook = NF_INET_PRE_ROUTING): number {
    const skb = this.skb(packet)
    this.exports.ct_track(skb, hook)
    return skb
  }

  state(skb: number): CtState {
    const view = this.#view()
    const info = view.getUint8(skb + SKB_CTINFO)
    if (view.getUint32(skb + SKB_CT, true) === 0) return info === IP_CT_UNTRACKED ? 'UNTRACKED' : 'INVALID'
    return (['ESTABLISHED', 'RELATED', 'NEW', 'ESTABLISHED', 'RELATED'] as const)[info]!
  }

  /** A record for an IP packet, parsed as the stack would. */
  skb(packet: Uint8Array): number {
    const skb = this.exports.arena_alloc(SKB_HEADER + packet.length)
    const data = skb + SKB_HEADER
    const view = this.#view()
    new Uint8Array(view.buffer, data, packet.length).set(packet)
    const header = parse(packet)
    view.setUint32(skb + SKB_NETNS, this.netns, true)
    view.setUint32(skb + SKB_OUTDEV, this.link, true)
    view.setUint32(skb + SKB_L3, data, true)
    view.setUint32(skb + SKB_L4, header.l4 === undefined ? 0 : data + header.l4, true)
    view.setUint16(skb + SKB_L3LEN, packet.length, true)
    view.setUint32(skb + SKB_L4LEN, header.l4 === undefined ? 0 : packet.length - header.l4, true)
    view.setUint16(skb + SKB_FRAGOFF, header.fragmentOffset, true)
    view.setUint8(skb + SKB_FAMILY, header.family)
    this.#address(skb, header.source)
    this.#address(skb + TUPLE_DST, header.destination)
    view.setUint8(skb + TUPLE_PROTO, header.protocol)
    view.setUint8(skb + TUPLE_L3NUM, header.family)
    view.setUint16(skb + TUPLE_SPORT, header.sport)
    view.setUint16(skb + TUPLE_DPORT, header.dport)
    const l4 = header.l4 ?? packet.length
    if (header.protocol === 6 && packet.length >= l4 + 20) view.setUint8(skb + SKB_TCPFLAGS, packet[l4 + 13]!)
    return skb
  }

  #nat(skb: number, hook: number, manip: number, wanted?: Range): boolean {
    const view = this.#view()
    const ct = view.getUint32(skb + SKB_CT, true)
    if (ct === 0) return true
    const done = manip === NF_NAT_MANIP_SRC ? IPS_SRC_NAT_DONE : IPS_DST_NAT_DONE
    const info = view.getUint8(skb + SKB_CTINFO)
    if (info === 2 && (view.getUint32(ct + CT_STATUS, true) & done) === 0) {
      const verdict = wanted
        ? this.exports.nat_setup(ct, this.range(wanted), manip)
        : this.exports.nat_null_binding(ct, hook)
      if (verdict !== NF_ACCEPT) return false
    }
    return this.exports.nat_packet(skb, hook) === NF_ACCEPT
  }

  #finish(skb: number, packet: Uint8Array, state: CtState | null): Forwarded {
    const view = this.#view()
    const info = view.getUint8(skb + SKB_CTINFO)
    const bytes = new Uint8Array(view.buffer, skb + SKB_HEADER, packet.length).slice()
    if (view.getUint32(skb + SKB_CT, true) !== 0) this.exports.ct_put(skb)
    this.exports.arena_free(skb, SKB_HEADER + packet.length)
    return { state, reply: info === 3 || info === 4, packet: bytes }
  }

  #address(at: number, text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? parseAddress(text, text.includes(':') ? 'ipv6' : 'ipv4')! : text
    const to = new Uint8Array(this.exports.memory.buffer, at, 16)
    if (bytes.length === 4) to.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
    to.set(bytes, 16 - bytes.length)
  }

  #view(): DataView {
    return new DataView(this.exports.memory.buffer)
  }
}

export interface TrackerOptions {
  readonly entries?: number
  readonly seed?: number
  readonly netnsId?: number
  readonly max?: number
}

function instantiate(): Exports {
  const env = {
    abort: (_message: number, _file: number, line: number, column: number) => {
      throw new Error(`engine: abort at line ${line}:${column}`)
    },
  }
  return new WebAssembly.Instance(module, { env }).exports as unknown as Exports
}

interface Parsed {
  readonly family: number
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  readonly l4: number | undefined
  readonly fragmentOffset: number
  readonly sport: number
  readonly dport: number
}

function parse(packet: Uint8Array): Parsed {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
  const v6 = packet[0]! >> 4 === 6
  const source = v6 ? packet.slice(8, 24) : packet.slice(12, 16)
  const destination = v6 ? packet.slice(24, 40) : packet.slice(16, 20)
  const protocol = v6 ? packet[6]! : packet[9]!
  const fragmentOffset = v6 ? 0 : (view.getUint16(6) & 0x1fff) * 8
  const l4 = v6 ? 40 : (packet[0]! & 15) * 4
  const whole = { family: v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, source, destination, protocol, fragmentOffset }
  if (fragmentOffset !== 0) return { ...whole, l4: undefined, sport: 0, dport: 0 }
  const word = (offset: number) => (l4 + offset + 2 <= packet.length ? view.getUint16(l4 + offset) : 0)
  if (protocol === 1 || protocol === 58) return { ...whole, l4, sport: word(4), dport: word(0) }
  if (![6, 17, 132, 136].includes(protocol)) return { ...whole, l4, sport: 0, dport: 0 }
  return { ...whole, l4, sport: word(0), dport: word(2) }
}
