/** What a set can become, and what can be put into it: the questions asked before anything changes. */
import { isHash, SET_TYPES } from '../../kernel/ipset/types.ts'
import type { Element, IpSet, SetEntry, SetHeader } from '../../kernel/ipset.ts'
import { Problem } from '../../kernel/problem.ts'
import { checkElement, limitOf } from './encode.ts'

export const mostElements = (header: SetHeader): number => (isHash(header) ? limitOf(header) : Infinity)

/** Most elements that are made room for ahead of packets: 64 MiB, and 8 for the index. */
const MOST_FILLED = 1 << 20

/** Elements that packets may add to a set: a packet cannot make it grow, so there is room for them before. */
export const filledElements = (header: SetHeader): number =>
  isHash(header) ? Math.min(mostElements(header), MOST_FILLED) : 0

export const tooMany = ({ name }: SetHeader): Problem =>
  new Problem('Hash is full, cannot add more elements', { field: name })

/** Throws a Problem when a set cannot hold all of its own entries; those of `known` have been checked before. */
export function checkSet(set: IpSet, headerOf: HeaderOf, known?: ReadonlyMap<string, SetEntry>): void {
  if (set.entries.size > mostElements(set)) throw tooMany(set)
  for (const [key, entry] of set.entries)
    if (set.type === 'list:set' || known?.get(key) !== entry) checkEntry(entry, set, headerOf)
}

/** The header of a set of the same namespace, undefined when there is none of that name. */
export type HeaderOf = (set: string) => SetHeader | undefined

export function checkEntry({ element }: SetEntry, header: SetHeader, headerOf: HeaderOf): void {
  checkElement(element, header)
  if (element.set !== undefined) checkMember(element, headerOf)
}

function checkMember({ set: name }: Element, headerOf: HeaderOf): void {
  const member = headerOf(name!)
  if (member === undefined)
    throw new Problem('Set to be added/deleted/tested as element does not exist.', { field: name! })
  if (member.type === 'list:set')
    throw new Problem('Sets with list:set type cannot be added to the set.', { field: name! })
}

/** Whether the same record can hold both. */
export function sameKind(a: SetHeader, b: SetHeader): boolean {
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

export const sameDimensions = (a: SetHeader, b: SetHeader): boolean =>
  SET_TYPES[a.type].dimensions.length === SET_TYPES[b.type].dimensions.length
