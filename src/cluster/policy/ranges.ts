/** Ranges of addresses outside of the cluster, each with the connections that are allowed from or to it. */
import type { Family } from '../../kernel/ruleset.ts'
import type { AddressRange } from '../../policy/evaluate/address.ts'
import {
  equalConnections,
  intersectConnections,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
} from '../../policy/evaluate/connections.ts'
import { pieces } from '../../policy/evaluate/ranges.ts'

/** Lists of these are as the evaluator gives them: of one family, in order, disjoint. */
export interface RangeConnections {
  readonly range: AddressRange
  readonly connections: ConnectionSet
}

export interface CutRange {
  readonly range: AddressRange
  /** What each of the lists that were cut allows here. */
  readonly each: readonly ConnectionSet[]
}

/** Cuts several lists at the bounds of all; what is in none of them is left out. */
export function cutRanges(lists: readonly (readonly RangeConnections[])[], family: Family): CutRange[] {
  const at = lists.map(() => 0)
  const all = lists.flatMap((list) => list.map(({ range }) => range))
  return pieces(family, all).flatMap((piece) => {
    let known = false
    const each = lists.map((list, which) => {
      let place = at[which]!
      while (place < list.length && list[place]!.range.last < piece.first) place++
      at[which] = place
      const here = list[place]
      if (here === undefined || here.range.first > piece.first) return NO_CONNECTIONS
      known = true
      return here.connections
    })
    return known ? [{ range: piece, each }] : []
  })
}

/**
 * Neighbours that are alike become one. A gap between two ranges holds addresses of the cluster only, which no range
 * of external addresses means, so that it does not keep them apart.
 */
export function mergeRanges<T extends { readonly range: AddressRange }>(
  ranges: readonly T[],
  alike: (a: T, b: T) => boolean,
): T[] {
  const merged: T[] = []
  for (const next of ranges) {
    const last = merged.at(-1)
    if (last !== undefined && alike(last, next))
      merged[merged.length - 1] = { ...last, range: { ...last.range, last: next.range.last } }
    else merged.push(next)
  }
  return merged
}

export interface SharedRange {
  readonly range: AddressRange
  /** What some of them allow, and what all of them do. */
  readonly some: ConnectionSet
  readonly all: ConnectionSet
}

/** One list for several pods. */
export function shareRanges(lists: readonly (readonly RangeConnections[])[], family: Family): SharedRange[] {
  const shared = cutRanges(lists, family).map(({ range, each }) => ({
    range,
    some: each.reduce(unionConnections, NO_CONNECTIONS),
    all: each.reduce(intersectConnections),
  }))
  return mergeRanges(shared, (a, b) => equalConnections(a.some, b.some) && equalConnections(a.all, b.all))
}
