import * as fc from 'fast-check'
import type { Family } from '../../src/kernel/ruleset.ts'
import type { SeenPacket } from '../reference/ipset.ts'
import { icmp, ipPacket, tcp, udp, type Ip, type Segment } from '../support/packet/build.ts'
import { ADDRESSES, PORTS } from './ipset.ts'

export interface SetPacket {
  readonly bytes: Uint8Array
  /** What a set can see of it. */
  readonly seen: SeenPacket
}

type Shape = 'whole' | 'later-fragment' | 'first-fragment' | 'cut'

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132, udplite: 136, gre: 47, icmp: 1, icmpv6: 58 } as const
/** The least of a transport header that the kernel wants to see. */
const HEADER: Readonly<Record<number, number>> = { 6: 20, 17: 8, 132: 12, 136: 8, 1: 8, 58: 8 }

function segment(ip: Ip, protocol: keyof typeof PROTOCOLS, from: number, to: number): Segment {
  const number = PROTOCOLS[protocol]
  switch (protocol) {
    case 'tcp':
      return tcp(ip, { sourcePort: from, destinationPort: to, payload: new Uint8Array(3) })
    case 'icmp':
    case 'icmpv6':
      return icmp(ip, { type: from & 255, code: to & 255 })
    default:
      return {
        ...udp(ip, { sourcePort: from, destinationPort: to, payload: new Uint8Array(9) }),
        protocol: number,
      }
  }
}

/** A packet of either family, of any protocol that sets know, whole or not. */
export const arbitrarySetPacket: fc.Arbitrary<SetPacket> = fc
  .record({
    family: fc.constantFrom<Family>('ipv4', 'ipv6'),
    source: fc.nat(6),
    destination: fc.nat(6),
    protocol: fc.constantFrom<keyof typeof PROTOCOLS>(
      'tcp',
      'tcp',
      'udp',
      'sctp',
      'udplite',
      'gre',
      'icmp',
      'icmpv6',
    ),
    from: fc.constantFrom(...PORTS, 8, 128, 3),
    to: fc.constantFrom(...PORTS, 1),
    shape: fc.constantFrom<Shape>('whole', 'whole', 'whole', 'later-fragment', 'first-fragment', 'cut'),
    extensions: fc.boolean(),
  })
  .map(({ family, source, destination, protocol, from, to, shape, extensions }): SetPacket => {
    const ends = { source: ADDRESSES[family][source]!, destination: ADDRESSES[family][destination]! }
    const ip: Ip = {
      ...ends,
      ...(shape === 'later-fragment' && { fragmentOffset: 64 }),
      ...(shape === 'first-fragment' && { moreFragments: true }),
      ...(extensions && family === 'ipv6' && { extensions: [[0, new Uint8Array(8)]] }),
      ...(extensions && family === 'ipv4' && { options: new Uint8Array(4) }),
    }
    const transport = segment(ip, protocol, from, to)
    const least = HEADER[transport.protocol]
    const cut = shape === 'cut' && least !== undefined
    const bytes = ipPacket(ip, cut ? { ...transport, bytes: transport.bytes.slice(0, least - 1) } : transport)
    return {
      bytes,
      seen: { family, ...ends, bytes: bytes.length, ports: ports(family, transport, shape, cut, from, to) },
    }
  })

function ports(
  family: Family,
  { protocol }: Segment,
  shape: Shape,
  cut: boolean,
  from: number,
  to: number,
): SeenPacket['ports'] {
  const knows =
    HEADER[protocol] !== undefined && !(family === 'ipv4' && protocol === 58 && shape === 'later-fragment')
  if (shape === 'later-fragment')
    return family === 'ipv6' || knows ? undefined : { protocol, source: 0, destination: 0 }
  if (cut) return undefined
  if (protocol === 1 || protocol === 58) {
    const port = ((from & 255) << 8) | (to & 255)
    return { protocol, source: port, destination: port }
  }
  return HEADER[protocol] === undefined
    ? { protocol, source: 0, destination: 0 }
    : { protocol, source: from, destination: to }
}
