import * as fc from 'fast-check'
import type { Family } from '../../src/kernel/ruleset.ts'
import type { Tracking, WalkPacket } from '../support/netfilter/bench.ts'
import { ipPacket, icmp, tcp, udp, type Ip, type Segment } from '../support/packet/build.ts'
import { arbitraryAddress, arbitraryPort, optional } from './values.ts'

/** Packets as a rule may meet them: whole, cut off, fragments, with options and extension headers. */
export function arbitraryWalkPacket(family: Family): fc.Arbitrary<WalkPacket> {
  const link = optional(1, fc.constantFrom('eth0', 'eth1', 'eth2', 'lo', 'cni0'))
  return fc
    .record({
      bytes: arbitraryBytes(family),
      indev: link,
      outdev: link,
      mark: fc.constantFrom(0, 1, 0x4000, 0xffffffff),
      pkttype: fc.constantFrom(0, 0, 0, 1, 2),
      local: optional(3, fc.constantFrom('process' as const, 'kernel' as const)),
      tracking: arbitraryTracking(family),
    })
    .map(
      (record) =>
        Object.fromEntries(
          Object.entries(record).filter(([, value]) => value !== undefined),
        ) as unknown as WalkPacket,
    )
}

function arbitraryBytes(family: Family): fc.Arbitrary<Uint8Array> {
  return arbitraryIp(family).chain((ip) =>
    fc
      .tuple(arbitrarySegment(ip), optional(6, fc.nat({ max: 24 })))
      .map(([segment, cut]) => packet(ip, segment, cut)),
  )
}

/** The packet; `cut` leaves only that many bytes of its transport part. */
function packet(ip: Ip, segment: Segment, cut: number | undefined): Uint8Array {
  return ipPacket(ip, cut === undefined ? segment : { ...segment, bytes: segment.bytes.slice(0, cut) })
}

function arbitraryIp(family: Family): fc.Arbitrary<Ip> {
  const extension = fc
    .tuple(fc.constantFrom(0, 43, 60, 51), fc.nat({ max: 2 }))
    .map(([number, words]): [number, Uint8Array] => {
      const length = number === 51 ? (words + 2) * 4 : (words + 1) * 8
      const bytes = new Uint8Array(length)
      bytes[1] = words
      return [number, bytes]
    })
  return fc
    .record({
      source: arbitraryAddress(family),
      destination: arbitraryAddress(family),
      ttl: fc.constantFrom(1, 2, 63, 64, 255),
      tos: fc.constantFrom(0, 0x10, 0xb8, 3),
      fragmentOffset: optional(8, fc.constantFrom(0, 8, 16, 1480)),
      moreFragments: optional(10, fc.constant(true)),
      options: optional(8, fc.constant(Uint8Array.from([1, 1, 1, 0]))),
      extensions: optional(4, fc.array(extension, { minLength: 1, maxLength: 2 })),
    })
    .map(({ options, extensions, ...ip }) => ({
      ...(Object.fromEntries(Object.entries(ip).filter(([, value]) => value !== undefined)) as unknown as Ip),
      ...(family === 'ipv4' && options && { options }),
      ...(family === 'ipv6' && extensions && { extensions }),
    }))
}

function arbitrarySegment(ip: Ip): fc.Arbitrary<Segment> {
  const v6 = ip.source.includes(':')
  const payload = fc.constantFrom(0, 0, 1, 20).map((length) => new Uint8Array(length))
  const ports = fc.tuple(arbitraryPort, arbitraryPort)
  const options = fc.constantFrom(
    [],
    [2, 4, 5, 180],
    [1, 1, 8, 2],
    [3, 3, 7, 0],
    [2, 0, 19, 1],
    [8, 10, 0, 0],
  )
  const flags = fc.constantFrom('S', 'SA', 'A', 'R', 'FA', 'PA', '', 'FSRPAU')
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(ports, flags, options, payload, optional(20, fc.constantFrom(0, 4, 15)))
        .map(([[sourcePort, destinationPort], letters, list, bytes, dataOffset]) =>
          tcp(ip, {
            sourcePort,
            destinationPort,
            flags: letters,
            options: Uint8Array.from(list),
            payload: bytes,
            ...(dataOffset !== undefined && { dataOffset }),
          }),
        ),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(ports, payload)
        .map(([[sourcePort, destinationPort], bytes]) =>
          udp(ip, { sourcePort, destinationPort, payload: bytes }),
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...(v6 ? [1, 2, 3, 128, 129] : [0, 3, 5, 8, 11])), fc.constantFrom(0, 1, 3, 4))
        .map(([type, code]) => icmp(ip, { type, code })),
    },
    { weight: 2, arbitrary: arbitrarySctp(ports) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(50, 59, 33).map((protocol) => ({ protocol, bytes: new Uint8Array(12) })),
    },
  )
}

function arbitrarySctp(ports: fc.Arbitrary<[number, number]>): fc.Arbitrary<Segment> {
  const chunk = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 10, 11), fc.nat({ max: 3 }), fc.constantFrom(4, 4, 7, 8, 0))
    .map(([type, flags, length]) => {
      const bytes = new Uint8Array(Math.max(4, (length + 3) & ~3))
      bytes.set([type, flags, 0, length])
      return bytes
    })
  return fc.tuple(ports, fc.array(chunk, { maxLength: 3 })).map(([[source, destination], list]) => {
    const bytes = new Uint8Array(12 + list.reduce((sum, { length }) => sum + length, 0))
    const view = new DataView(bytes.buffer)
    view.setUint16(0, source)
    view.setUint16(2, destination)
    let at = 12
    for (const piece of list) {
      bytes.set(piece, at)
      at += piece.length
    }
    return { protocol: 132, bytes }
  })
}

function arbitraryTracking(family: Family): fc.Arbitrary<Tracking | undefined> {
  const tuple = fc.record({
    source: arbitraryAddress(family),
    destination: arbitraryAddress(family),
    sourcePort: arbitraryPort,
    destinationPort: arbitraryPort,
    protocol: fc.constantFrom(6, 17),
  })
  const entry = fc.record({
    // IPS_CONFIRMED throughout: only then has an entry a moment at which it expires.
    status: fc.constantFrom(8, 8 | 2, 8 | 2 | 4, 8 | 0x10, 8 | 0x20 | 1),
    mark: fc.constantFrom(0, 1, 0x4000, 0xffffffff),
    original: tuple,
    reply: tuple,
    expires: fc.constantFrom(0, 30, 600),
  })
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant({ ctinfo: 7 }) },
    {
      weight: 4,
      arbitrary: fc.tuple(fc.nat({ max: 4 }), entry).map(([ctinfo, value]) => ({ ctinfo, entry: value })),
    },
  )
}

export function isCorrectWalkPacket({ bytes }: WalkPacket): boolean {
  return bytes.length >= (bytes[0]! >> 4 === 6 ? 40 : 20)
}
