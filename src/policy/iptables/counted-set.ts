/**
 * A set of both families that several may put the same element into: two pods have one address for a moment when one
 * goes and the other comes. What has changed since the kernel was told last is kept apart.
 */
import type { Element, IpSet, SetEntry, SetsChange, SetType } from '../../kernel/ipset.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { MemberListener } from '../members/members.ts'
import type { PodFacts } from '../members/pod-facts.ts'
import { addressElements, type MemberElement } from './elements.ts'
import { setName } from './names.ts'

export interface SetsDraft {
  readonly create: IpSet[]
  readonly delete: Map<string, Element[]>
  readonly add: Map<string, SetEntry[]>
}

/** Who puts an element into the set, and how often; the entry has its name as comment. */
interface Owner {
  readonly entry: SetEntry
  count: number
}

/** By name: the kernel has the entry of the first one, whoever came first. Almost always one. */
type Owners = Owner[]

/** The default (65,536) is less than the pods of a large cluster. */
const MAXELEM = 1_048_576

export const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

export interface CountedSetOptions {
  readonly type?: SetType
  /** Default: the pod's addresses. */
  readonly elementsOf?: (pod: PodFacts) => readonly MemberElement[]
  /** Families that it is there for. */
  readonly families?: readonly Family[]
}

export class CountedSet implements MemberListener {
  readonly base: string
  readonly #type: SetType
  readonly #elementsOf: (pod: PodFacts) => readonly MemberElement[]
  readonly #owners: Readonly<Record<Family, Map<string, Owners>>> = { ipv4: new Map(), ipv6: new Map() }
  /** What the kernel has of the elements that have changed since it was told last. */
  readonly #before: Readonly<Record<Family, Map<string, SetEntry | undefined>>> = {
    ipv4: new Map(),
    ipv6: new Map(),
  }
  readonly #families: readonly Family[]
  readonly #dirty: () => void
  #made = false

  /** `dirty` is called when the kernel has to be told something. */
  constructor(
    base: string,
    dirty: () => void,
    { type = 'hash:ip', elementsOf = addressElements, families = FAMILIES }: CountedSetOptions = {},
  ) {
    this.base = base
    this.#type = type
    this.#elementsOf = elementsOf
    this.#families = families
    this.#dirty = dirty
  }

  added(pod: PodFacts): void {
    for (const element of this.#elementsOf(pod)) this.add(element)
  }

  removed(pod: PodFacts): void {
    for (const element of this.#elementsOf(pod)) this.remove(element)
  }

  add({ family, text, entry }: MemberElement): void {
    const owners = this.#owners[family].get(text) ?? []
    const known = owners.find((owner) => owner.entry.comment === entry.comment)
    if (known !== undefined) {
      known.count++
      return
    }
    const [first] = owners
    if (first === undefined) this.#owners[family].set(text, owners)
    owners.push({ entry, count: 1 })
    if (owners.length > 1) owners.sort(byComment)
    if (owners[0] !== first) this.#note(family, text, first?.entry)
  }

  remove({ family, text, entry }: MemberElement): void {
    const owners = this.#owners[family].get(text) ?? []
    const index = owners.findIndex((owner) => owner.entry.comment === entry.comment)
    const owner = owners[index]
    if (owner === undefined || --owner.count > 0) return
    owners.splice(index, 1)
    if (owners.length === 0) this.#owners[family].delete(text)
    if (index === 0) this.#note(family, text, owner.entry)
  }

  /** What the kernel does not know yet. */
  take(draft: SetsDraft): void {
    for (const family of this.#families) {
      const name = setName(this.base, family)
      if (!this.#made) draft.create.push(this.#create(name, family))
      else
        for (const [text, before] of this.#before[family]) {
          const now = this.#owners[family].get(text)?.[0]?.entry
          if (now?.comment === before?.comment && (now === undefined) === (before === undefined)) continue
          if (before !== undefined) push(draft.delete, name, before.element)
          if (now !== undefined) push(draft.add, name, now)
        }
      this.#before[family].clear()
    }
    this.#made = true
  }

  /** Names to destroy; none when the kernel never had it. */
  names(): string[] {
    return this.#made ? this.#families.map((family) => setName(this.base, family)) : []
  }

  #note(family: Family, text: string, before: SetEntry | undefined): void {
    if (!this.#made) return
    if (!this.#before[family].has(text)) this.#before[family].set(text, before)
    this.#dirty()
  }

  #create(name: string, family: Family): IpSet {
    const entries = new Map([...this.#owners[family]].map(([text, owners]) => [text, owners[0]!.entry]))
    return {
      name,
      type: this.#type,
      family,
      hashsize: 1024,
      maxelem: MAXELEM,
      bucketsize: 12,
      comment: true,
      entries,
    }
  }
}

export function setsChange(draft: SetsDraft): SetsChange | undefined {
  return draft.create.length + draft.delete.size + draft.add.size === 0 ? undefined : draft
}

function byComment(a: Owner, b: Owner): number {
  const [one, other] = [a.entry.comment ?? '', b.entry.comment ?? '']
  return one < other ? -1 : one > other ? 1 : 0
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
