/**
 * What may differ because the kernel draws it at random or because real time passes. Every mask has a name, is
 * counted where it is used, and is described in docs/oracle.md. Nothing else is forgiven.
 */
export type MaskName =
  | 'ip-id-of-local-packets'
  | 'ipv6-fragment-id'
  | 'icmp-timestamp'
  | 'ip-timestamp-option'
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
 * checksum that is right on both sides, and neither id is one of a frame of its kind that was sent (see
 * `identification`).
 */
export function differOnlyInLocalId(a: Uint8Array, b: Uint8Array, sentIds: ReadonlySet<number>): boolean {
  if (a.length !== b.length || a.length < 34 || a[12] !== 0x08 || a[13] !== 0x00) return false
  for (let index = 0; index < a.length; index++) {
    const forgiven = (index >= 18 && index < 20) || (index >= 24 && index < 26)
    if (!forgiven && a[index] !== b[index]) return false
  }
  return [a, b].every((frame) => {
    const dontFragment = (frame[20]! & 0x40) !== 0
    return !dontFragment && headerSum(frame) === 0xffff && !sentIds.has(identification(frame)!)
  })
}

/**
 * `ipv6-fragment-id`: who splits a datagram draws the identification at random (net/ipv6/output_core.c:
 * ipv6_select_ident), also for one that came in fragments. True when the frames are equal but for that, and the
 * engine's identification stands for the kernel's throughout: `ids` maps one to the other.
 */
export function differOnlyInFragmentId(a: Uint8Array, b: Uint8Array, ids: Map<string, string>): boolean {
  const at = fragmentHeader(a)
  if (at === undefined || a.length !== b.length) return false
  const text = (frame: Uint8Array, from: number, to: number): string =>
    Buffer.from(frame.subarray(from, to)).toString('hex')
  if (text(a, 0, at + 4) !== text(b, 0, at + 4) || text(a, at + 8, a.length) !== text(b, at + 8, b.length))
    return false
  const [theirs, ours] = [text(a, at + 4, at + 8), text(b, at + 4, at + 8)]
  if (!ids.has(theirs)) ids.set(theirs, ours)
  return ids.get(theirs) === ours
}

/** Offset of an IPv6 frame's fragment header. */
function fragmentHeader(frame: Uint8Array): number | undefined {
  if (frame[12] !== 0x86 || frame[13] !== 0xdd) return undefined
  let next = frame[20]
  let at = 54
  while (at + 8 <= frame.length) {
    if (next === 44) return at
    if (next !== 0 && next !== 43 && next !== 60) return undefined
    next = frame[at]
    at += (frame[at + 1]! + 1) * 8
  }
  return undefined
}

/**
 * `icmp-timestamp`: an ICMP timestamp reply holds the time of day, which is virtual in the engine. True when the
 * frames are equal but for the id of a local packet, the receive and transmit times and the checksum, which is right
 * on both sides, and the two times of a reply are one.
 */
export function differOnlyInTimestamps(a: Uint8Array, b: Uint8Array, sentIds: ReadonlySet<number>): boolean {
  const without = (frame: Uint8Array): Uint8Array | undefined => {
    const at = 14 + (frame[14]! & 15) * 4
    if (frame[12] !== 0x08 || frame[13] !== 0 || frame[23] !== 1 || frame[at] !== 14) return undefined
    if (frame.length < at + 20 || sum(frame, at, frame.length) !== 0xffff) return undefined
    const copy = Uint8Array.from(frame)
    const view = new DataView(copy.buffer)
    if (view.getUint32(at + 12) !== view.getUint32(at + 16)) return undefined
    copy.fill(0, at + 2, at + 4)
    copy.fill(0, at + 12, at + 20)
    return copy
  }
  const [theirs, ours] = [without(a), without(b)]
  return theirs !== undefined && ours !== undefined && differOnlyInLocalId(theirs, ours, sentIds)
}

/**
 * `ip-timestamp-option`: hosts write the time of day into an IPv4 timestamp option. True when the frames are equal but
 * for the times in it (and in that of a packet that an ICMP error quotes), the checksums over them, which are right on
 * both sides, and the id of a local packet.
 */
export function differOnlyInTimestampOption(
  a: Uint8Array,
  b: Uint8Array,
  sentIds: ReadonlySet<number>,
): boolean {
  const [theirs, ours] = [withoutTimes(a), withoutTimes(b)]
  if (theirs === undefined || ours === undefined || theirs.length !== ours.length) return false
  if (theirs.every((byte, i) => byte === ours[i])) return true
  const isLocal = !sentIds.has(identification(a)!) && !sentIds.has(identification(b)!)
  return isLocal && theirs.every((byte, i) => byte === ours[i] || (i >= 18 && i < 20))
}

/** A frame with its times and the checksums over them cleared; undefined when there is no time in it. */
function withoutTimes(frame: Uint8Array): Uint8Array | undefined {
  if (frame.length < 34 || frame[12] !== 0x08 || frame[13] !== 0 || headerSum(frame) !== 0xffff)
    return undefined
  const copy = Uint8Array.from(frame)
  const l4 = 14 + (frame[14]! & 15) * 4
  let found = clearTimes(copy, 14)
  copy.fill(0, 24, 26)
  const isError = frame[23] === 1 && [3, 5, 11, 12].includes(frame[l4]!)
  if (isError && sum(frame, l4, frame.length) === 0xffff) {
    found = clearTimes(copy, l4 + 8) || found
    copy.fill(0, l4 + 2, l4 + 4)
  }
  return found ? copy : undefined
}

/** Clears the times that hosts have written into the options of the IPv4 header at `start`. */
function clearTimes(frame: Uint8Array, start: number): boolean {
  const end = start + (frame[start]! & 15) * 4
  let at = start + 20
  while (at < end && frame[at] !== 68 && frame[at] !== 0)
    at += frame[at] === 1 ? 1 : Math.max(2, frame[at + 1]!)
  if (at >= end || frame[at] !== 68) return false
  const step = (frame[at + 3]! & 15) === 0 ? 4 : 8
  const last = at + Math.min(frame[at + 1]!, frame[at + 2]! - 1)
  for (let time = at + 4 + step; time <= last; time += step) frame.fill(0, time - 4, time)
  return true
}

/**
 * The id of an IPv4 frame with its protocol, and for ICMP the type: what a node lets pass keeps all three. Hundreds of
 * frames are sent at once, so a drawn id alone would now and then be one of theirs.
 */
export function identification(frame: Uint8Array): number | undefined {
  if (frame.length < 34 || frame[12] !== 0x08 || frame[13] !== 0x00) return undefined
  const type = frame[23] === 1 ? (frame[14 + (frame[14]! & 15) * 4] ?? 0) : 0
  return ((frame[18]! << 8) | frame[19]!) + frame[23]! * 2 ** 16 + type * 2 ** 24
}

function headerSum(frame: Uint8Array): number {
  return sum(frame, 14, 14 + (frame[14]! & 15) * 4)
}

/** The Internet checksum's sum: 0xffff when a checksum in it is right. */
function sum(frame: Uint8Array, from: number, to: number): number {
  let total = 0
  for (let at = from; at < to; at += 2) total += ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
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
