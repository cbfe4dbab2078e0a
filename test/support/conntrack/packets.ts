/** Short forms for IP packets of tests: `udpPacket('10.0.0.1:1000', '10.0.0.2:53')`. */
import { icmp, ipPacket, tcp, udp, type Icmp, type Ip, type Tcp } from '../packet/build.ts'

interface EndPoint {
  readonly address: string
  readonly port: number
}

/** `address:port`, with the address in brackets when it is IPv6. */
export function endPoint(text: string): EndPoint {
  const at = text.lastIndexOf(':')
  return { address: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) }
}

export function udpPacket(from: string, to: string, payload = Uint8Array.of(1)): Uint8Array {
  const [source, destination] = [endPoint(from), endPoint(to)]
  const ip: Ip = { source: source.address, destination: destination.address }
  return ipPacket(ip, udp(ip, { sourcePort: source.port, destinationPort: destination.port, payload }))
}

export function tcpPacket(from: string, to: string, flags: string, more: Partial<Tcp> = {}): Uint8Array {
  const [source, destination] = [endPoint(from), endPoint(to)]
  const ip: Ip = { source: source.address, destination: destination.address }
  const ports = { sourcePort: source.port, destinationPort: destination.port }
  return ipPacket(ip, tcp(ip, { ...ports, flags, ...more }))
}

export function icmpPacket(source: string, destination: string, header: Icmp): Uint8Array {
  const ip: Ip = { source, destination }
  return ipPacket(ip, icmp(ip, header))
}

export function echo(source: string, destination: string, id: number, reply = false): Uint8Array {
  const v6 = source.includes(':')
  const type = v6 ? (reply ? 129 : 128) : reply ? 0 : 8
  return icmpPacket(source, destination, { type, word: (id << 16) | 1 })
}

/** Addresses and ports of a packet, `10.0.0.1:1000 > 10.0.0.2:53`. */
export function route(packet: Uint8Array): string {
  const view = new DataView(packet.buffer, packet.byteOffset)
  const side = (at: number) => packet.slice(at, at + 4).join('.')
  return `${side(12)}:${view.getUint16(20)} > ${side(16)}:${view.getUint16(22)}`
}
