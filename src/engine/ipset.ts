/**
 * IP sets of namespaces in the engine: loaded by difference, listed with what packets did to them. Sets are told apart
 * by the identity of their objects: a set whose object is the one that `list` gave last (or that was loaded last) is
 * left alone, with its live counters and timeouts, and so is an entry.
 */
import {
  SETADT_FULL,
  SETADT_OK,
  SETMEMBER_BYTES,
  SETMEMBER_EXPIRES,
  SETMEMBER_PACKETS,
  SETMEMBER_SIZE,
  SETMEMBER_SLOT,
  SETREC_CHANGES,
  SETREC_DIMENSIONS,
  SETREC_F_COUNTERS,
  SETREC_F_TIMEOUT,
  SETREC_POOL,
  SETSLOT_SET,
  SETSLOT_SIZE,
  SETELEM_SIZE,
} from '../abi/ipset.ts'
import { addressBits } from '../kernel/address.ts'
import { parseElements, printElement, SET_TYPES } from '../kernel/ipset/index.ts'
import type { Element, IpSet, IpSets, SetEntry, SetHeader } from '../kernel/ipset.ts'
import { Problem } from '../kernel/problem.ts'
import { encodeElement, expiry, familyNumber, limitOf, TYPE_NUMBERS } from './ipset/encode.ts'
import { liveExtensions, readBitmap, readHash, type LiveEntry } from './ipset/read.ts'

/** The exports this module calls. Addresses and counts are u32; they arrive signed. */
export interface IpsetExports {
  arena_alloc(bytes: number): number
  arena_free(ptr: number, bytes: number): void
  ipset_create(type: number, family: number, flags: number, timeout: number, limit: number): number
  ipset_destroy(set: number): void
  ipset_reserve(set: number, count: number): number
  ipset_flush(set: number): void
  ipset_add(set: number, elements: number, count: number): number
  ipset_del(set: number, elements: number, count: number): void
  ipset_members(set: number, members: number, count: number): number
  ipset_probe(set: number, element: number, whole: number): number
}

export interface IpsetHost {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly exports: IpsetExports
  /** Virtual milliseconds since the epoch. */
  now(): number
}

/** A set that is loaded. */
interface Loaded {
  readonly name: string
  readonly slot: number
  set: number
  /** What was loaded or listed last, and the engine's count of changes at that time. */
  model: IpSet
  changes: number
  listedAt: number
  /** Rules that name it. */
  uses: number
}

/** Memory taken for a set before anything changes; a slot only for a name that is new. */
interface Staged {
  readonly set: number
  readonly slot: number
}

type Netns = Map<string, Loaded>

/** Elements written at a time. */
const BATCH = 1024

export class Sets {
  readonly #host: IpsetHost
  readonly #netns = new Map<number, Netns>()
  #buffer = 0
  #bufferBytes = 0

  constructor(host: IpsetHost) {
    this.#host = host
  }

