/** Commands on the sets of a namespace: what `ipset` and `ipset restore` leave behind. Pure, and all or nothing. */
import type { Element, IpSet, IpSets, SetEntry, SetHeader } from '../ipset.ts'
import { placed, Problem } from '../problem.ts'
import type { EntryOptions, IpsetCommand } from './command.ts'
import { parseElements, printElement } from './element.ts'
import { hasNets } from './types.ts'

export interface ApplySetsOptions {
  readonly file?: string
  /** How many rules name a set: a set in use cannot be destroyed or renamed. */
  readonly references?: (set: string) => number
  /** `ipset -exist restore`. */
  readonly exist?: boolean
}

export function applyIpset(
  sets: IpSets,
  commands: readonly IpsetCommand[],
  options: ApplySetsOptions = {},
): IpSets {
  const draft = new Draft(sets, options)
  for (const command of commands) {
    const place = {
      ...(options.file !== undefined && { file: options.file }),
      ...(command.line !== undefined && { line: command.line }),
    }
    placed(place, () => draft.run(command))
  }
  return draft.finish()
}

interface OpenSet {
  readonly header: SetHeader
  entries: Map<string, SetEntry>
}

class Draft {
  readonly #sets: Map<string, IpSet>
  readonly #open = new Map<string, OpenSet>()
  readonly #options: ApplySetsOptions

  constructor(sets: IpSets, options: ApplySetsOptions) {
    this.#sets = new Map(sets)
    this.#options = options
  }

  finish(): IpSets {
    for (const [name, { header, entries }] of this.#open) this.#sets.set(name, { ...header, entries })
    return this.#sets
  }

  run(command: IpsetCommand): void {
    const exist = command.exist ?? this.#options.exist ?? false
    switch (command.kind) {
      case 'create':
        return this.#create(command.header, exist)
      case 'add':
        return this.#add(command.set, command.element, command.options, exist)
      case 'del':
        return this.#delete(command.set, command.element, command.options, exist)
      case 'test':
        this.#test(command.set, command.element)
        return
      case 'destroy':
        return this.#destroy(command.set)
      case 'flush':
        for (const name of command.set === undefined ? this.#sets.keys() : [command.set])
          this.#edit(name).entries = new Map()
        return
      case 'swap':
        return this.#swap(command.set, command.other)
      case 'rename':
        return this.#rename(command.set, command.other)
      // These say something and change nothing.
      case 'save':
      case 'list':
        if (command.set !== undefined) this.#get(command.set)
        return
      case 'restore':
        return
      default:
        return command satisfies never
    }
  }

  #get(name: string): IpSet {
    const open = this.#open.get(name)
    if (open) return { ...open.header, entries: open.entries }
    const set = this.#sets.get(name)
    if (!set) throw new Problem('The set with the given name does not exist', { field: name })
    return set
  }

  #edit(name: string): OpenSet {
    const open = this.#open.get(name)
    if (open) return open
    const { entries, ...header } = this.#get(name)
    const opened = { header, entries: new Map(entries) }
    this.#open.set(name, opened)
    return opened
  }

