/** Ethernet frames for the benchmarks, with right checksums. */

export interface UdpFrame {
  readonly source?: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort: number
  /** Destination MAC address. */
  readonly mac?: Uint8Array
}

const PAYLOAD = 18

/** A 60-byte frame: Ethernet, IPv4, UDP. */
export function udpFrame({
  source = '10.0.0.2',
  destination,
  sourcePort = 40_000,
  destinationPort,
  mac,
}: UdpFrame): Uint8Array {
  const frame = new Uint8Array(14 + 20 + 8 + PAYLOAD)
  const view = new DataView(frame.buffer)
  if (mac) frame.set(mac)
  frame.set([2, 0, 0, 0, 0, 1, 8, 0], 6)
  view.setUint8(14, 0x45)
  view.setUint16(16, frame.length - 14)
  view.setUint8(22, 64)
  view.setUint8(23, 17)
  frame.set(octets(source), 26)
  frame.set(octets(destination), 30)
  view.setUint16(24, checksum(frame.subarray(14, 34)))
  view.setUint16(34, sourcePort)
  view.setUint16(36, destinationPort)
  view.setUint16(38, 8 + PAYLOAD)
  return frame
}

function octets(address: string): number[] {
  return address.split('.').map(Number)
}

function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
