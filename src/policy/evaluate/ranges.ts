/** The algebra of address ranges: the whole space of a family cut where ranges begin and end, and holes cut out. */
import { BITS, type AddressFamily, type AddressRange } from './address.ts'

/** Every address of the family. */
function allAddresses(family: AddressFamily): AddressRange {
  return { family, first: 0n, last: (1n << BigInt(BITS[family])) - 1n }
}

/**
 * The whole space in pieces, sorted, none overlapping: no range of the family begins or ends inside a piece, so that
 * each is in a range wholly or not at all.
 */
export function pieces(family: AddressFamily, ranges: readonly AddressRange[]): AddressRange[] {
  const whole = allAddresses(family)
  const starts = new Set([whole.first])
  for (const range of ranges) {
    if (range.family !== family) continue
    starts.add(range.first)
    if (range.last < whole.last) starts.add(range.last + 1n)
  }
  const sorted = [...starts].sort(ascending)
  return sorted.map((first, at) => ({ family, first, last: (sorted[at + 1] ?? whole.last + 1n) - 1n }))
}

/** What is left of the range. `holes` are sorted; they may lie outside of it. */
export function withoutAddresses(
  { family, first, last }: AddressRange,
  holes: readonly bigint[],
): AddressRange[] {
  const left: AddressRange[] = []
  let next = first
  for (let at = countBelow(holes, first); at < holes.length && holes[at]! <= last; at++) {
    const hole = holes[at]!
    if (next < hole) left.push({ family, first: next, last: hole - 1n })
    next = hole + 1n
  }
  if (next <= last) left.push({ family, first: next, last })
  return left
}

export function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** How many are below `value`: the place of the first that is not. */
export function countBelow(sorted: readonly bigint[], value: bigint): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
