/** Exchanges through a translator: what comes out is answered as its receiver would, with errors about it in between. */
import type { Random } from '../../../src/sim/random.ts'
import { icmp, ipPacket, tcp, udp, type Ip, type Segment } from '../packet/build.ts'
import { CHUNK, initValue, sctp } from '../packet/sctp.ts'
import { formatAddress } from '../../../src/kernel/address.ts'

/** Sends a packet from a side and gives it as it left, `null` when it was dropped. */
export type Pass = (side: 'a' | 'b', packet: Uint8Array, label: string) => Uint8Array | null

export interface Target {
  readonly client: string
  readonly destination: string
  readonly port: number
  readonly sourcePort: number
  /** No pings: the rules name ports. */
  readonly portsOnly?: boolean
}

export function translatedExchange(random: Random, target: Target, pass: Pass): void {
  const { client, destination, port, sourcePort, portsOnly } = target
  const protocols = ['tcp', 'udp', 'sctp', 'udp0', 'icmp'] as const
  const protocol = protocols[random.below(portsOnly ? 4 : 5)]!
  const ip: Ip = { source: client, destination }
  const v6 = client.includes(':')
  const there = opening(protocol, ip, sourcePort, port)
  const out = pass('a', ipPacket(ip, there), `${protocol} ${client}:${sourcePort} > ${destination}:${port}`)
  if (out === null) return
  const view = ends(out)
  const rounds = 1 + random.below(4)
  for (let i = 0; i < rounds; i++) {
    switch (random.below(5)) {
      case 0: {
        // An error about the packet as its receiver saw it, from the receiver or a router before it.
        const outer: Ip = {
          source: random.below(2) === 0 ? view.destination : neighbour(v6),
          destination: view.source,
        }
        pass('b', ipPacket(outer, quote(random, v6, outer, out)), 'error about it')
        break
      }
      case 1: {
        const reply = pass('b', answer(protocol, out), 'answer')
        if (reply === null) break
        const back = ends(reply)
        const outer: Ip = { source: back.destination, destination: back.source }
        pass('a', ipPacket(outer, quote(random, v6, outer, reply)), 'error about the answer')
        break
      }
      case 2:
        pass('a', ipPacket(ip, there), 'again')
        break
      default:
        pass('b', answer(protocol, out), 'answer')
    }
  }
}

function opening(protocol: string, ip: Ip, sourcePort: number, destinationPort: number): Segment {
  const ports = { sourcePort, destinationPort }
  switch (protocol) {
    case 'tcp':
      return tcp(ip, { ...ports, flags: 'S', seq: 1000, payload: new Uint8Array(3) })
    case 'sctp':
      return sctp({ ...ports, tag: 0, chunks: [{ type: CHUNK.init, value: initValue(77) }] })
    case 'icmp':
      return icmp(ip, {
        type: ip.source.includes(':') ? 128 : 8,
        word: (sourcePort << 16) | 5,
        payload: Uint8Array.of(1, 2, 3),
      })
    case 'udp0':
      return udp(ip, {
        ...ports,
        payload: Uint8Array.of(9),
        checksum: ip.source.includes(':') ? undefined! : 0,
      })
    default:
      return udp(ip, { ...ports, payload: Uint8Array.of(1, 2, 3, 4, 5) })
  }
}

/** What the receiver of `out` sends back. */
function answer(protocol: string, out: Uint8Array): Uint8Array {
  const { source, destination, sport, dport, l4 } = ends(out)
  const ip: Ip = { source: destination, destination: source }
  const ports = { sourcePort: dport, destinationPort: sport }
  switch (protocol) {
    case 'tcp':
      return ipPacket(ip, tcp(ip, { ...ports, flags: 'SA', seq: 5000, ack: 1004 }))
    case 'sctp':
      return ipPacket(
        ip,
        sctp({ ...ports, tag: 77, chunks: [{ type: CHUNK.initAck, value: initValue(88) }] }),
      )
    case 'icmp': {
      const id = new DataView(out.buffer, out.byteOffset).getUint16(l4 + 4)
      return ipPacket(
        ip,
        icmp(ip, {
          type: source.includes(':') ? 129 : 0,
          word: (id << 16) | 5,
          payload: Uint8Array.of(1, 2, 3),
        }),
      )
    }
    default:
      return ipPacket(ip, udp(ip, { ...ports, payload: Uint8Array.of(6) }))
  }
}

/** An error that quotes a packet, all of it or its first bytes. */
function quote(random: Random, v6: boolean, outer: Ip, packet: Uint8Array): Segment {
  const least = (v6 ? 40 : 20) + 8
  const size = [packet.length, least, Math.min(packet.length, least + 12)][random.below(3)]!
  const type = v6 ? [1, 3][random.below(2)]! : [3, 11][random.below(2)]!
  return icmp(outer, { type, code: 1, payload: packet.slice(0, size) })
}

function neighbour(v6: boolean): string {
  return v6 ? 'fd00:2::3' : '10.0.2.3'
}

interface Ends {
  readonly source: string
  readonly destination: string
  readonly sport: number
  readonly dport: number
  readonly l4: number
}

function ends(packet: Uint8Array): Ends {
  const v6 = packet[0]! >> 4 === 6
  const l4 = v6 ? 40 : 20
  const view = new DataView(packet.buffer, packet.byteOffset)
  return {
    source: formatAddress(v6 ? packet.slice(8, 24) : packet.slice(12, 16)),
    destination: formatAddress(v6 ? packet.slice(24, 40) : packet.slice(16, 20)),
    sport: view.getUint16(l4),
    dport: view.getUint16(l4 + 2),
    l4,
  }
}
