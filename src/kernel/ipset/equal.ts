/** Equality of sets; the order of members matters in lists of sets only, the seed of the hash never. */
import { sameData } from '../iptables/equal.ts'
import type { IpSet, IpSets } from '../ipset.ts'

export function sameSet(a: IpSet, b: IpSet): boolean {
  if (a === b) return true
  const { entries: entriesA, initval: _a, ...headerA } = a
  const { entries: entriesB, initval: _b, ...headerB } = b
  if (!sameData(headerA, headerB) || entriesA.size !== entriesB.size) return false
  if (a.type === 'list:set') return sameData([...entriesA.entries()], [...entriesB.entries()])
  for (const [key, entry] of entriesA) if (!sameData(entry, entriesB.get(key))) return false
  return true
}

export function sameSets(a: IpSets, b: IpSets): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [name, set] of a) {
    const other = b.get(name)
    if (!other || !sameSet(set, other)) return false
  }
  return true
}
