/** Ethernet frames for the benchmarks, with right checksums. */

export interface FrameOptions {
  readonly source?: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort: number
  /** Destination MAC address. */
  readonly mac?: Uint8Array
}

const ETHERNET = 14
const IPV4 = 20
const SMALLEST_FRAME = 60

/** A 60-byte frame: Ethernet, IPv4, UDP. */
export function udpFrame(options: FrameOptions): Uint8Array {
  const header = new Uint8Array(SMALLEST_FRAME - ETHERNET - IPV4)
  ports(header, options)
  new DataView(header.buffer).setUint16(4, header.length)
  return ipv4Frame(17, header, options)
}

export interface TcpFrameOptions extends FrameOptions {
  readonly flags: 'S' | 'SA' | 'A'
  readonly seq: number
  readonly ack?: number
}

/** A 60-byte frame: Ethernet, IPv4, TCP without options or data. */
export function tcpFrame(options: TcpFrameOptions): Uint8Array {
  const header = new Uint8Array(20)
  const view = new DataView(header.buffer)
  ports(header, options)
  view.setUint32(4, options.seq)
  view.setUint32(8, options.ack ?? 0)
  view.setUint8(12, 5 << 4)
  view.setUint8(13, { S: 2, SA: 18, A: 16 }[options.flags])
  view.setUint16(14, 65_535)
  const pseudo = new Uint8Array(12 + header.length)
  pseudo.set(octets(options.source ?? SOURCE))
  pseudo.set(octets(options.destination), 4)
  pseudo.set([0, 6, 0, header.length], 8)
  pseudo.set(header, 12)
  view.setUint16(16, checksum(pseudo))
  return ipv4Frame(6, header, options)
}

const SOURCE = '10.0.0.2'

function ports(header: Uint8Array, { sourcePort = 40_000, destinationPort }: FrameOptions): void {
  const view = new DataView(header.buffer)
  view.setUint16(0, sourcePort)
  view.setUint16(2, destinationPort)
}

function ipv4Frame(
  protocol: number,
  payload: Uint8Array,
  { source = SOURCE, destination, mac }: FrameOptions,
): Uint8Array {
  const frame = new Uint8Array(Math.max(SMALLEST_FRAME, ETHERNET + IPV4 + payload.length))
  const view = new DataView(frame.buffer)
  if (mac) frame.set(mac)
  frame.set([2, 0, 0, 0, 0, 1, 8, 0], 6)
  view.setUint8(14, 0x45)
  view.setUint16(16, IPV4 + payload.length)
  view.setUint8(22, 64)
  view.setUint8(23, protocol)
  frame.set(octets(source), 26)
  frame.set(octets(destination), 30)
  view.setUint16(24, checksum(frame.subarray(14, 34)))
  frame.set(payload, ETHERNET + IPV4)
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