  /** The sets of a namespace as they are now. Objects are those of the last call where nothing has changed. */
  list(netns: number): IpSets {
    return new Map([...this.#sets(netns)].map(([name, loaded]) => [name, this.#refresh(loaded)]))
  }

  /**
   * Makes these the sets of the namespace. Memory is taken before anything changes, so a Problem leaves the sets as
   * they were. A set that rules name cannot go, nor change its dimensions.
   */
  set(netns: number, next: IpSets): void {
    const now = this.#sets(netns)
    for (const [name, loaded] of now)
      if (!next.has(name) && loaded.uses > 0)
        throw new Problem('Set cannot be destroyed: it is in use by a kernel component', { field: name })
    const staged = this.#stage(now, next)
    for (const [name, loaded] of now) {
      if (next.has(name)) continue
      this.#release(loaded)
      now.delete(name)
    }
    const ordered = new Map<string, Loaded>()
    for (const [name, model] of next)
      ordered.set(name, now.get(name) ?? this.#adopt(name, model, staged.get(name)!))
    this.#netns.set(netns, ordered)
    // Members of lists are slots, so lists come when all sets are there.
    const inOrder = [...ordered.values()].toSorted(
      (a, b) => Number(isList(next, a)) - Number(isList(next, b)),
    )
    for (const loaded of inOrder)
      this.#load(ordered, loaded, next.get(loaded.name)!, staged.get(loaded.name)?.set)
  }

  /** Adds or renews entries of one set. */
  add(netns: number, name: string, entries: readonly SetEntry[]): void {
    const loaded = this.#find(netns, name)
    const model = this.#refresh(loaded)
    const merged = new Map(model.entries)
    for (const entry of entries) merged.set(printElement(entry.element, model), entry)
    this.set(netns, new Map(this.list(netns)).set(name, { ...model, entries: merged }))
  }

  /** Takes entries out of one set; those that are not there are passed over. */
  delete(netns: number, name: string, elements: readonly Element[]): void {
    const model = this.#refresh(this.#find(netns, name))
    const left = new Map(model.entries)
    for (const element of elements) left.delete(printElement(element, model))
    this.set(netns, new Map(this.list(netns)).set(name, { ...model, entries: left }))
  }

  /** `ipset test NAME ELEMENT`. */
  test(netns: number, name: string, text: string): boolean {
    const { model, set } = this.#find(netns, name)
    if (model.type === 'list:set') return this.#refresh(this.#find(netns, name)).entries.has(text)
    const [element] = parseElements(text, model)
    // A whole address is looked for in every network; a network only as itself.
    const whole = isWhole(element!, model)
    const at = this.#scratch()
    encodeElement(this.#view(), at, { element: element! }, model, this.#host.now())
    return this.#host.exports.ipset_probe(set, at, whole ? 1 : 0) === 1
  }

  /** Where the slot of a set is and how many directions a rule must name; undefined when there is no such set. */
  slot(netns: number, name: string): { readonly ptr: number; readonly dimensions: number } | undefined {
    const loaded = this.#sets(netns).get(name)
    if (!loaded) return undefined
    return { ptr: loaded.slot, dimensions: this.#view().getUint8(loaded.set + SETREC_DIMENSIONS) }
  }

  /** A rule that names the set came or went. */
  use(netns: number, name: string, change: 1 | -1): void {
    this.#find(netns, name).uses += change
  }

  /** How many rules name a set. */
  uses(netns: number, name: string): number {
    return this.#sets(netns).get(name)?.uses ?? 0
  }

  /** A namespace goes, its rules before it. */
  forget(netns: number): void {
    for (const loaded of this.#sets(netns).values()) this.#release(loaded)
    this.#netns.delete(netns)
  }

  #sets(netns: number): Netns {
    let sets = this.#netns.get(netns)
    if (!sets) this.#netns.set(netns, (sets = new Map()))
    return sets
  }

  #find(netns: number, name: string): Loaded {
    const loaded = this.#sets(netns).get(name)
    if (!loaded) throw new Problem('The set with the given name does not exist', { field: name })
    return loaded
  }

  #view(): DataView {
    return new DataView(this.#host.memory.buffer)
  }

  /** A block that no set owns; it grows while sets are staged, never later. */
  #scratch(bytes = BATCH * SETELEM_SIZE): number {
    if (bytes <= this.#bufferBytes) return this.#buffer
    const buffer = this.#alloc(bytes)
    this.#host.exports.arena_free(this.#buffer, this.#bufferBytes)
    this.#buffer = buffer
    this.#bufferBytes = bytes
    return buffer
  }

  #alloc(bytes: number): number {
    const ptr = this.#host.exports.arena_alloc(bytes) >>> 0
    if (ptr === 0) throw new Problem('no memory left for sets')
    return ptr
  }

  /** New contents for sets that are new or changed in kind, and room for those that grow: all of it, or none. */
  #stage(now: Netns, next: IpSets): Map<string, Staged> {
    const { exports } = this.#host
    this.#scratch()
    const staged = new Map<string, Staged>()
    try {
      for (const [name, model] of next) {
        const loaded = now.get(name)
        if (loaded?.model === model) continue
        checkSize(model)
        let set = loaded && sameKind(loaded.model, model) ? loaded.set : 0
        if (set === 0) {
          if (loaded && loaded.uses > 0 && dimensionsDiffer(loaded.model, model))
            throw new Problem('Set cannot be replaced: rules name it with other dimensions', { field: name })
          set = this.#create(model)
          staged.set(name, { set, slot: 0 })
          if (!loaded) staged.set(name, { set, slot: this.#alloc(SETSLOT_SIZE) })
        }
        if (model.type === 'list:set')
          this.#scratch(Math.max(BATCH * SETELEM_SIZE, model.entries.size * SETMEMBER_SIZE))
        if (exports.ipset_reserve(set, model.entries.size) === 0)
          throw new Problem('no memory left for the set', { field: name })
      }
    } catch (error) {
      for (const { set, slot } of staged.values()) {
        exports.ipset_destroy(set)
        exports.arena_free(slot, SETSLOT_SIZE)
      }
      throw error
    }
    return staged
  }

  #create(model: IpSet): number {
    const flags =
      (model.timeout === undefined ? 0 : SETREC_F_TIMEOUT) | (model.counters ? SETREC_F_COUNTERS : 0)
    const set =
      this.#host.exports.ipset_create(
        TYPE_NUMBERS[model.type],
        familyNumber(model),
        flags,
        model.timeout ?? 0,
        limitOf(model),
      ) >>> 0
    if (set === 0) throw new Problem('no memory left for the set', { field: model.name })
    return set
  }

  #adopt(name: string, model: IpSet, { set, slot }: Staged): Loaded {
    this.#view().setUint32(slot + SETSLOT_SET, set, true)
    const empty = { ...model, entries: new Map<string, SetEntry>() }
    return { name, slot, set, model: empty, changes: 0, listedAt: this.#host.now(), uses: 0 }
  }

  #release({ slot, set }: Loaded): void {
    this.#host.exports.ipset_destroy(set)
    this.#host.exports.arena_free(slot, SETSLOT_SIZE)
  }

  #load(netns: Netns, loaded: Loaded, model: IpSet, staged: number | undefined): void {
    if (loaded.model === model && staged === undefined) return
    if (staged !== undefined && staged !== loaded.set) {
      this.#host.exports.ipset_destroy(loaded.set)
      loaded.set = staged
      loaded.model = { ...model, entries: new Map() }
      this.#view().setUint32(loaded.slot + SETSLOT_SET, staged, true)
    }
    if (model.type === 'list:set') this.#loadMembers(netns, loaded, model)
    else this.#loadEntries(loaded, model)
    loaded.model = model
    loaded.changes = this.#changes(loaded)
    loaded.listedAt = this.#host.now()
  }

