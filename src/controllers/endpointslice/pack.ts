/**
 * Which endpoints go into which slice (endpointslice/reconciler.go: reconcileByPortMapping). Endpoints stay where they
 * are; new ones fill the slices that change anyway, fullest first, then the unchanged slice that becomes fullest by
 * taking all the rest, else new slices. Nothing is ever moved to balance.
 */
import type { Endpoint, EndpointSlice, IPFamily } from '../../apiserver/index.ts'
import { jsonEqual } from '../../apiserver/meta/json.ts'
import { endpointKey } from './endpoint.ts'
import type { SliceDraft } from './slice.ts'

export interface Packing {
  readonly create: SliceDraft[]
  readonly update: SliceDraft[]
  readonly unchanged: EndpointSlice[]
  readonly remove: EndpointSlice[]
}

export interface PackInput {
  readonly addressType: IPFamily
  readonly ports: SliceDraft['ports']
  readonly labels: SliceDraft['labels']
  /** Slices of this address type and these ports. */
  readonly existing: readonly EndpointSlice[]
  /** In the order in which new ones are placed. */
  readonly desired: readonly Endpoint[]
  readonly maxPerSlice: number
}

export function pack({ addressType, ports, labels, existing, desired, maxPerSlice }: PackInput): Packing {
  const left = new Map(desired.map((endpoint) => [endpointKey(endpoint), endpoint]))
  const update: SliceDraft[] = []
  let unchanged: EndpointSlice[] = []
  const remove: EndpointSlice[] = []
  const edit = (slice: EndpointSlice, endpoints: Endpoint[]): SliceDraft => ({
    existing: slice,
    addressType,
    ports,
    labels,
    endpoints,
  })

  for (const slice of existing) {
    const before = slice.endpoints ?? []
    const kept: Endpoint[] = []
    let changed = false
    for (const endpoint of before) {
      const key = endpointKey(endpoint)
      const wanted = left.get(key)
      if (wanted === undefined) continue
      left.delete(key)
      kept.push(wanted)
      changed ||= !sameBeyondHints(wanted, endpoint)
    }
    if (changed || kept.length !== before.length) {
      if (kept.length === 0) remove.push(slice)
      else update.push(edit(slice, kept))
    } else if (!jsonEqual(slice.metadata.labels, labels)) update.push(edit(slice, kept))
    else unchanged.push(slice)
  }

  const rest = [...left.values()]
  for (const slice of update.toSorted((a, b) => b.endpoints.length - a.endpoints.length))
    slice.endpoints.push(...rest.splice(0, Math.max(0, maxPerSlice - slice.endpoints.length)))

  const create: SliceDraft[] = []
  while (rest.length > 0) {
    const found = rest.length < maxPerSlice ? fittest(unchanged, rest.length, maxPerSlice) : undefined
    const slice: SliceDraft =
      found === undefined
        ? { existing: undefined, addressType, ports, labels, endpoints: [] }
        : edit(found, [...(found.endpoints ?? [])])
    slice.endpoints.push(...rest.splice(0, maxPerSlice - slice.endpoints.length))
    if (found === undefined) create.push(slice)
    else {
      update.push(slice)
      unchanged = unchanged.filter((other) => other !== found)
    }
  }
  return { create, update, unchanged, remove }
}

/** The slice that is closest to full once it has taken so many more (getSliceToFill). */
function fittest(
  slices: readonly EndpointSlice[],
  count: number,
  maxPerSlice: number,
): EndpointSlice | undefined {
  let best: EndpointSlice | undefined
  let smallest = maxPerSlice
  for (const slice of slices) {
    const room = maxPerSlice - (slice.endpoints ?? []).length - count
    if (room >= 0 && room < smallest) [best, smallest] = [slice, room]
  }
  return best
}

/** Hints are put on at the end, over all slices. */
function sameBeyondHints(a: Endpoint, b: Endpoint): boolean {
  const { hints: _a, ...left } = a
  const { hints: _b, ...right } = b
  return jsonEqual(left, right)
}