  #create(header: SetHeader, exist: boolean): void {
    const there = this.#sets.get(header.name)
    if (!there) {
      this.#sets.set(header.name, { ...header, entries: new Map() })
      return
    }
    if (!exist || !sameHeader(there, header))
      throw new Problem('Set cannot be created: set with the same name already exists', {
        field: header.name,
      })
  }

  #add(name: string, text: string, options: EntryOptions, exist: boolean): void {
    const set = this.#edit(name)
    checkOptions(set.header, options)
    for (const element of parseElements(text, set.header)) {
      const key = printElement(element, set.header)
      if (set.entries.has(key) && !exist)
        throw new Problem("Element cannot be added to the set: it's already added", { field: text })
      const entry = newEntry(element, set.header, options, set.entries.get(key))
      if (element.set !== undefined) this.#addMember(set, key, entry, options)
      else {
        if (!set.entries.has(key) && set.entries.size >= (set.header.maxelem ?? Infinity))
          throw new Problem('Hash is full, cannot add more elements', { field: text })
        set.entries.set(key, entry)
      }
    }
  }

  #addMember(list: OpenSet, name: string, entry: SetEntry, { before, after }: EntryOptions): void {
    const member = this.#sets.get(name)
    if (!member)
      throw new Problem('Set to be added/deleted/tested as element does not exist.', { field: name })
    if (member.type === 'list:set')
      throw new Problem('Sets with list:set type cannot be added to the set.', { field: name })
    if (list.entries.has(name)) {
      list.entries.set(name, entry)
      return
    }
    const beside = before ?? after
    if (beside === undefined) {
      list.entries.set(name, entry)
      return
    }
    if (!list.entries.has(beside))
      throw new Problem('Before/after reference set does not exist or not added to the list.', {
        field: beside,
      })
    list.entries = new Map(
      [...list.entries].flatMap(([key, other]): [string, SetEntry][] =>
        key !== beside
          ? [[key, other]]
          : before !== undefined
            ? [
                [name, entry],
                [key, other],
              ]
            : [
                [key, other],
                [name, entry],
              ],
      ),
    )
  }

  #delete(name: string, text: string, options: EntryOptions, exist: boolean): void {
    const set = this.#edit(name)
    checkOptions(set.header, options)
    for (const element of parseElements(text, set.header)) {
      if (!set.entries.delete(printElement(element, set.header)) && !exist)
        throw new Problem("Element cannot be deleted from the set: it's not added", { field: text })
    }
  }

  #test(name: string, text: string): void {
    const set = this.#get(name)
    for (const element of parseElements(text, set))
      if (!set.entries.has(printElement(element, set)))
        throw new Problem(`${text} is NOT in set ${name}.`, { field: text })
  }

  #destroy(name: string | undefined): void {
    const names = name === undefined ? [...this.#sets.keys()] : [name]
    for (const each of names) {
      this.#get(each)
      const inLists = [...this.#sets.keys()].filter((list) => this.#holds(list, each)).length
      if (inLists + (this.#options.references?.(each) ?? 0) > 0)
        throw new Problem('Set cannot be destroyed: it is in use by a kernel component', { field: each })
    }
    for (const each of names) {
      this.#sets.delete(each)
      this.#open.delete(each)
    }
  }

  #holds(list: string, member: string): boolean {
    const { type, entries } = this.#get(list)
    return type === 'list:set' && entries.has(member)
  }

  #swap(name: string, other: string): void {
    const from = this.#get(name)
    if (!this.#sets.has(other))
      throw new Problem('Sets cannot be swapped: the second set does not exist', { field: other })
    const to = this.#get(other)
    if (from.type !== to.type || from.family !== to.family)
      throw new Problem('The sets cannot be swapped: their type does not match', { field: other })
    this.#open.delete(name)
    this.#open.delete(other)
    this.#sets.set(name, { ...to, name })
    this.#sets.set(other, { ...from, name: other })
  }

  #rename(name: string, to: string): void {
    const set = this.#get(name)
    if (this.#sets.has(to))
      throw new Problem('Set cannot be renamed: a set with the new name already exists', { field: to })
    const used = [...this.#sets.keys()].some((list) => this.#holds(list, name))
    if (used || (this.#options.references?.(name) ?? 0) > 0)
      throw new Problem('Set cannot be renamed: it is in use by another system', { field: name })
    const all = [...this.#sets]
    this.#open.delete(name)
    this.#sets.clear()
    for (const [key, value] of all)
      this.#sets.set(key === name ? to : key, key === name ? { ...set, name: to } : value)
  }
}

function sameHeader(a: SetHeader, b: SetHeader): boolean {
  return (
    a.type === b.type &&
    a.family === b.family &&
    a.maxelem === b.maxelem &&
    a.size === b.size &&
    a.timeout === b.timeout &&
    a.counters === b.counters &&
    a.comment === b.comment &&
    a.range?.from === b.range?.from &&
    a.range?.to === b.range?.to
  )
}

function checkOptions(header: SetHeader, options: EntryOptions): void {
  const refuse = (what: string, support: string): never => {
    throw new Problem(`${what} cannot be used: set was created without ${support} support`, {
      field: header.name,
    })
  }
  if (options.timeout !== undefined && header.timeout === undefined) refuse('Timeout', 'timeout')
  if (options.comment !== undefined && !header.comment) refuse('Comment', 'comment')
  if ((options.packets !== undefined || options.bytes !== undefined) && !header.counters)
    refuse('Packet/byte counters', 'counter')
  if (options.nomatch && !hasNets(header))
    throw new Problem("Unknown argument: `nomatch'", { field: 'nomatch' })
  if ((options.before ?? options.after) !== undefined && header.type !== 'list:set')
    throw new Problem(`Unknown argument: \`${options.before === undefined ? 'after' : 'before'}'`, {
      field: header.name,
    })
}

/**
 * An entry as the kernel makes it: extensions of the set that the command leaves out have their defaults, but counters
 * of an element that is renewed stay (ip_set.h: ip_set_init_counter).
 */
export function newEntry(
  element: Element,
  header: SetHeader,
  options: EntryOptions,
  before?: SetEntry,
): SetEntry {
  const { timeout, packets, bytes, comment, nomatch } = options
  return {
    element,
    ...(header.timeout !== undefined && { timeout: timeout ?? header.timeout }),
    ...(nomatch && { nomatch }),
    ...(header.counters && { packets: packets ?? before?.packets ?? 0, bytes: bytes ?? before?.bytes ?? 0 }),
    ...(comment !== undefined && comment !== '' && { comment }),
  }
}
