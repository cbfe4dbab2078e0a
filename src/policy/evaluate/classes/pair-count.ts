/**
 * How many ordered pairs of different pods may connect, for up to eight ports at once, pairs of classes counting as
 * often as they have pods. The first time, all pairs of classes are counted; after a change, what the classes that it
 * touched contributed is taken out and put in again. Pods that are exceptions to their class are not looked at here.
 *
 * Cost: the classes squared at first (about a nanosecond each), then the classes for each one touched.
 */
import { getOrMake } from '../collect.ts'
import { hasConnection } from '../connections.ts'
import type { PolicyProtocol } from '../question.ts'
import type { Answers, RulePeer, PeerClasses } from './answer.ts'
import type { PeerClass } from './peer-class.ts'
import type { Profile, Stage } from './profile.ts'
import type { SetId } from './set-table.ts'

/** Bits of a byte. */
export const MOST_PORTS = 8

/** A port of a destination that pairs are counted by. */
export interface PortQuestion {
  readonly protocol: PolicyProtocol
  /** Needed for tcp, udp and sctp. */
  readonly port?: number
}

/** What is counted. */
export interface Classes {
  readonly answers: Answers
  readonly peers: PeerClasses
  readonly concerns: (id: number) => ReadonlySet<object>
  /** By number. */
  readonly classes: readonly (PeerClass | undefined)[]
}

/** A class as it was counted. */
interface Counted {
  readonly one: PeerClass
  readonly size: number
  readonly egress: Profile | undefined
  readonly ingress: Profile | undefined
}

export class PairCount {
  readonly #classes: Classes
  readonly #answers: Answers
  readonly #ports: readonly PortQuestion[]
  /** By the number of the set; as far as sets have been looked at. */
  #masks = new Uint8Array(64)
  #maskCount = 0
  /** Pairs by the ports that they may use, a bit each. */
  readonly #pairs = new Float64Array(1 << MOST_PORTS)
  /** By the number of the class; undefined before the first count. */
  #counted: (Counted | undefined)[] | undefined

  constructor(classes: Classes, ports: readonly PortQuestion[]) {
    this.#classes = classes
    this.#answers = classes.answers
    this.#ports = ports
  }

  /** `touched` classes may have changed since the last time. */
  update(touched: ReadonlySet<number>): void {
    if (this.#counted === undefined || touched.size > 64 + this.#counted.length / 8) this.#countAll()
    else for (const id of touched) this.#recount(id, this.#counted)
  }

  /** By port, as of the last update. */
  pairs(): number[] {
    return this.byPort(this.#pairs)
  }

  byPort(pairsByMask: Float64Array): number[] {
    return this.#ports.map((_, bit) =>
      pairsByMask.reduce((sum, pairs, mask) => (mask & (1 << bit) ? sum + pairs : sum), 0),
    )
  }

  /** The ports, a bit each, that are in the set. */
  mask(set: SetId): number {
    return this.#allMasks()[set]!
  }

  #allMasks(): Uint8Array {
    const { sets } = this.#answers
    if (sets.size > this.#masks.length) {
      const larger = new Uint8Array(2 * sets.size)
      larger.set(this.#masks)
      this.#masks = larger
    }
    for (; this.#maskCount < sets.size; this.#maskCount++) {
      const set = sets.set(this.#maskCount)
      const bits = this.#ports.map(({ protocol, port }, bit) =>
        hasConnection(set, protocol, port) ? 1 << bit : 0,
      )
      this.#masks[this.#maskCount] = bits.reduce((all, bit) => all | bit, 0)
    }
    return this.#masks
  }

  /** The ports, as masks, that the profile lets through from or to these classes. */
  #maskRow(profile: Profile | undefined, ids: Int32Array, tiers?: Map<Stage, Int32Array>): Uint8Array {
    const row = this.#answers.row(profile, this.#peers, tiers)
    const masks = this.#allMasks()
    const result = new Uint8Array(ids.length)
    for (let at = 0; at < ids.length; at++) result[at] = masks[row[ids[at]!]!]!
    return result
  }

