/** Where a step goes wrong below the transport header. */
import type { Step } from '../../arbitraries/step.ts'
import { frame, type Ip } from '../../support/packet/build.ts'
import { concat } from '../../support/packet/bytes.ts'
import type { Port } from '../harness/case.ts'
import { MAC } from '../harness/topology.ts'

/** Pseudo headers are computed over the right addresses, whatever happens to the IP header. */
export function damageSegmentIp(ip: Ip): Ip {
  return { source: ip.source, destination: ip.destination }
}

export function damageIp(ip: Ip, { damage, payload }: Step): Ip {
  const six = ip.source.includes(':')
  switch (damage) {
    case 'ip checksum':
      return { ...ip, checksum: 0xbad0 }
    case 'total length long':
      return { ...ip, totalLength: 900 + payload }
    case 'total length short':
      return { ...ip, totalLength: six ? 4 : 24 }
    case 'header length 4':
      return { ...ip, headerWords: 4 }
    case 'version':
      return { ...ip, version: 5 }
    case 'jumbo':
      return { ...ip, totalLength: six ? 0 : 19 }
    case 'unknown protocol':
      return { ...ip, protocol: 99 }
    case 'ip option record route':
      return { ...ip, options: Uint8Array.of(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0) }
    case 'ip option source route':
      return { ...ip, options: Uint8Array.of(131, 7, 4, 10, 0, 2, 3, 0) }
    case 'ip option broken':
      return { ...ip, options: Uint8Array.of(7, 2, 1, 0) }
    case 'extension header':
      return { ...ip, extensions: [[60, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)]] }
    default:
      return ip
  }
}

export function damagePacket(packet: Uint8Array, { damage }: Step): Uint8Array {
  switch (damage) {
    case 'cut transport':
      return packet.slice(0, (packet[0]! >> 4 === 6 ? 40 : 20) + 5)
    case 'cut ip':
      return packet.slice(0, 15)
    case 'trailing bytes':
      return concat(packet, Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0, 1))
    default:
      return packet
  }
}

export function framed({ damage }: Step, { netns }: Port, packet: Uint8Array): Uint8Array {
  const source = netns === 'a' ? MAC.a : MAC.b
  const node = netns === 'a' ? MAC.nodeA : MAC.nodeB
  const destination =
    damage === 'wrong mac'
      ? '02:00:00:00:00:99'
      : damage === 'broadcast mac'
        ? 'ff:ff:ff:ff:ff:ff'
        : damage === 'multicast mac'
          ? '01:00:5e:00:00:05'
          : node
  return frame(
    { source, destination, type: packet[0]! >> 4 === 6 || isSix(packet) ? 0x86dd : 0x0800 },
    packet,
  )
}

/** A damaged version field must not change the Ethernet type: IPv6 packets here hold fd00::/16 addresses. */
function isSix(packet: Uint8Array): boolean {
  return (
    packet.length >= 40 &&
    (packet[8] === 0xfd || packet[24] === 0xfd) &&
    packet[0]! >> 4 === 5 &&
    packet[6]! < 60
  )
}
