/**
 * A pod and the world: the address space outside of the cluster as ranges, each with the connections that the pod may
 * make to it or take from it. Exact: every address that is nobody's in the cluster is in one range. Addresses of pods
 * and nodes are not the world's, they mean those pods and nodes.
 */
import { addressText, type AddressFamily, type AddressRange } from './address.ts'
import { equalConnections, type ConnectionSet } from './connections.ts'
import { partiesOf, type Context, type Party } from './party.ts'
import type { PolicyRule } from './policy.ts'
import type { Direction, Endpoint } from './question.ts'
import { pieces, withoutAddresses } from './ranges.ts'
import { policiesOf } from './selecting.ts'
import { connectionsBetween } from './set-verdict.ts'

/** Addresses outside of the cluster that follow each other and have one answer. */
export interface ExternalRange {
  /** The first address and the last, both in the range, as text. */
  readonly from: string
  readonly to: string
  /** The same as numbers. */
  readonly range: AddressRange
  readonly connections: ConnectionSet
}

export interface ExternalOptions {
  /**
   * Addresses of pods and nodes cut the ranges (`left-out`, default), or ranges reach over them (`spanned`): shorter,
   * and as true of every address that is not the cluster's.
   */
  readonly clusterAddresses?: 'left-out' | 'spanned'
}

/** Sorted; neighbours that allow the same are one range. `taken`: the cluster's addresses of the family, sorted. */
export function externalRanges(
  endpoint: Endpoint,
  direction: Direction,
  family: AddressFamily,
  taken: readonly bigint[],
  context: Context,
  { clusterAddresses = 'left-out' }: ExternalOptions = {},
): ExternalRange[] {
  const [pod] = partiesOf(endpoint, endpoint, family, context)
  const found: Range[] = []
  for (const piece of pieces(family, rangesInPlay(pod, direction, context))) {
    const free = withoutAddresses(piece, taken)
    const [sample] = free
    if (sample === undefined) continue
    const world: Party = { kind: 'address', address: { family, value: sample.first } }
    const [from, to] = direction === 'egress' ? [pod, world] : [world, pod]
    const connections = connectionsBetween({ from, to, throughService: false }, context)
    if (clusterAddresses === 'spanned') free.splice(0, free.length, piece)
    for (const { first, last } of free) append(found, { first, last, connections }, clusterAddresses)
  }
  if (clusterAddresses === 'spanned' && found.length > 0) span(found, family)
  return found.map(({ first, last, connections }) => ({
    from: addressText({ family, value: first }),
    to: addressText({ family, value: last }),
    range: { family, first, last },
    connections,
  }))
}

interface Range {
  first: bigint
  last: bigint
  readonly connections: ConnectionSet
}

/** `spanned` ranges may have the cluster's addresses between them. */
function append(found: Range[], range: Range, mode: 'left-out' | 'spanned'): void {
  const before = found.at(-1)
  if (before !== undefined && mode === 'spanned') before.last = range.first - 1n
  if (
    before !== undefined &&
    before.last === range.first - 1n &&
    equalConnections(before.connections, range.connections)
  )
    before.last = range.last
  else found.push(range)
}

function span(found: Range[], family: AddressFamily): void {
  const [whole] = pieces(family, [])
  found[0]!.first = whole!.first
  found.at(-1)!.last = whole!.last
}

/** Of every rule that may police the pod in that direction. */
function rangesInPlay(party: Party, direction: Direction, context: Context): AddressRange[] {
  if (party.kind !== 'pod') return []
  return policiesOf(party.pod, context.index)
    .flatMap((policy) => policy[direction] ?? [])
    .flatMap(rangesOfRule)
}

function rangesOfRule({ peers = [] }: PolicyRule): AddressRange[] {
  return peers.flatMap((peer) =>
    peer.kind === 'networks' ? peer.blocks.flatMap(({ range, except }) => [range, ...except]) : [],
  )
}
