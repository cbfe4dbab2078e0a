/**
 * The slow twin of assembly/ipset: what the kernel's set types say of a packet, on lists, element by element
 * (net/netfilter/ipset/ip_set_hash_gen.h, ip_set_bitmap_port.c, ip_set_list_set.c, ip_set_core.c).
 */
import { addressBits, formatAddress, maskedBy, parseAddress, prefixMask } from '../../src/kernel/address.ts'
import { printElement, SET_TYPES } from '../../src/kernel/ipset/index.ts'
import type { Element, IpSets, Net, SetHeader } from '../../src/kernel/ipset.ts'
import type { Family } from '../../src/kernel/ruleset.ts'

/** What a set can see of a packet. */
export interface SeenPacket {
  readonly family: Family
  readonly source: string
  readonly destination: string
  /** Bytes of the network packet. */
  readonly bytes: number
  /** undefined: there is no port to look at (later fragment, header cut short). */
  readonly ports:
    { readonly protocol: number; readonly source: number; readonly destination: number } | undefined
}

export interface SetRule {
  readonly set: string
  readonly directions: readonly ('src' | 'dst')[]
}

export interface CounterTest {
  readonly op: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: number
}

export interface SetTest extends SetRule {
  readonly returnNomatch?: boolean
  readonly skipCounters?: boolean
  readonly skipSubcounters?: boolean
  readonly packets?: CounterTest
  readonly bytes?: CounterTest
}

interface TwinEntry {
  readonly element: Element
  nomatch: boolean
  /** Milliseconds, 0 = never. */
  expires: number
  packets: number
  bytes: number
}

interface TwinSet {
  readonly header: SetHeader
  entries: TwinEntry[]
}

export class SetsTwin {
  readonly #sets = new Map<string, TwinSet>()
  #now: number

