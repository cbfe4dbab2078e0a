import { concat, crc32c } from './bytes.ts'
import type { Segment } from './build.ts'

export interface Chunk {
  readonly type: number
  readonly flags?: number
  readonly value?: Uint8Array
  readonly length?: number
}

export interface Sctp {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly tag?: number
  readonly chunks: readonly Chunk[]
  readonly checksum?: number
}

/** SCTP chunk types by their names in RFC 9260. */
export const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
} as const

export function sctp(header: Sctp): Segment {
  const common = new Uint8Array(12)
  const view = new DataView(common.buffer)
  view.setUint16(0, header.sourcePort)
  view.setUint16(2, header.destinationPort)
  view.setUint32(4, header.tag ?? 0)
  const bytes = concat(common, ...header.chunks.map(chunkBytes))
  // CRC32c goes in least significant byte first.
  new DataView(bytes.buffer).setUint32(8, header.checksum ?? crc32c(bytes), true)
  return { protocol: 132, bytes }
}

/** The fixed part of INIT and INIT ACK: initiate tag, window, streams out and in, initial TSN. */
export function initValue(tag: number): Uint8Array {
  const value = new Uint8Array(16)
  const view = new DataView(value.buffer)
  view.setUint32(0, tag)
  view.setUint32(4, 65536)
  view.setUint16(8, 10)
  view.setUint16(10, 10)
  view.setUint32(12, 1)
  return value
}

function chunkBytes({
  type,
  flags = 0,
  value = new Uint8Array(),
  length = 4 + value.length,
}: Chunk): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(value.length / 4) * 4)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, type)
  view.setUint8(1, flags)
  view.setUint16(2, length)
  bytes.set(value, 4)
  return bytes
}
