/** Ranges of addresses outside of the cluster, each with the connections that are allowed from or to it. */
import ipaddr from 'ipaddr.js'
import type { Family } from '../../kernel/ruleset.ts'
import {
  equalConnections,
  intersectConnections,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
} from '../../policy/evaluate/connections.ts'
import { addressBytes, familyOf } from '../topology/plan.ts'

/** As the evaluator gives them: inclusive, in order, disjoint. */
export interface RangeConnections {
  readonly from: string
  readonly to: string
  readonly connections: ConnectionSet
}

export interface CutRange {
  readonly from: bigint
  readonly to: bigint
  /** What each of the lists that were cut allows here. */
  readonly each: readonly ConnectionSet[]
}

/** Cuts several partitions of the addresses of a family at the bounds of all; what is in none of them is left out. */
export function cutRanges(lists: readonly (readonly RangeConnections[])[]): CutRange[] {
  const numbered = lists.map((list) =>
    list.map(({ from, to, connections }) => ({ from: toNumber(from), to: toNumber(to), connections })),
  )
  const starts = new Set<bigint>()
  for (const { from, to } of numbered.flat()) starts.add(from).add(to + 1n)
  const sorted = [...starts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const at = numbered.map(() => 0)
  const cut: CutRange[] = []
  for (const [index, from] of sorted.entries()) {
    const next = sorted[index + 1]
    if (next === undefined) break
    let known = false
    const each = numbered.map((list, which) => {
      let place = at[which] ?? 0
      while (place < list.length && (list[place]?.to ?? 0n) < from) place++
      at[which] = place
      const range = list[place]
      if (range === undefined || range.from > from) return NO_CONNECTIONS
      known = true
      return range.connections
    })
    if (known) cut.push({ from, to: next - 1n, each })
  }
  return cut
}

/**
 * Neighbours that are alike become one. A gap between two ranges holds addresses of the cluster only, which no range
 * of external addresses means, so that it does not keep them apart.
 */
export function mergeRanges<T extends { readonly from: bigint; readonly to: bigint }>(
  ranges: readonly T[],
  alike: (a: T, b: T) => boolean,
): T[] {
  const merged: T[] = []
  for (const range of ranges) {
    const last = merged.at(-1)
    if (last !== undefined && alike(last, range)) merged[merged.length - 1] = { ...last, to: range.to }
    else merged.push(range)
  }
  return merged
}

export interface SharedRange {
  readonly from: string
  readonly to: string
  /** What some of them allow, and what all of them do. */
  readonly some: ConnectionSet
  readonly all: ConnectionSet
}

/** One list for several pods. */
export function shareRanges(lists: readonly (readonly RangeConnections[])[], family: Family): SharedRange[] {
  const shared = cutRanges(lists).map(({ from, to, each }) => ({
    from,
    to,
    some: each.reduce(unionConnections, NO_CONNECTIONS),
    all: each.reduce(intersectConnections),
  }))
  return mergeRanges(
    shared,
    (a, b) => equalConnections(a.some, b.some) && equalConnections(a.all, b.all),
  ).map((range) => ({ ...range, from: toAddress(range.from, family), to: toAddress(range.to, family) }))
}

export function toNumber(address: string): bigint {
  return addressBytes(address).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

export function toAddress(value: bigint, family: Family): string {
  const bytes = Array.from({ length: family === 'ipv4' ? 4 : 16 }, () => 0)
  let rest = value
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return ipaddr.fromByteArray(bytes).toString()
}

export function rangeFamily({ from }: { readonly from: string }): Family {
  return familyOf(from)
}
