/**
 * What may differ because the kernel draws it at random or because real time passes. Every mask has a name, is
 * counted where it is used, and is described in docs/oracle.md. Nothing else is forgiven.
 */
export type MaskName =
  | 'ip-id-of-local-packets'
  | 'conntrack-timeout'
  | 'ipset-timeout'
  | 'ipset-initval'
  | 'neighbour-discovery'
  | 'random-port'

export type MaskCounts = Map<MaskName, number>

export function count(counts: MaskCounts, mask: MaskName): void {
  counts.set(mask, (counts.get(mask) ?? 0) + 1)
}

/**
 * `ip-id-of-local-packets`: a packet the node makes itself without DF (an ICMP error, an echo reply) gets an id from a
 * keyed hash (net/ipv4/route.c: __ip_select_ident). True when the frames are equal but for that id and a header
 * checksum that is right on both sides, and neither id is one of a frame that was sent.
 */
export function differOnlyInLocalId(a: Uint8Array, b: Uint8Array, sentIds: ReadonlySet<number>): boolean {
  if (a.length !== b.length || a.length < 34 || a[12] !== 0x08 || a[13] !== 0x00) return false
  for (let index = 0; index < a.length; index++) {
    const forgiven = (index >= 18 && index < 20) || (index >= 24 && index < 26)
    if (!forgiven && a[index] !== b[index]) return false
  }
  return [a, b].every((frame) => {
    const dontFragment = (frame[20]! & 0x40) !== 0
    return !dontFragment && headerSum(frame) === 0xffff && !sentIds.has((frame[18]! << 8) | frame[19]!)
  })
}

export function identification(frame: Uint8Array): number | undefined {
  if (frame.length < 34 || frame[12] !== 0x08 || frame[13] !== 0x00) return undefined
  return (frame[18]! << 8) | frame[19]!
}

function headerSum(frame: Uint8Array): number {
  const end = 14 + (frame[14]! & 15) * 4
  let sum = 0
  for (let at = 14; at < end; at += 2) sum += ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

/**
 * `neighbour-discovery`: what an IPv6 interface says by itself at times of its own choosing: multicast listener
 * reports, neighbour and router solicitations and advertisements (ICMPv6 130-137 and 143), behind a hop-by-hop header or not.
 */
export function isNeighbourDiscovery(frame: Uint8Array): boolean {
  if (frame.length < 14 + 40 + 8 || frame[12] !== 0x86 || frame[13] !== 0xdd) return false
  const hopByHop = frame[20] === 0
  const next = hopByHop ? frame[54] : frame[20]
  const type = frame[hopByHop ? 54 + (frame[55]! + 1) * 8 : 54]
  return (
    next === 58 && type !== undefined && ((type >= 130 && type <= 137) || type === 143) && frame[0] === 0x33
  )
}
