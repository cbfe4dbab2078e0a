/**
 * pcapng (draft-ietf-opsawg-pcapng), reading only: blocks of
 *
 *   0            4             8                    n-4
 *   | block type | block length| body …             | block length |
 *
 * A section header sets the byte order and forgets the interfaces before it. Read: section header, interface
 * description, enhanced, simple and obsolete packet blocks. Every other block (names, statistics, comments) holds no
 * frame and is stepped over, as the format asks of readers.
 */
import { linkTypeOf, MAXIMUM_FRAME, type CapturedFrame, type LinkType } from './capture-file.ts'
import { Reader } from './reader.ts'

const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const INTERFACE_DESCRIPTION = 1
const PACKET = 2
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6
const OPTION_END = 0
const OPTION_TSRESOL = 9
const OPTION_TSOFFSET = 14

interface Interface {
  /** `undefined`: a link type we cannot read; an error only when a frame of it comes. */
  readonly linkType: LinkType | undefined
  readonly linkNumber: number
  readonly snapLength: number
  readonly ticksPerSecond: bigint
  readonly offsetSeconds: bigint
}

/** True when the file begins with a section header block. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === SECTION_HEADER
}

/** Reads a whole file. Throws a Problem that names file and byte. */
export function readPcapng(bytes: Uint8Array, file: string): CapturedFrame[] {
  const reader = new Reader(bytes, file)
  const frames: CapturedFrame[] = []
  let interfaces: Interface[] = []
  while (!reader.atEnd) {
    const start = reader.offset
    const type = reader.u32('a block header')
    if (type === SECTION_HEADER) {
      readByteOrder(reader, start)
      interfaces = []
    }
    const length = reader.u32('a block header')
    if (length < 12 || length % 4 !== 0)
      throw reader.problem(`a block claims to be ${length} bytes long`, start + 4)
    if (length - 8 > reader.left) throw reader.problem('the file ends inside a block', start)
    const end = start + length - 4
    if (type === INTERFACE_DESCRIPTION) interfaces.push(readInterface(reader, end))
    const frame = readPacket(type, reader, interfaces, end)
    if (frame !== undefined) frames.push(frame)
    if (reader.offset > end) throw reader.problem('a block is shorter than what it holds', start)
    reader.offset = end
    if (reader.u32('a block trailer') !== length) {
      throw reader.problem(`the block's two lengths differ (expected ${length})`, end)
    }
  }
  return frames
}

/** Looks ahead at the magic number behind the block length, which itself needs the byte order. */
function readByteOrder(reader: Reader, start: number): void {
  reader.offset = start + 8
  reader.littleEndian = true
  const magic = reader.u32('the section header')
  if (magic !== BYTE_ORDER_MAGIC) {
    reader.offset = start + 8
    reader.littleEndian = false
    if (reader.u32('the section header') !== BYTE_ORDER_MAGIC) {
      throw reader.problem('not a pcapng section (bad byte-order magic)', start + 8)
    }
  }
  reader.offset = start + 4
}

function readInterface(reader: Reader, end: number): Interface {
  const what = 'an interface description'
  const linkNumber = reader.u16(what)
  reader.skip(2, what)
  const snapLength = reader.u32(what)
  let resolution = 6
  let offsetSeconds = 0n
  while (end - reader.offset >= 4) {
    const code = reader.u16(what)
    const length = reader.u16(what)
    if (code === OPTION_END) break
    const value = reader.bytes(length, what)
    reader.skip((4 - (length % 4)) % 4, what)
    if (code === OPTION_TSRESOL && length === 1) resolution = value[0]!
    if (code === OPTION_TSOFFSET && length === 8) {
      offsetSeconds = new DataView(value.buffer).getBigInt64(0, reader.littleEndian)
    }
  }
  const power = resolution & 0x7f
  const ticksPerSecond = resolution >= 0x80 ? 1n << BigInt(power) : 10n ** BigInt(power)
  return {
    linkType: linkTypeOf(linkNumber),
    linkNumber,
    snapLength,
    ticksPerSecond,
    offsetSeconds,
  }
}

function readPacket(
  type: number,
  reader: Reader,
  interfaces: readonly Interface[],
  end: number,
): CapturedFrame | undefined {
  const what = 'a packet block'
  const start = reader.offset
  let index = 0
  let ticks = 0n
  let length: number | undefined
  if (type === ENHANCED_PACKET || type === PACKET) {
    index = type === PACKET ? reader.u16(what) : reader.u32(what)
    if (type === PACKET) reader.skip(2, what)
    ticks = (BigInt(reader.u32(what)) << 32n) | BigInt(reader.u32(what))
    length = reader.u32(what)
  } else if (type !== SIMPLE_PACKET) return undefined
  const originalLength = reader.u32(what)
  const source = interfaces[index]
  if (source === undefined)
    throw reader.problem(`a packet names interface ${index}, which is not described`, start)
  if (source.linkType === undefined) {
    throw reader.problem(
      `link type ${source.linkNumber} is not supported (expected Ethernet or raw IP)`,
      start,
    )
  }
  length ??= source.snapLength === 0 ? originalLength : Math.min(originalLength, source.snapLength)
  if (length > MAXIMUM_FRAME || length > end - reader.offset) {
    throw reader.problem(`a packet claims to be ${length} bytes long`, start)
  }
  return {
    time: source.offsetSeconds * 1_000_000_000n + (ticks * 1_000_000_000n) / source.ticksPerSecond,
    linkType: source.linkType,
    bytes: reader.bytes(length, what),
    originalLength,
  }
}
