/**
 * One set in the engine, and what the host knows of it: its entries as they were last loaded, changed or listed. An
 * entry whose object is known is left alone when the set is loaded anew, with its live counters and timeout. Nothing here
 * can fail: checks and memory come before (fit.ts, staged.ts).
 */
import {
  SETADT_OK,
  SETELEM_SIZE,
  SETMEMBER_BYTES,
  SETMEMBER_EXPIRES,
  SETMEMBER_PACKETS,
  SETMEMBER_SIZE,
  SETMEMBER_SLOT,
  SETREC_CHANGES,
  SETREC_DIMENSIONS,
  SETREC_ELEMENTS,
  SETSLOT_SET,
  SETSLOT_SIZE,
} from '../../abi/ipset.ts'
import { printElement } from '../../kernel/ipset/index.ts'
import type { Element, IpSet, SetEntry, SetHeader } from '../../kernel/ipset.ts'
import { encodeElement, expiry, writeLong } from './encode.ts'
import { BATCH, type SetMemory } from './memory.ts'
import { readBitmap, readHash, readMembers, type LiveEntry } from './read.ts'

/** Address of the slot of a set of the same namespace. */
export type SlotOf = (set: string) => number

export class LoadedSet {
  readonly name: string
  /** What rules hold the address of. */
  readonly slot: number
  /** Rules that name it. */
  uses = 0
  /** Rules whose SET target adds to it. */
  fills = 0
  readonly #memory: SetMemory
  #set: number
  #header: SetHeader
  /** By the text of the element; the map is the model's as long as it is not `#owned`. */
  #entries: ReadonlyMap<string, SetEntry> = new Map()
  #owned = true
  /** What stands for the entries: given by the loader, or to those who listed. */
  #model: IpSet | undefined
  /** The engine's count of changes at the time of `#entries`, and whether packets had changed something before it. */
  #changes = 0
  #stale = false
  #listedAt: number
  /** list:set: names in the order of the records, those that are gone included. */
  #members: readonly string[] = []

  /** Takes a slot and an empty record; `load` fills it. */
  constructor(memory: SetMemory, slot: number, set: number, header: SetHeader) {
    this.name = header.name
    this.slot = slot
    this.#memory = memory
    this.#set = set
    this.#header = header
    this.#listedAt = memory.now
    memory.words[(slot + SETSLOT_SET) / 4] = set
  }

  get header(): SetHeader {
    return this.#header
  }

  /** Address of the set's record. */
  get record(): number {
    return this.#set
  }

  get dimensions(): number {
    return this.#memory.view.getUint8(this.#set + SETREC_DIMENSIONS)
  }

  /** Elements there are, those that are gone and not yet swept away included. */
  get elements(): number {
    return this.#memory.words[(this.#set + SETREC_ELEMENTS) / 4]!
  }

  /** The entries as they were last loaded, changed or listed. */
  get known(): ReadonlyMap<string, SetEntry> {
    return this.#entries
  }

  /** Whether `model` is what the host knows. */
  isLoaded(model: IpSet): boolean {
    return this.#model === model
  }

