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

interface Counted {
  readonly entry: SetEntry
  count: number
}

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
  readonly #counted: Readonly<Record<Family, Map<string, Counted>>> = { ipv4: new Map(), ipv6: new Map() }
  readonly #changed: Readonly<Record<Family, Map<string, SetEntry>>> = { ipv4: new Map(), ipv6: new Map() }
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
    const known = this.#counted[family].get(text)
    if (known !== undefined) {
      known.count++
      return
    }
    this.#counted[family].set(text, { entry, count: 1 })
    this.#note(family, text, entry)
  }

  remove({ family, text, entry }: MemberElement): void {
    const known = this.#counted[family].get(text)
    if (known === undefined || --known.count > 0) return
    this.#counted[family].delete(text)
    this.#note(family, text, entry)
  }

  /** What the kernel does not know yet. */
  take(draft: SetsDraft): void {
    for (const family of this.#families) {
      const name = setName(this.base, family)
      const counted = this.#counted[family]
      if (!this.#made) draft.create.push(this.#create(name, family))
      else
        for (const [text, { element }] of this.#changed[family]) {
          const now = counted.get(text)
          if (now === undefined) push(draft.delete, name, element)
          else push(draft.add, name, now.entry)
        }
      this.#changed[family].clear()
    }
    this.#made = true
  }

  /** Names to destroy; none when the kernel never had it. */
  names(): string[] {
    return this.#made ? this.#families.map((family) => setName(this.base, family)) : []
  }

  #note(family: Family, text: string, entry: SetEntry): void {
    if (!this.#made) return
    this.#changed[family].set(text, entry)
    this.#dirty()
  }

  #create(name: string, family: Family): IpSet {
    const entries = new Map([...this.#counted[family]].map(([text, { entry }]) => [text, entry]))
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

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