  #countAll(): void {
    this.#pairs.fill(0)
    const classes = this.#classes.classes.map((one) => counted(one))
    this.#counted = classes
    // Sources with the same egress stand together, so that they share its row.
    const live = classes.filter((one) => one !== undefined)
    const sources = [...group(live, ({ egress }) => egress).values()].flat()
    const ingress = [...new Set(live.map((one) => one.ingress))]
    const indexOf = new Map(ingress.map((profile, index) => [profile, index]))
    const profiles = Int32Array.from(live, (one) => indexOf.get(one.ingress)!)
    const sizes = Float64Array.from(live, ({ size }) => size)
    const ids = Int32Array.from(live, ({ one }) => one.id)
    const stages = new Map<Stage, Int32Array>()
    const block = Math.max(1, Math.floor(MOST_BYTES / ingress.length))
    for (let start = 0; start < sources.length; start += block) {
      const some = sources.slice(start, start + block)
      const received = this.#receivedBy(ingress, some)
      let sent: { readonly profile: Profile | undefined; readonly masks: Uint8Array } | undefined
      for (const [at, source] of some.entries()) {
        if (sent === undefined || sent.profile !== source.egress) {
          sent = { profile: source.egress, masks: this.#maskRow(source.egress, ids, stages) }
        }
        const column = received.subarray(at * ingress.length, (at + 1) * ingress.length)
        const own = this.mask(this.#between(source, source))
        this.#add(sent.masks, column, profiles, sizes, source.size, own)
      }
    }
  }

  /** For each source the masks of all ingress profiles, next to each other. */
  #receivedBy(ingress: readonly (Profile | undefined)[], sources: readonly Counted[]): Uint8Array {
    const received = new Uint8Array(sources.length * ingress.length)
    const ids = Int32Array.from(sources, ({ one }) => one.id)
    const tiers = new Map<Stage, Int32Array>()
    // Some rows at a time, so that what is written stays together.
    for (let start = 0; start < ingress.length; start += ROWS) {
      const rows = ingress.slice(start, start + ROWS).map((profile) => this.#maskRow(profile, ids, tiers))
      for (let at = 0; at < ids.length; at++) {
        const place = at * ingress.length + start
        for (let row = 0; row < rows.length; row++) received[place + row] = rows[row]![at]!
      }
    }
    return received
  }

  /** The hot loop: one source and every destination. `own`: the ports between pods of the class, where a pod and itself are no pair. */
  #add(
    sent: Uint8Array,
    received: Uint8Array,
    profiles: Int32Array,
    sizes: Float64Array,
    size: number,
    own: number,
  ): void {
    const reached = new Float64Array(1 << MOST_PORTS)
    for (let to = 0; to < sent.length; to++) {
      const mask = sent[to]! & received[profiles[to]!]!
      if (mask !== 0) reached[mask]! += sizes[to]!
    }
    reached[own]! -= 1
    for (let mask = 1; mask < reached.length; mask++) this.#pairs[mask]! += size * reached[mask]!
  }

  #recount(id: number, classes: (Counted | undefined)[]): void {
    this.#contribute(classes[id], -1, classes)
    classes[id] = counted(this.#classes.classes[id])
    this.#contribute(classes[id], 1, classes)
  }

  /** Every pair that has a pod of this class, `sign` times. */
  #contribute(one: Counted | undefined, sign: number, classes: readonly (Counted | undefined)[]): void {
    if (one === undefined) return
    const sent = this.#answers.row(one.egress, this.#peers)
    const taken = this.#answers.row(one.ingress, this.#peers)
    const peer = { ...one.one, concerns: this.#classes.concerns(one.one.id) }
    const known = new Map<Stage, number>()
    const mask = (profile: Profile | undefined): number =>
      this.mask(this.#answers.at(profile, peer, {}, known))
    const [egress, ingress] = [new ProfileMemo(mask), new ProfileMemo(mask)]
    const masks = this.#allMasks()
    for (const other of classes) {
      if (other === undefined || other === one) continue
      const { id } = other.one
      const pairs = sign * one.size * other.size
      this.#pairs[masks[sent[id]!]! & ingress.get(other.ingress)]! += pairs
      this.#pairs[masks[taken[id]!]! & egress.get(other.egress)]! += pairs
    }
    this.#pairs[this.mask(this.#between(one, one))]! += sign * one.size * (one.size - 1)
  }

  #between(from: Counted, to: Counted): SetId {
    return this.#answers.sets.intersection(this.#at(from.egress, to.one), this.#at(to.ingress, from.one))
  }

  #at(profile: Profile | undefined, peer: RulePeer): SetId {
    return this.#answers.at(profile, peer)
  }

  get #peers(): PeerClasses {
    return this.#classes.peers
  }
}

/** Of the table of what sources may send to ingress profiles. */
const MOST_BYTES = 1 << 27

const ROWS = 64

function counted(one: PeerClass | undefined): Counted | undefined {
  if (one === undefined || one.members.size === 0) return undefined
  return { one, size: one.members.size, egress: one.egress, ingress: one.ingress }
}

function group<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) getOrMake(groups, keyOf(item), (): T[] => []).push(item)
  return groups
}

/** What was made of a profile, while one class is looked at. The last one is asked for again most often. */
class ProfileMemo {
  readonly #make: (profile: Profile | undefined) => number
  readonly #known = new Map<Profile | undefined, number>()

  constructor(make: (profile: Profile | undefined) => number) {
    this.#make = make
  }

  get(profile: Profile | undefined): number {
    let result = this.#known.get(profile)
    if (result === undefined) this.#known.set(profile, (result = this.#make(profile)))
    return result
  }
}
