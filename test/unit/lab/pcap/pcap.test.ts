import { describe, expect, it } from 'vitest'
import { Problem } from '../../../../src/kernel/problem.ts'
import { readPcap, writePcap } from '../../../../src/lab/pcap/index.ts'

const FRAME = Uint8Array.from({ length: 61 }, (_, index) => index)

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

/** Little or big endian words: numbers are u32, `[n]` is u16, `{ n }` is u64. */
function words(littleEndian: boolean, ...values: (number | [number] | { u64: bigint })[]): Uint8Array {
  return concat(
    ...values.map((value) => {
      const bytes = new Uint8Array(typeof value === 'number' ? 4 : Array.isArray(value) ? 2 : 8)
      const view = new DataView(bytes.buffer)
      if (typeof value === 'number') view.setUint32(0, value, littleEndian)
      else if (Array.isArray(value)) view.setUint16(0, value[0], littleEndian)
      else view.setBigUint64(0, value.u64, littleEndian)
      return bytes
    }),
  )
}

function classic(littleEndian: boolean, magic: number, fraction: number, network = 1): Uint8Array {
  return concat(
    words(littleEndian, magic, [2], [4], 0, 0, 65535, network),
    words(littleEndian, 1_700_000_000, fraction, FRAME.length, FRAME.length),
    FRAME,
  )
}

function block(littleEndian: boolean, type: number, body: Uint8Array): Uint8Array {
  const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4))
  const length = padded.length + 12
  return concat(words(littleEndian, type, length), padded, words(littleEndian, length))
}

function section(littleEndian: boolean): Uint8Array {
  const body = words(littleEndian, 0x1a2b3c4d, [1], [0], { u64: 0xffffffffffffffffn })
  return block(littleEndian, 0x0a0d0d0a, body)
}

function enhanced(littleEndian: boolean, index: number, ticks: bigint): Uint8Array {
  const head = words(
    littleEndian,
    index,
    Number(ticks >> 32n),
    Number(ticks & 0xffffffffn),
    FRAME.length,
    FRAME.length,
  )
  return block(littleEndian, 6, concat(head, FRAME))
}

const NANOS = 1_700_000_000_123_456_789n

describe('classic pcap', () => {
  it.each([
    ['little endian, microseconds', true, 0xa1b2c3d4, 123_456, 1_700_000_000_123_456_000n],
    ['big endian, microseconds', false, 0xa1b2c3d4, 123_456, 1_700_000_000_123_456_000n],
    ['little endian, nanoseconds', true, 0xa1b23c4d, 123_456_789, NANOS],
    ['big endian, nanoseconds', false, 0xa1b23c4d, 123_456_789, NANOS],
  ])('reads %s', (_, littleEndian, magic, fraction, time) => {
    expect(readPcap(classic(littleEndian, magic, fraction), 'a.pcap')).toEqual([
      { time, linkType: 'ethernet', bytes: FRAME, originalLength: FRAME.length },
    ])
  })

  it.each([12, 101, 228, 229])('reads raw IP (link type %i)', (network) => {
    const [frame] = readPcap(classic(true, 0xa1b2c3d4, 0, network), 'a.pcap')
    expect(frame?.linkType).toBe('raw')
  })

  it('reads back what it writes, to the microsecond', () => {
    const frames = [
      { time: NANOS, bytes: FRAME },
      { time: NANOS + 1_000_000_000n, bytes: FRAME.slice(0, 14) },
    ]
    const read = readPcap(writePcap(frames), 'a.pcap')
    expect(read.map(({ time }) => time)).toEqual(frames.map(({ time }) => (time / 1000n) * 1000n))
    expect(read.map(({ bytes }) => bytes)).toEqual(frames.map(({ bytes }) => bytes))
  })

  it('reads a file without packets', () => {
    expect(readPcap(writePcap([]), 'a.pcap')).toEqual([])
  })
})

