/**
 * Classic pcap (draft-ietf-opsawg-pcap): a 24-byte header, then records of 16 bytes and a frame. The magic number
 * tells the byte order and whether fractions of a second are micro- or nanoseconds.
 *
 *   0        4     6     8        12       16       20       24
 *   | magic  |major|minor| zone   | sigfigs| snaplen| network|
 *   | sec    | fraction  | incl_len        | orig_len        | frame …
 */
import { linkTypeOf, MAXIMUM_FRAME, type CapturedFrame } from './capture-file.ts'
import { Reader } from './reader.ts'

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const LINKTYPE_ETHERNET = 1
const HEADER = 24
const RECORD = 16

/** True when the first four bytes, read in either order, are a classic pcap magic number. */
export function isClassicPcap(bytes: Uint8Array): boolean {
  return magicOf(bytes) !== undefined
}

function magicOf(bytes: Uint8Array): { littleEndian: boolean; unit: bigint } | undefined {
  if (bytes.length < 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian)
    if (magic === MICROSECONDS) return { littleEndian, unit: 1000n }
    if (magic === NANOSECONDS) return { littleEndian, unit: 1n }
  }
  return undefined
}

/** Reads a whole file; `bytes` must be what `isClassicPcap` accepts. Throws a Problem that names file and byte. */
export function readClassicPcap(bytes: Uint8Array, file: string): CapturedFrame[] {
  const reader = new Reader(bytes, file)
  const magic = magicOf(bytes)
  if (magic === undefined) throw reader.problem('not a pcap file')
  reader.littleEndian = magic.littleEndian
  reader.skip(4, 'the file header')
  const major = reader.u16('the file header')
  reader.skip(14, 'the file header')
  if (major !== 2) throw reader.problem(`pcap version ${major} is not known (expected 2)`, 4)
  // The upper bits hold the length of a frame check sequence, as in `network & 0xffff`.
  const network = reader.u32('the file header') & 0xffff
  const linkType = linkTypeOf(network)
  if (linkType === undefined) {
    throw reader.problem(`link type ${network} is not supported (expected Ethernet or raw IP)`, 20)
  }
  const frames: CapturedFrame[] = []
  while (!reader.atEnd) {
    const start = reader.offset
    const what = `the header of packet ${frames.length + 1}`
    const seconds = reader.u32(what)
    const fraction = reader.u32(what)
    const length = reader.u32(what)
    const originalLength = reader.u32(what)
    if (length > MAXIMUM_FRAME) {
      throw reader.problem(`packet ${frames.length + 1} claims to be ${length} bytes long`, start + 8)
    }
    frames.push({
      time: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * magic.unit,
      linkType,
      bytes: reader.bytes(length, `packet ${frames.length + 1}`),
      originalLength,
    })
  }
  return frames
}

/** Writes an Ethernet capture, little endian, microseconds: what tcpdump -w writes on most machines. */
export function writePcap(
  frames: Iterable<{ readonly time: bigint; readonly bytes: Uint8Array }>,
): Uint8Array {
  const list = [...frames]
  const size = list.reduce((sum, { bytes }) => sum + RECORD + bytes.length, HEADER)
  const out = new Uint8Array(size)
  const view = new DataView(out.buffer)
  view.setUint32(0, MICROSECONDS, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, MAXIMUM_FRAME, true)
  view.setUint32(20, LINKTYPE_ETHERNET, true)
  let offset = HEADER
  for (const { time, bytes } of list) {
    const micros = time / 1000n
    view.setUint32(offset, Number(micros / 1_000_000n), true)
    view.setUint32(offset + 4, Number(micros % 1_000_000n), true)
    view.setUint32(offset + 8, bytes.length, true)
    view.setUint32(offset + 12, bytes.length, true)
    out.set(bytes, offset + RECORD)
    offset += RECORD + bytes.length
  }
  return out
}
