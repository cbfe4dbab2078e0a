/**
 * IP sets of namespaces in the engine. Whole models are loaded by difference: a set whose object is the one that `list`
 * gave last (or that was loaded last) is left alone, with its live counters and timeouts, and so is an entry. Changes
 * of a few elements go in by name, at a cost that does not depend on what is there.
 */
import { addressBits } from '../kernel/address.ts'
import { parseElements, printElement } from '../kernel/ipset/index.ts'
import type { Element, IpSet, IpSets, SetEntry, SetHeader, SetsChange } from '../kernel/ipset.ts'
import { Problem } from '../kernel/problem.ts'
import {
  checkEntry,
  checkSet,
  filledElements,
  mostElements,
  sameDimensions,
  sameKind,
  tooMany,
  type HeaderOf,
} from './ipset/fit.ts'
import { checkElement } from './ipset/encode.ts'
import { LoadedSet, type SlotOf } from './ipset/loaded-set.ts'
import { SetMemory, type IpsetHost } from './ipset/memory.ts'
import { Staged } from './ipset/staged.ts'

export type { IpsetExports, IpsetHost } from './ipset/memory.ts'

type Netns = Map<string, LoadedSet>

export class Sets {
  readonly #memory: SetMemory
  readonly #netns = new Map<number, Netns>()

  constructor(host: IpsetHost) {
    this.#memory = new SetMemory(host)
  }