  /** The set with what packets and time did to it: the same object until something changes. */
  get model(): IpSet {
    const still = !this.#stale && this.#count() === this.#changes
    if (!still || (this.#header.timeout !== undefined && this.#memory.now !== this.#listedAt))
      this.#readBack()
    if (this.#model === undefined) {
      this.#model = { ...this.#header, entries: this.#entries }
      this.#owned = false
    }
    return this.#model
  }

  /** Makes the set what `model` says, by difference; `fresh` is an empty record to take the place of the old one. */
  load(model: IpSet, slotOf: SlotOf, fresh?: number): void {
    if (fresh !== undefined && fresh !== this.#set) {
      this.#memory.exports.ipset_destroy(this.#set)
      this.#set = fresh
      this.#entries = new Map()
      this.#changes = 0
      this.#stale = false
      this.#memory.words[(this.slot + SETSLOT_SET) / 4] = fresh
    }
    this.#header = model
    const { now } = this.#memory
    // What is left alone goes on to expire, whatever its entry says.
    const kept = model.timeout !== undefined && this.#entries.size > 0 && this.#listedAt !== now
    if (model.type === 'list:set') this.#writeMembers(model.entries, slotOf)
    else this.#writeDifference(model)
    this.#model = model
    this.#entries = model.entries
    this.#owned = false
    this.#changes = this.#count()
    this.#stale = kept
    this.#listedAt = now
  }

  /** Adds or renews entries. Room for them has been reserved. */
  add(entries: readonly SetEntry[], slotOf: SlotOf): void {
    if (this.#header.type === 'list:set') {
      const members = new Map(this.#entries)
      for (const entry of entries) members.set(entry.element.set!, entry)
      return this.#setMembers(members, slotOf)
    }
    const mine = this.#edit()
    for (const entry of entries) mine.set(printElement(entry.element, this.#header), entry)
    this.#sendAdd(entries)
    this.#changes = this.#count()
  }

  /** Takes elements out; those that are not there are passed over. */
  delete(elements: readonly Element[], slotOf: SlotOf): void {
    if (this.#header.type === 'list:set') {
      const members = new Map(this.#entries)
      for (const { set } of elements) members.delete(set!)
      return this.#setMembers(members, slotOf)
    }
    const mine = this.#edit()
    for (const element of elements) mine.delete(printElement(element, this.#header))
    this.#sendDelete(elements.map((element) => ({ element })))
    this.#changes = this.#count()
  }

  /** `ipset test`: `whole` looks for a whole address in every network. */
  probe(element: Element, whole: boolean): boolean {
    const at = this.#memory.scratch()
    encodeElement(this.#memory.words, at / 4, { element }, this.#header, this.#memory.now)
    return this.#memory.exports.ipset_probe(this.#set, at, whole ? 1 : 0) === 1
  }

  release(): void {
    this.#memory.exports.ipset_destroy(this.#set)
    this.#memory.free(this.slot, SETSLOT_SIZE)
  }

  #count(): number {
    return this.#memory.words[(this.#set + SETREC_CHANGES) / 4]!
  }

  /** The entries, to be changed: copied when somebody else has the map. */
  #edit(): Map<string, SetEntry> {
    this.#stale ||= this.#count() !== this.#changes
    this.#model = undefined
    const mine = this.#owned ? (this.#entries as Map<string, SetEntry>) : new Map(this.#entries)
    this.#entries = mine
    this.#owned = true
    return mine
  }

  #setMembers(members: Map<string, SetEntry>, slotOf: SlotOf): void {
    this.#stale ||= this.#count() !== this.#changes
    this.#writeMembers(members, slotOf)
    this.#model = undefined
    this.#entries = members
    this.#owned = true
    this.#changes = this.#count()
  }

  #writeDifference(model: IpSet): void {
    const known = this.#entries
    const gone: SetEntry[] = []
    const fresh: SetEntry[] = []
    for (const [key, entry] of known) if (!model.entries.has(key)) gone.push(entry)
    for (const [key, entry] of model.entries) if (known.get(key) !== entry) fresh.push(entry)
    // What packets added since the last listing is not in the model that was changed, and goes.
    if (this.#stale || this.#count() !== this.#changes)
      for (const [key, live] of this.#live()) if (!model.entries.has(key) && !known.has(key)) gone.push(live)
    this.#sendDelete(gone)
    this.#sendAdd(fresh)
  }

  #sendDelete(entries: readonly SetEntry[]): void {
    this.#send(entries, (at, count) => this.#memory.exports.ipset_del(this.#set, at, count))
  }

  #sendAdd(entries: readonly SetEntry[]): void {
    this.#send(entries, (at, count) => {
      const answer = this.#memory.exports.ipset_add(this.#set, at, count)
      if (answer !== SETADT_OK) throw new Error(`ipset: ${this.name} had no room for an entry (${answer})`)
    })
  }

  #send(entries: readonly SetEntry[], hand: (at: number, count: number) => void): void {
    const memory = this.#memory
    const at = memory.scratch()
    const { words, now } = memory
    for (let from = 0; from < entries.length; from += BATCH) {
      const count = Math.min(BATCH, entries.length - from)
      for (let i = 0; i < count; i++)
        encodeElement(words, (at + i * SETELEM_SIZE) / 4, entries[from + i]!, this.#header, now)
      hand(at, count)
    }
  }

  /** Makes these the members; one whose entry is known keeps its live counters and timeout. */
  #writeMembers(members: ReadonlyMap<string, SetEntry>, slotOf: SlotOf): void {
    const live = this.#live()
    const { words, now } = this.#memory
    const at = this.#memory.scratch()
    let word = at / 4
    for (const [name, entry] of members) {
      const untouched = this.#entries.get(name) === entry && live.get(name)
      const { timeout, packets, bytes } = untouched || entry
      words[word + SETMEMBER_SLOT / 4] = slotOf(name)
      writeLong(words, word + SETMEMBER_EXPIRES / 4, expiry(timeout, now))
      writeLong(words, word + SETMEMBER_PACKETS / 4, packets ?? 0)
      writeLong(words, word + SETMEMBER_BYTES / 4, bytes ?? 0)
      word += SETMEMBER_SIZE / 4
    }
    this.#memory.exports.ipset_members(this.#set, at, members.size)
    this.#members = [...members.keys()]
  }

  #readBack(): void {
    const live = this.#live()
    const entries = new Map<string, SetEntry>()
    // In the order in which they are known, then what packets added.
    for (const [key, entry] of this.#entries) {
      const found = live.get(key)
      if (found) entries.set(key, sameEntry(entry, found) ? entry : { ...found, ...commentOf(entry) })
    }
    for (const [key, found] of live) if (!entries.has(key)) entries.set(key, found)
    this.#entries = entries
    this.#owned = true
    this.#model = undefined
    this.#changes = this.#count()
    this.#stale = false
    this.#listedAt = this.#memory.now
  }

  #live(): Map<string, LiveEntry> {
    const { view, now } = this.#memory
    const header = this.#header
    if (header.type === 'list:set') return readMembers(view, this.#set, this.#members, header, now)
    const read = header.type === 'bitmap:port' ? readBitmap : readHash
    return new Map(
      read(view, this.#set, header, now).map((entry) => [printElement(entry.element, header), entry]),
    )
  }
}

const sameEntry = (a: SetEntry, b: SetEntry): boolean =>
  a.timeout === b.timeout && a.packets === b.packets && a.bytes === b.bytes && a.nomatch === b.nomatch

const commentOf = ({ comment }: SetEntry): { comment?: string } => (comment === undefined ? {} : { comment })