  #loadEntries(loaded: Loaded, model: IpSet): void {
    const known = loaded.model.entries
    const gone: SetEntry[] = []
    const fresh: SetEntry[] = []
    for (const [key, entry] of known) if (!model.entries.has(key)) gone.push(entry)
    for (const [key, entry] of model.entries) if (known.get(key) !== entry) fresh.push(entry)
    // What packets added since the last listing is not in the model that was changed, and goes.
    if (this.#changes(loaded) !== loaded.changes)
      for (const [key, live] of this.#entries(loaded))
        if (!model.entries.has(key) && !known.has(key)) gone.push(live)
    this.#batches(gone, model, (at, count) => this.#host.exports.ipset_del(loaded.set, at, count))
    this.#batches(fresh, model, (at, count) => {
      const answer = this.#host.exports.ipset_add(loaded.set, at, count)
      if (answer === SETADT_FULL)
        throw new Problem('Hash is full, cannot add more elements', { field: model.name })
      if (answer !== SETADT_OK) throw new Problem(`set ${model.name}: the engine refused an element`)
    })
  }

  #batches(entries: readonly SetEntry[], model: IpSet, send: (at: number, count: number) => void): void {
    const at = this.#scratch()
    const now = this.#host.now()
    for (let from = 0; from < entries.length; from += BATCH) {
      const batch = entries.slice(from, from + BATCH)
      const view = this.#view()
      for (const [i, entry] of batch.entries()) encodeElement(view, at + i * SETELEM_SIZE, entry, model, now)
      send(at, batch.length)
    }
  }

  #loadMembers(netns: Netns, loaded: Loaded, model: IpSet): void {
    const entries = [...model.entries.values()]
    const live = this.#members(loaded)
    const at = this.#scratch()
    const view = this.#view()
    for (const [i, entry] of entries.entries()) {
      const member = at + i * SETMEMBER_SIZE
      const untouched = loaded.model.entries.get(entry.element.set!) === entry && live.get(entry.element.set!)
      const { timeout, packets, bytes: count } = untouched || entry
      view.setUint32(member + SETMEMBER_SLOT, netns.get(entry.element.set!)!.slot, true)
      view.setBigUint64(member + SETMEMBER_EXPIRES, expiry(timeout, this.#host.now()), true)
      view.setBigUint64(member + SETMEMBER_PACKETS, BigInt(packets ?? 0), true)
      view.setBigUint64(member + SETMEMBER_BYTES, BigInt(count ?? 0), true)
    }
    this.#host.exports.ipset_members(loaded.set, at, entries.length)
  }

  #changes({ set }: Loaded): number {
    return this.#view().getUint32(set + SETREC_CHANGES, true)
  }

  /** The model with what packets and time did since. */
  #refresh(loaded: Loaded): IpSet {
    const { model } = loaded
    const now = this.#host.now()
    const lists = model.type === 'list:set'
    const still = this.#changes(loaded) === loaded.changes
    if (still && (model.timeout === undefined || now === loaded.listedAt)) return model
    const live = lists ? this.#members(loaded) : this.#entries(loaded)
    const entries = new Map<string, SetEntry>()
    // In the order of the model first, then what packets added.
    for (const [key, entry] of model.entries) {
      const found = live.get(key)
      if (found) entries.set(key, sameEntry(entry, found) ? entry : { ...found, ...commentOf(entry) })
    }
    for (const [key, found] of live) if (!entries.has(key)) entries.set(key, found)
    loaded.model = { ...model, entries }
    loaded.changes = this.#changes(loaded)
    loaded.listedAt = now
    return loaded.model
  }

  #entries({ set, model }: Loaded): Map<string, LiveEntry> {
    const found = model.type === 'bitmap:port' ? readBitmap : readHash
    const live = found(this.#view(), set, model, this.#host.now())
    return new Map(live.map((entry) => [printElement(entry.element, model), entry]))
  }

  #members({ set, model }: Loaded): Map<string, LiveEntry> {
    const view = this.#view()
    const pool = view.getUint32(set + SETREC_POOL, true)
    const now = this.#host.now()
    return new Map(
      [...model.entries.keys()].flatMap((name, i): [string, LiveEntry][] => {
        const at = pool + i * SETMEMBER_SIZE
        const live = liveExtensions(view, at + SETMEMBER_EXPIRES, model, now)
        return live ? [[name, { element: { set: name }, ...live }]] : []
      }),
    )
  }
}