  constructor(sets: IpSets, now: number) {
    this.#now = now
    for (const [name, { entries, ...header }] of sets)
      this.#sets.set(name, {
        header,
        entries: [...entries.values()].map((entry) => ({
          element: entry.element,
          nomatch: entry.nomatch ?? false,
          expires: entry.timeout ? now + entry.timeout * 1000 : 0,
          packets: entry.packets ?? 0,
          bytes: entry.bytes ?? 0,
        })),
      })
  }

  advanceTo(now: number): void {
    this.#now = now
  }

  test(packet: SeenPacket, test: SetTest): boolean {
    const set = this.#sets.get(test.set)!
    if (set.header.type !== 'list:set') return this.#testOne(set, packet, test)
    const members = {
      ...test,
      packets: undefined,
      bytes: undefined,
      skipCounters: test.skipCounters || test.skipSubcounters,
    }
    return set.entries.some(
      (member) =>
        this.#testOne(this.#sets.get(member.element.set!)!, packet, members as SetTest) &&
        this.#matches(set, member, packet, test),
    )
  }

  add(packet: SeenPacket, rule: SetRule, exist: boolean, timeout?: number): void {
    for (const set of this.#targets(rule)) if (this.#addOne(set, packet, rule, exist, timeout)) return
  }

  delete(packet: SeenPacket, rule: SetRule): void {
    for (const set of this.#targets(rule)) {
      const element = this.#element(set, packet, rule)
      const at = element ? this.#index(set, element) : -1
      if (at < 0) continue
      const [gone] = set.entries.splice(at, 1)
      if (!this.#expired(set, gone!)) return
    }
  }

  /** Every living element of a set: its text with timeout and counters. */
  list(name: string): string[] {
    const set = this.#sets.get(name)!
    return set.entries
      .filter((entry) => !this.#expired(set, entry))
      .map((entry) => {
        const { timeout, counters } = set.header
        const left = Math.max(1, Math.floor((entry.expires - this.#now) / 1000))
        return (
          printElement(entry.element, set.header) +
          (timeout === undefined ? '' : ` timeout ${entry.expires === 0 ? 0 : left}`) +
          (entry.nomatch ? ' nomatch' : '') +
          (counters ? ` packets ${entry.packets} bytes ${entry.bytes}` : '')
        )
      })
      .toSorted()
  }

  #targets({ set: name }: SetRule): TwinSet[] {
    const set = this.#sets.get(name)!
    if (set.header.type !== 'list:set') return [set]
    return set.entries
      .filter((entry) => !this.#expired(set, entry))
      .map(({ element }) => this.#sets.get(element.set!)!)
  }

  #testOne(set: TwinSet, packet: SeenPacket, test: SetTest): boolean {
    const whole = this.#whole(set.header, packet, test)
    if (!whole) return false
    const nets = SET_TYPES[set.header.type].dimensions.includes('net')
    const lengths = nets ? prefixLengths(set) : [undefined]
    for (const length of lengths) {
      const element = length === undefined ? whole : masked(whole, set.header, length)
      const at = this.#index(set, element)
      const entry = set.entries[at]
      if (!entry || !this.#matches(set, entry, packet, test)) continue
      if (nets && test.returnNomatch) return entry.nomatch
      return !entry.nomatch
    }
    return false
  }

  #addOne(
    set: TwinSet,
    packet: SeenPacket,
    rule: SetRule,
    exist: boolean,
    timeout: number | undefined,
  ): boolean {
    const element = this.#element(set, packet, rule)
    if (!element) return false
    const seconds = timeout ?? set.header.timeout ?? 0
    const fresh: TwinEntry = {
      element,
      nomatch: false,
      expires: set.header.timeout === undefined || seconds === 0 ? 0 : this.#now + seconds * 1000,
      packets: 1,
      bytes: packet.bytes,
    }
    const at = this.#index(set, element)
    if (at >= 0) {
      if (!exist && !this.#expired(set, set.entries[at]!)) return false
      set.entries[at] = fresh
      return true
    }
    const most = set.header.maxelem ?? Infinity
    if (set.entries.length >= most) set.entries = set.entries.filter((entry) => !this.#expired(set, entry))
    if (set.entries.length >= most) return false
    set.entries.push(fresh)
    return true
  }

  /** What a packet adds: a network has the longest prefix of the set, or of the address while there is none. */
  #element(set: TwinSet, packet: SeenPacket, rule: SetRule): Element | undefined {
    const whole = this.#whole(set.header, packet, rule)
    if (!whole || !SET_TYPES[set.header.type].dimensions.includes('net')) return whole
    return masked(whole, set.header, prefixLengths(set)[0] ?? addressBits(packet.family))
  }

  /** The element a packet stands for, its addresses whole. */
  #whole(
    { type, family, range }: SetHeader,
    packet: SeenPacket,
    { directions }: SetRule,
  ): Element | undefined {
    const { dimensions } = SET_TYPES[type]
    if (directions.length < dimensions.length || (family !== undefined && family !== packet.family))
      return undefined
    const net = (i: number): Net => ({
      address: directions[i] === 'src' ? packet.source : packet.destination,
      prefixLength: addressBits(packet.family),
    })
    const at = dimensions.indexOf('port')
    const { ports } = packet
    if (at >= 0 && !ports) return undefined
    const number = ports && (directions[at] === 'src' ? ports.source : ports.destination)
    if (type === 'bitmap:port') {
      if (ports!.protocol !== 6 && ports!.protocol !== 17) return undefined
      return number! < range!.from || number! > range!.to
        ? undefined
        : { port: { protocol: 0, port: number! } }
    }
    if (type === 'hash:ip' && /^(?:0\.0\.0\.0|::)$/.test(net(0).address)) return undefined
    return {
      first: net(0),
      ...(at >= 0 && { port: { protocol: ports!.protocol, port: number! } }),
      ...(dimensions.length === 3 && { second: net(2) }),
    }
  }

  #index(set: TwinSet, element: Element): number {
    const text = printElement(element, set.header)
    return set.entries.findIndex((entry) => printElement(entry.element, set.header) === text)
  }

  #expired({ header }: TwinSet, { expires }: TwinEntry): boolean {
    return header.timeout !== undefined && expires !== 0 && this.#now > expires
  }

  #matches(set: TwinSet, entry: TwinEntry, packet: SeenPacket, test: SetTest): boolean {
    if (this.#expired(set, entry)) return false
    if (!set.header.counters) return true
    if (!test.skipCounters) {
      entry.packets += 1
      entry.bytes += packet.bytes
    }
    return passes(entry.packets, test.packets) && passes(entry.bytes, test.bytes)
  }
}

function passes(counter: number, test: CounterTest | undefined): boolean {
  switch (test?.op) {
    case 'eq':
      return counter === test.value
    case 'ne':
      return counter !== test.value
    case 'lt':
      return counter < test.value
    case 'gt':
      return counter > test.value
    default:
      return true
  }
}

/** Lengths that occur, longest first. */
function prefixLengths({ header, entries }: TwinSet): number[] {
  const lengths = entries.map(({ element }) => netOf(element, header).prefixLength)
  return [...new Set(lengths)].toSorted((a, b) => b - a)
}

const netOf = (element: Element, { type }: SetHeader): Net =>
  type === 'hash:ip,port,net' ? element.second! : element.first!

function masked(element: Element, header: SetHeader, prefixLength: number): Element {
  const family = header.family!
  const bytes = parseAddress(netOf(element, header).address, family)!
  const net = { address: formatAddress(maskedBy(bytes, prefixMask(family, prefixLength))), prefixLength }
  return header.type === 'hash:ip,port,net' ? { ...element, second: net } : { ...element, first: net }
}
