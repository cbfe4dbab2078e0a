/**
 * What a capture file holds, whatever its format: frames with the time at which they were seen and the link type
 * they were captured on. Times are nanoseconds since the epoch, as bigint: a double cannot hold them.
 */

/** `ethernet`: the frame starts with an Ethernet header. `raw`: it starts with an IPv4 or IPv6 header. */
export type LinkType = 'ethernet' | 'raw'

export interface CapturedFrame {
  /** Nanoseconds since the epoch. */
  readonly time: bigint
  readonly linkType: LinkType
  readonly bytes: Uint8Array
  /** Bytes on the wire; larger than `bytes.length` when the capture cut the frame (snap length). */
  readonly originalLength: number
}

/** https://www.tcpdump.org/linktypes.html; 12 and 14 are what some systems write for LINKTYPE_RAW. */
const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map([
  [1, 'ethernet'],
  [12, 'raw'],
  [14, 'raw'],
  [101, 'raw'],
  [228, 'raw'],
  [229, 'raw'],
])

export function linkTypeOf(number: number): LinkType | undefined {
  return LINK_TYPES.get(number)
}

/** No link carries more; a length above it means that the file is damaged (tcpdump's own limit). */
export const MAXIMUM_FRAME = 262_144