const isList = (sets: IpSets, { name }: Loaded): boolean => sets.get(name)!.type === 'list:set'

function checkSize(model: IpSet): void {
  if (model.maxelem !== undefined && model.entries.size > model.maxelem)
    throw new Problem('Hash is full, cannot add more elements', { field: model.name })
}

/** The same record can hold both. */
function sameKind(a: SetHeader, b: SetHeader): boolean {
  return (
    a.type === b.type &&
    a.family === b.family &&
    a.maxelem === b.maxelem &&
    a.timeout === b.timeout &&
    (a.counters ?? false) === (b.counters ?? false) &&
    a.range?.from === b.range?.from &&
    a.range?.to === b.range?.to
  )
}

const dimensionsDiffer = (a: SetHeader, b: SetHeader): boolean =>
  SET_TYPES[a.type].dimensions.length !== SET_TYPES[b.type].dimensions.length

const sameEntry = (a: SetEntry, b: SetEntry): boolean =>
  a.timeout === b.timeout && a.packets === b.packets && a.bytes === b.bytes && a.nomatch === b.nomatch

const commentOf = ({ comment }: SetEntry): { comment?: string } => (comment === undefined ? {} : { comment })

function isWhole({ first, second }: Element, { type, family = 'ipv4' }: SetHeader): boolean {
  const net = type === 'hash:ip,port,net' ? second : first
  return net?.prefixLength === addressBits(family)
}
