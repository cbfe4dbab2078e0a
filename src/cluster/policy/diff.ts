/** What a change of manifests does to connections: those added, removed and changed. */
import type { Family } from '../../kernel/ruleset.ts'
import type { AddressRange } from '../../policy/evaluate/address.ts'
import {
  equalConnections,
  noConnections,
  NO_CONNECTIONS,
  type ConnectionSet,
} from '../../policy/evaluate/connections.ts'
import { reachOf, type ListedConnection, type Reach } from './listing.ts'
import { externalPeer, type ExternalPeer, type Peer } from './peers.ts'
import { cutRanges, mergeRanges } from './ranges.ts'

export interface ConnectionChange {
  readonly type: 'added' | 'removed' | 'changed'
  readonly src: string
  readonly dst: string
  readonly first: Reach
  readonly second: Reach
  /** Workloads of this pair that only one side has. */
  readonly workloads: readonly { readonly label: string; readonly change: 'added' | 'removed' }[]
}

export interface Side {
  readonly connections: readonly ListedConnection[]
  /** Labels of all workloads, those without connections too. */
  readonly workloads: readonly string[]
}

/** Changed first, then added, then removed; in each by source and destination. */
export function diffConnections(first: Side, second: Side, family: Family): ConnectionChange[] {
  const changes = [...pairs(first, second), ...outside(first, second, family)].map((change) => ({
    ...change,
    workloads: [change.src, change.dst].flatMap((label) => presence(label, first, second)),
  }))
  const order = { changed: 0, added: 1, removed: 2 }
  return changes.sort(
    (a, b) => order[a.type] - order[b.type] || compare(a.src, b.src) || compare(a.dst, b.dst),
  )
}

type Change = Omit<ConnectionChange, 'workloads'>

const NOTHING: Reach = { connections: NO_CONNECTIONS }

function changeOf(src: string, dst: string, first: Reach, second: Reach): Change[] {
  if (equalReach(first, second)) return []
  const [before, after] = [noConnections(first.connections), noConnections(second.connections)]
  return [{ type: before ? 'added' : after ? 'removed' : 'changed', src, dst, first, second }]
}

/** What some pods may, and what all of them may. */
function equalReach(a: Reach, b: Reach): boolean {
  return equalConnections(a.connections, b.connections) && equalConnections(everyOf(a), everyOf(b))
}

function everyOf({ connections, everyPair = connections }: Reach): ConnectionSet {
  return everyPair
}

function pairs(first: Side, second: Side): Change[] {
  const [before, after] = [byPair(first), byPair(second)]
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const a = before.get(key)
    const b = after.get(key)
    const { src, dst } = (a ?? b)!
    return changeOf(src.label, dst.label, a ?? NOTHING, b ?? NOTHING)
  })
}

function byPair({ connections }: Side): Map<string, ListedConnection> {
  return new Map(
    connections
      .filter(({ src, dst }) => src.kind === 'workload' && dst.kind === 'workload')
      .map((connection) => [`${connection.src.label} ${connection.dst.label}`, connection]),
  )
}

/** Both sides' ranges are cut at each other's bounds, and put together again where the change is the same. */
function outside(first: Side, second: Side, family: Family): Change[] {
  const changes: Change[] = []
  const sides = [ranges(first), ranges(second)]
  for (const key of new Set(sides.flatMap((side) => [...side.keys()]))) {
    const lists = sides.flatMap((side) => {
      const own = side.get(key) ?? []
      const every = own.map(({ range, reach }) => ({ range, connections: everyOf(reach) }))
      return [own.map(({ range, reach: { connections } }) => ({ range, connections })), every]
    })
    const cut = cutRanges(lists, family).map(({ range, each }) => {
      const [some, every, otherSome, otherEvery] = lists.map((_, index) => each[index] ?? NO_CONNECTIONS)
      return { range, a: reachOf(some!, every!), b: reachOf(otherSome!, otherEvery!) }
    })
    const merged = mergeRanges(
      cut,
      (x, y) => y.range.first === x.range.last + 1n && equalReach(x.a, y.a) && equalReach(x.b, y.b),
    )
    const [direction, workload = ''] = key.split(' ')
    for (const { range, a, b } of merged) {
      const { label } = externalPeer(range)
      changes.push(
        ...(direction === 'to' ? changeOf(workload, label, a, b) : changeOf(label, workload, a, b)),
      )
    }
  }
  return changes
}

/** By `to WORKLOAD` (the workload sends) and `from WORKLOAD`. */
function ranges({ connections }: Side): Map<string, RangeReach[]> {
  const found = new Map<string, RangeReach[]>()
  const put = (key: string, { range }: ExternalPeer, reach: Reach): void => {
    found.set(key, [...(found.get(key) ?? []), { range, reach }])
  }
  for (const { src, dst, ...reach } of connections) {
    if (dst.kind === 'external') put(`to ${labelOf(src)}`, dst, reach)
    if (src.kind === 'external') put(`from ${labelOf(dst)}`, src, reach)
  }
  return found
}

interface RangeReach {
  readonly range: AddressRange
  readonly reach: Reach
}

function labelOf({ label }: Peer): string {
  return label
}

function presence(
  label: string,
  first: Side,
  second: Side,
): { readonly label: string; readonly change: 'added' | 'removed' }[] {
  const [before, after] = [first.workloads.includes(label), second.workloads.includes(label)]
  if (before === after) return []
  return [{ label, change: after ? 'added' : 'removed' }]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