describe('pcapng', () => {
  it.each([true, false])('reads enhanced packets and their resolution (little endian: %s)', (le) => {
    const micro = block(le, 1, words(le, [1], [0], 0))
    const nanoWithOffset = block(
      le,
      1,
      concat(
        words(le, [101], [0], 0, [9], [1]),
        Uint8Array.of(9, 0, 0, 0),
        words(le, [14], [8], { u64: 1_000n }, [0], [0]),
      ),
    )
    const binary = block(le, 1, concat(words(le, [1], [0], 0, [9], [1]), Uint8Array.of(0x8a, 0, 0, 0)))
    const statistics = block(le, 5, words(le, 0, 0, 0))
    const file = concat(
      section(le),
      micro,
      nanoWithOffset,
      statistics,
      binary,
      enhanced(le, 0, 1_700_000_000_123_456n),
      enhanced(le, 1, NANOS - 1_000_000_000_000n),
      enhanced(le, 2, 1_700_000_000n * 1024n + 512n),
    )
    expect(readPcap(file, 'a.pcapng').map(({ time, linkType }) => ({ time, linkType }))).toEqual([
      { time: 1_700_000_000_123_456_000n, linkType: 'ethernet' },
      { time: NANOS, linkType: 'raw' },
      { time: 1_700_000_000_500_000_000n, linkType: 'ethernet' },
    ])
  })

  it('reads simple and obsolete packets, and a second section of the other byte order', () => {
    const file = concat(
      section(true),
      block(true, 1, words(true, [1], [0], 20)),
      block(true, 3, concat(words(true, FRAME.length), FRAME.slice(0, 20))),
      section(false),
      block(false, 1, words(false, [1], [0], 0)),
      block(false, 2, concat(words(false, [0], [0], 0, 5_000_000, FRAME.length, FRAME.length), FRAME)),
    )
    expect(readPcap(file, 'a.pcapng')).toEqual([
      { time: 0n, linkType: 'ethernet', bytes: FRAME.slice(0, 20), originalLength: FRAME.length },
      { time: 5_000_000_000n, linkType: 'ethernet', bytes: FRAME, originalLength: FRAME.length },
    ])
  })
})

describe('a damaged capture', () => {
  const good = classic(true, 0xa1b2c3d4, 0)
  const ng = concat(section(true), block(true, 1, words(true, [1], [0], 0)), enhanced(true, 0, 0n))
  it.each<[string, Uint8Array, RegExp]>([
    ['no capture at all', new TextEncoder().encode('*filter\n'), /^a\.pcap: not a capture file/],
    ['an empty file', new Uint8Array(), /not a capture file/],
    ['a header cut short', good.slice(0, 10), /byte 6: the file ends inside the file header/],
    ['a packet cut short', good.slice(0, -1), /byte 40: the file ends inside packet 1/],
    ['a link type that is no network', classic(true, 0xa1b2c3d4, 0, 105), /byte 20: link type 105/],
    [
      'an absurd packet length',
      concat(good.slice(0, 32), words(true, 0x7fffffff, 0)),
      /claims to be 2147483647/,
    ],
    ['a block cut short', ng.slice(0, -2), /the file ends inside a block/],
    [
      'a packet of no interface',
      concat(section(true), enhanced(true, 0, 0n)),
      /interface 0, which is not described/,
    ],
    ['two lengths that differ', concat(ng.slice(0, -4), words(true, 8)), /two lengths differ/],
  ])('%s is a problem that names the place', (_, bytes, message) => {
    expect(() => readPcap(bytes, 'a.pcap')).toThrow(Problem)
    expect(() => readPcap(bytes, 'a.pcap')).toThrow(message)
  })

  it('is never more than a problem, wherever it is cut', () => {
    for (const file of [good, ng]) {
      for (let length = 0; length < file.length; length++) {
        try {
          readPcap(file.slice(0, length), 'a.pcap')
        } catch (error) {
          expect(error).toBeInstanceOf(Problem)
        }
      }
    }
  })
})