  /** The sets of a namespace as they are now. Objects are those of the last call where nothing has changed. */
  list(netns: number): IpSets {
    return new Map([...this.#sets(netns)].map(([name, loaded]) => [name, loaded.model]))
  }

  /**
   * Makes these the sets of the namespace. Memory is taken before anything changes, so a Problem leaves the sets as
   * they were. A set that rules name cannot go, nor change its dimensions. Costs a look at every set, and at every
   * entry of those that changed.
   */
  set(netns: number, next: IpSets): void {
    const now = this.#sets(netns)
    for (const loaded of now.values()) if (!next.has(loaded.name)) refuseUsed(loaded)
    const staged = new Staged(this.#memory)
    staged.guard(() => this.#stageAll(staged, now, next))
    for (const loaded of now.values()) if (!next.has(loaded.name)) loaded.release()
    const ordered: Netns = new Map()
    for (const [name, model] of next) ordered.set(name, now.get(name) ?? this.#adopt(staged, model))
    this.#netns.set(netns, ordered)
    const slotOf: SlotOf = (name) => ordered.get(name)!.slot
    // Members of lists are slots, so lists come when all sets are there.
    for (const model of listsLast(next.values())) {
      const loaded = ordered.get(model.name)!
      if (!loaded.isLoaded(model)) loaded.load(model, slotOf, staged.record(model.name))
    }
  }

  /** Makes a change of some sets, all or none of it. Costs what it names, not what is there. */
  change(netns: number, change: SetsChange): void {
    const sets = this.#sets(netns)
    const staged = new Staged(this.#memory)
    staged.guard(() => this.#stageChange(staged, sets, change))
    const slotOf: SlotOf = (name) => sets.get(name)!.slot
    for (const model of change.create ?? []) sets.set(model.name, this.#adopt(staged, model))
    for (const model of listsLast(change.create ?? [])) sets.get(model.name)!.load(model, slotOf)
    for (const [name, elements] of change.delete ?? []) sets.get(name)!.delete(elements, slotOf)
    for (const [name, entries] of change.add ?? []) sets.get(name)!.add(entries, slotOf)
    for (const name of change.destroy ?? []) {
      sets.get(name)!.release()
      sets.delete(name)
    }
  }

  /** `ipset test NAME ELEMENT`. */
  test(netns: number, name: string, text: string): boolean {
    const loaded = this.#find(netns, name)
    const { header } = loaded
    if (header.type === 'list:set') return loaded.model.entries.has(text)
    const [element] = parseElements(text, header)
    // A whole address is looked for in every network; a network only as itself.
    return loaded.probe(element!, isWhole(element!, header))
  }

  /** Where the slot of a set is and how many directions a rule must name; undefined when there is no such set. */
  slot(netns: number, name: string): { readonly ptr: number; readonly dimensions: number } | undefined {
    const loaded = this.#sets(netns).get(name)
    return loaded && { ptr: loaded.slot, dimensions: loaded.dimensions }
  }

  /** A rule that names the set came or went. */
  use(netns: number, name: string, change: 1 | -1): void {
    this.#find(netns, name).uses += change
  }

  /** A chain with SET targets that add to the set came or went. */
  fill(netns: number, name: string, change: 1 | -1): void {
    this.#find(netns, name).fills += change
  }

  /**
   * Makes room for all that SET targets may add to a set, or to the members of a list. False when memory cannot grow.
   * More than 2^20 elements come in only as long as there is room, as in a kernel that is out of memory.
   */
  makeRoom(netns: number, name: string): boolean {
    const sets = this.#sets(netns)
    const loaded = this.#find(netns, name)
    const { header, known } = loaded
    const filled =
      header.type === 'list:set' ? [...known.keys()].map((member) => sets.get(member)!) : [loaded]
    return filled.every(
      (set) => this.#memory.exports.ipset_reserve(set.record, filledElements(set.header)) !== 0,
    )
  }

  /** How many rules name a set. */
  uses(netns: number, name: string): number {
    return this.#sets(netns).get(name)?.uses ?? 0
  }

  /** A namespace goes, its rules before it. */
  forget(netns: number): void {
    for (const loaded of this.#sets(netns).values()) loaded.release()
    this.#netns.delete(netns)
  }

  #sets(netns: number): Netns {
    let sets = this.#netns.get(netns)
    if (!sets) this.#netns.set(netns, (sets = new Map()))
    return sets
  }

  #find(netns: number, name: string): LoadedSet {
    const loaded = this.#sets(netns).get(name)
    if (!loaded) throw missing(name)
    return loaded
  }

  #adopt(staged: Staged, model: IpSet): LoadedSet {
    return new LoadedSet(this.#memory, staged.slot(model.name), staged.record(model.name)!, model)
  }

  #stageAll(staged: Staged, now: Netns, next: IpSets): void {
    const headerOf: HeaderOf = (name) => next.get(name)
    for (const [name, model] of next) {
      const loaded = now.get(name)
      if (loaded?.isLoaded(model) && model.type !== 'list:set') continue
      checkSet(model, headerOf, loaded?.known)
      if (loaded && loaded.uses > 0 && !sameDimensions(loaded.header, model))
        throw new Problem('Set cannot be replaced: rules name it with other dimensions', { field: name })
      const record =
        loaded && sameKind(loaded.header, model) ? loaded.record : staged.create(model, loaded === undefined)
      staged.reserve(record, model, model.entries.size)
    }
    for (const { name, fills } of now.values()) {
      const model = next.get(name)
      if (fills === 0 || !model) continue
      for (const filled of model.type === 'list:set' ? model.entries.keys() : [name])
        staged.reserve(
          staged.record(filled) ?? now.get(filled)!.record,
          next.get(filled)!,
          filledElements(next.get(filled)!),
        )
    }
  }

  #stageChange(staged: Staged, sets: Netns, change: SetsChange): void {
    const { create = [], delete: gone, add } = change
    const made = new Map<string, IpSet>()
    for (const model of create) {
      if (sets.has(model.name) || made.has(model.name))
        throw new Problem('Set cannot be created: set with the same name already exists', {
          field: model.name,
        })
      made.set(model.name, model)
    }
    const headerOf: HeaderOf = (name) => made.get(name) ?? sets.get(name)?.header
    const find = (name: string): SetHeader => {
      const header = headerOf(name)
      if (!header) throw missing(name)
      return header
    }
    for (const model of create) {
      checkSet(model, headerOf)
      staged.reserve(staged.create(model, true), model, model.entries.size)
    }
    for (const [name, elements] of gone ?? []) {
      const header = find(name)
      for (const element of elements) checkElement(element, header)
    }
    for (const [name, entries] of add ?? []) {
      const header = find(name)
      for (const entry of entries) checkEntry(entry, header, headerOf)
      const loaded = sets.get(name)
      const most = mostElements(header)
      const count = (loaded?.elements ?? made.get(name)!.entries.size) + entries.length
      if (count > most)
        checkRoom(header, (loaded?.model ?? made.get(name)!).entries, gone?.get(name), entries)
      staged.reserve(loaded?.record ?? staged.record(name)!, header, Math.min(count, most))
      if (header.type === 'list:set' && loaded && loaded.fills > 0)
        for (const { element } of entries) {
          const member = element.set!
          const record = sets.get(member)?.record ?? staged.record(member)!
          staged.reserve(record, find(member), filledElements(find(member)))
        }
    }
    this.#checkDestroy(sets, change, find)
  }

  #checkDestroy(sets: Netns, change: SetsChange, find: (name: string) => SetHeader): void {
    const going = new Set(change.destroy)
    if (going.size === 0) return
    for (const name of going) {
      find(name)
      const loaded = sets.get(name)
      if (loaded) refuseUsed(loaded)
    }
    const lists = [
      ...[...sets.values()].map(({ header, known }) => ({ header, known })),
      ...(change.create ?? []).map((model) => ({ header: model, known: model.entries })),
    ].filter(({ header }) => header.type === 'list:set' && !going.has(header.name))
    for (const { header, known } of lists) {
      const left = new Set(change.delete?.get(header.name)?.map(({ set }) => set!))
      const members = [...known.keys()].filter((member) => !left.has(member))
      for (const { element } of change.add?.get(header.name) ?? []) members.push(element.set!)
      const held = members.find((member) => going.has(member))
      if (held !== undefined) throw inUse(held)
    }
  }
}

const missing = (name: string): Problem =>
  new Problem('The set with the given name does not exist', { field: name })

const inUse = (name: string): Problem =>
  new Problem('Set cannot be destroyed: it is in use by a kernel component', { field: name })

function refuseUsed({ name, uses }: LoadedSet): void {
  if (uses > 0) throw inUse(name)
}

/** Throws when the entries, less some elements and with some more, are too many. */
function checkRoom(
  header: SetHeader,
  entries: ReadonlyMap<string, SetEntry>,
  gone: readonly Element[] = [],
  more: readonly SetEntry[],
): void {
  const keys = new Set(entries.keys())
  for (const element of gone) keys.delete(printElement(element, header))
  for (const { element } of more) keys.add(printElement(element, header))
  if (keys.size > mostElements(header)) throw tooMany(header)
}

function* listsLast(models: Iterable<IpSet>): Iterable<IpSet> {
  const lists: IpSet[] = []
  for (const model of models)
    if (model.type === 'list:set') lists.push(model)
    else yield model
  yield* lists
}

function isWhole({ first, second }: Element, { type, family = 'ipv4' }: SetHeader): boolean {
  const net = type === 'hash:ip,port,net' ? second : first
  return net?.prefixLength === addressBits(family)
}
