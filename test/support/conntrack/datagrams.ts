/** Random exchanges of what is not TCP or SCTP: datagrams, pings, ICMP errors about them, protocols without ports. */
import type { Random } from '../../../src/sim/random.ts'
import { icmp, ipPacket, tcp, udp, type Ip, type Segment } from '../packet/build.ts'
import { checksum, concat, pseudoSum } from '../packet/bytes.ts'

export interface Datagram {
  readonly side: 'a' | 'b'
  readonly packet: Uint8Array
  readonly label: string
}

export type ExchangeKind = 'udp' | 'udplite' | 'ping' | 'error' | 'icmp' | 'other'
const KINDS: readonly ExchangeKind[] = [
  'udp',
  'udp',
  'udplite',
  'ping',
  'error',
  'error',
  'error',
  'icmp',
  'other',
]

const ICMP_TYPES = [0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 40, 255]
/** No neighbour discovery: the node would act on it. */
const ICMPV6_TYPES = [1, 2, 3, 4, 5, 127, 128, 129, 138, 139, 140, 141, 144, 200]

/** Packets between 10.0.1.2 (side a) and 10.0.2.2 (side b), or their IPv6 like; ports and ids are the flow's own. */
export function exchange(random: Random, flow: number, kinds: readonly ExchangeKind[] = KINDS): Datagram[] {
  const kind = kinds[random.below(kinds.length)]!
  const v6 = random.below(3) === 0
  const there: Ip = v6
    ? { source: 'fd00:1::2', destination: 'fd00:2::2' }
    : { source: '10.0.1.2', destination: '10.0.2.2' }
  const back: Ip = { source: there.destination, destination: there.source }
  const port = 3000 + flow
  const send = (mine: boolean, segment: Segment, label: string, ip = mine ? there : back): Datagram => ({
    side: mine ? 'a' : 'b',
    packet: ipPacket(ip, segment),
    label: `${mine ? 'client' : 'server'} ${label}`,
  })
  const count = 1 + random.below(5)
  const mine = () => random.below(3) > 0

  switch (kind) {
    case 'udp':
    case 'udplite':
      return Array.from({ length: count }, () => {
        const forth = mine()
        const make = kind === 'udp' ? anyUdp : anyUdpLite
        const { segment, label } = make(random, forth ? there : back, forth ? [port, 53] : [53, port])
        return send(forth, segment, `${kind} ${label}`)
      })
    case 'ping':
      return Array.from({ length: count }, () => {
        const forth = mine()
        const wrong = random.below(10) === 0
        const type = v6 ? (forth !== wrong ? 128 : 129) : forth !== wrong ? 8 : 0
        const header = { type, word: (port << 16) | 1, ...badSum(random) }
        return send(forth, icmp(forth ? there : back, header), `echo ${type}`)
      })
    case 'icmp': {
      const types = v6 ? ICMPV6_TYPES : ICMP_TYPES
      return Array.from({ length: count }, () => {
        const type = types[random.below(types.length)]!
        const forth = mine()
        const payload = new Uint8Array(random.below(3) * 20)
        const segment = icmp(forth ? there : back, {
          type,
          code: random.below(3),
          word: (port << 16) | 7,
          payload,
        })
        return send(forth, short(random, segment), `icmp ${type}`)
      })
    }
    case 'other': {
      const protocol = [0x2f, 0x32, 0x63, 0x21, v6 ? 1 : 58][random.below(5)]!
      // Each flow would be the same one: only the first of every kind tells them apart.
      return Array.from({ length: count }, () => {
        const forth = mine()
        const bytes = Uint8Array.of(0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8)
        return send(forth, { protocol, bytes }, `protocol ${protocol}`)
      })
    }
    case 'error':
      return errors(random, port, there, back, send)
  }
}

type Send = (mine: boolean, segment: Segment, label: string, ip?: Ip) => Datagram

/** A flow, then errors about its packets from either side, right and wrong. */
function errors(random: Random, port: number, there: Ip, back: Ip, send: Send): Datagram[] {
  const v6 = there.source.includes(':')
  const inner = (ip: Ip, forth: boolean): Segment => {
    const ports = forth
      ? { sourcePort: port, destinationPort: 53 }
      : { sourcePort: 53, destinationPort: port }
    return random.below(2) === 0 ? udp(ip, ports) : tcp(ip, { ...ports, flags: 'S', seq: 1000 })
  }
  const opening = inner(there, true)
  const packets = [send(true, opening, `opening, protocol ${opening.protocol}`)]
  for (let i = 0; i < 1 + random.below(3); i++) {
    const aboutForth = random.below(3) > 0
    const ip = aboutForth ? there : back
    const strange = random.below(6) === 0
    const quotedSegment =
      random.below(8) === 0
        ? inner(ip, aboutForth)
        : { protocol: opening.protocol, bytes: portsOf(opening, aboutForth) }
    const quoted = ipPacket(strange ? { ...ip, destination: ip.source } : ip, quotedSegment)
    const cut = [quoted.length, (v6 ? 40 : 20) + 8, (v6 ? 40 : 20) + 3, 10][
      random.below(8) < 5 ? 0 : random.below(4)
    ]!
    const type = v6 ? [1, 2, 3, 4][random.below(4)]! : [3, 11, 12, 4][random.below(4)]!
    // The error travels against the packet it quotes, from its destination's side, perhaps from a router there.
    const router = v6 ? (aboutForth ? 'fd00:2::3' : 'fd00:1::3') : aboutForth ? '10.0.2.3' : '10.0.1.3'
    const away = v6 ? (aboutForth ? 'fd00:1::3' : 'fd00:2::3') : aboutForth ? '10.0.1.3' : '10.0.2.3'
    const outer: Ip = {
      source: random.below(2) === 0 ? router : ip.destination,
      destination: random.below(8) === 0 ? away : ip.source,
    }
    const segment = icmp(outer, {
      type,
      code: random.below(2),
      payload: quoted.slice(0, cut),
      ...badSum(random),
    })
    packets.push(
      send(
        !aboutForth,
        segment,
        `error ${type} about ${aboutForth ? 'it' : 'the answer'}, ${cut} bytes`,
        outer,
      ),
    )
  }
  return packets
}

/** The transport bytes of a packet, or of its answer. */
function portsOf({ bytes }: Segment, forth: boolean): Uint8Array {
  const copy = bytes.slice()
  if (!forth) {
    copy.set(bytes.subarray(2, 4), 0)
    copy.set(bytes.subarray(0, 2), 2)
  }
  return copy
}

function badSum(random: Random): { checksum?: number } {
  return random.below(20) === 0 ? { checksum: 0x4321 } : {}
}

function anyUdp(random: Random, ip: Ip, [source, destination]: readonly [number, number] | number[]) {
  const payload = new Uint8Array(random.below(3) * 10)
  const strange = [
    {},
    {},
    {},
    {},
    { checksum: 0 },
    { checksum: 0x1111 },
    { length: 4 },
    { length: 200 },
    { length: 8 },
  ]
  const fields = strange[random.below(strange.length)]!
  const segment = udp(ip, { sourcePort: source!, destinationPort: destination!, payload, ...fields })
  return { segment: short(random, segment), label: JSON.stringify(fields) }
}

/** UDP-Lite: the length field is the checksum's coverage. Both pseudo headers that exist are tried. */
function anyUdpLite(random: Random, ip: Ip, [source, destination]: readonly [number, number] | number[]) {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  const covered = [0, 8, 20, 4, 40][random.below(5)]!
  const protocol = random.below(2) === 0 ? 17 : 136
  view.setUint16(0, source!)
  view.setUint16(2, destination!)
  view.setUint16(4, covered)
  const part = bytes.subarray(0, covered === 0 ? 20 : Math.min(covered, 20))
  const sum = checksum(part, pseudoSum(ip, protocol, bytes.length))
  view.setUint16(6, random.below(6) === 0 ? 0 : sum)
  return { segment: { protocol: 136, bytes: concat(bytes) }, label: `covered ${covered} sum of ${protocol}` }
}

/** Now and then only the first bytes. */
function short(random: Random, segment: Segment): Segment {
  if (random.below(25) !== 0) return segment
  return { ...segment, bytes: segment.bytes.slice(0, random.below(9)) }
}
