/**
 * Frames by builder: headers as plain objects with defaults, and every field that a test may want to get wrong can be
 * set by hand. Lengths and checksums are computed unless given.
 */
import { checksum, concat, macBytes, addressBytes, pseudoSum } from './bytes.ts'

export interface Ethernet {
  readonly source: string
  readonly destination: string
  readonly type?: number
}

export interface Ip {
  readonly source: string
  readonly destination: string
  /** Protocol or next header; set by the transport builder. */
  readonly protocol?: number
  readonly ttl?: number
  readonly tos?: number
  readonly id?: number
  readonly dontFragment?: boolean
  readonly moreFragments?: boolean
  /** In bytes. */
  readonly fragmentOffset?: number
  /** IPv4 options, a multiple of four bytes. */
  readonly options?: Uint8Array
  /** IPv6 extension headers before the transport header: `[next header number of this one, its bytes]`. */
  readonly extensions?: readonly (readonly [number, Uint8Array])[]
  readonly flowLabel?: number
  /** Wrong on purpose. */
  readonly version?: number
  readonly headerWords?: number
  readonly totalLength?: number
  readonly checksum?: number
}

export interface Segment {
  readonly protocol: number
  /** The transport header and payload; checksum already right for the given addresses. */
  readonly bytes: Uint8Array
}

export interface Tcp {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly seq?: number
  readonly ack?: number
  /** Letters of FSRPAUEW. */
  readonly flags?: string
  readonly window?: number
  readonly urgent?: number
  readonly options?: Uint8Array
  readonly payload?: Uint8Array
  readonly dataOffset?: number
  readonly reserved?: number
  readonly checksum?: number
}

const FLAG_LETTERS = 'FSRPAUEW'

export function tcp(ip: Ip, header: Tcp): Segment {
  const { options = new Uint8Array(), payload = new Uint8Array() } = header
  const bytes = new Uint8Array(20 + options.length + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, header.sourcePort)
  view.setUint16(2, header.destinationPort)
  view.setUint32(4, header.seq ?? 0)
  view.setUint32(8, header.ack ?? 0)
  view.setUint8(12, ((header.dataOffset ?? 5 + options.length / 4) << 4) | (header.reserved ?? 0))
  const flags = [...(header.flags ?? '')].reduce(
    (sum, letter) => sum | (1 << FLAG_LETTERS.indexOf(letter)),
    0,
  )
  view.setUint8(13, flags)
  view.setUint16(14, header.window ?? 64240)
  view.setUint16(18, header.urgent ?? 0)
  bytes.set(options, 20)
  bytes.set(payload, 20 + options.length)
  view.setUint16(16, header.checksum ?? checksum(bytes, pseudoSum(ip, 6, bytes.length)))
  return { protocol: 6, bytes }
}

export interface Udp {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload?: Uint8Array
  readonly length?: number
  readonly checksum?: number
}

export function udp(ip: Ip, header: Udp): Segment {
  const { payload = new Uint8Array() } = header
  const bytes = new Uint8Array(8 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, header.sourcePort)
  view.setUint16(2, header.destinationPort)
  view.setUint16(4, header.length ?? bytes.length)
  bytes.set(payload, 8)
  const computed = checksum(bytes, pseudoSum(ip, 17, bytes.length))
  view.setUint16(6, header.checksum ?? (computed === 0 ? 0xffff : computed))
  return { protocol: 17, bytes }
}

export interface Icmp {
  readonly type: number
  readonly code?: number
  /** The second word: echo id and sequence, MTU, pointer. */
  readonly word?: number
  readonly payload?: Uint8Array
  readonly checksum?: number
}

/** ICMP or ICMPv6 by the family of the addresses. */
export function icmp(ip: Ip, header: Icmp): Segment {
  const { payload = new Uint8Array() } = header
  const protocol = ip.source.includes(':') ? 58 : 1
  const bytes = new Uint8Array(8 + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, header.type)
  view.setUint8(1, header.code ?? 0)
  view.setUint32(4, header.word ?? 0)
  bytes.set(payload, 8)
  const start = protocol === 58 ? pseudoSum(ip, 58, bytes.length) : 0
  view.setUint16(2, header.checksum ?? checksum(bytes, start))
  return { protocol, bytes }
}

/** An IPv4 or IPv6 packet by the family of the addresses. */
export function ipPacket(ip: Ip, { protocol, bytes }: Segment): Uint8Array {
  return ip.source.includes(':') ? ipv6Packet(ip, protocol, bytes) : ipv4Packet(ip, protocol, bytes)
}

function ipv4Packet(ip: Ip, protocol: number, payload: Uint8Array): Uint8Array {
  const { options = new Uint8Array() } = ip
  const header = new Uint8Array(20 + options.length)
  const view = new DataView(header.buffer)
  view.setUint8(0, ((ip.version ?? 4) << 4) | (ip.headerWords ?? 5 + options.length / 4))
  view.setUint8(1, ip.tos ?? 0)
  view.setUint16(2, ip.totalLength ?? header.length + payload.length)
  view.setUint16(4, ip.id ?? 0)
  const flags = (ip.dontFragment ? 0x4000 : 0) | (ip.moreFragments ? 0x2000 : 0)
  view.setUint16(6, flags | ((ip.fragmentOffset ?? 0) >> 3))
  view.setUint8(8, ip.ttl ?? 64)
  view.setUint8(9, ip.protocol ?? protocol)
  header.set(addressBytes(ip.source), 12)
  header.set(addressBytes(ip.destination), 16)
  header.set(options, 20)
  view.setUint16(10, ip.checksum ?? checksum(header))
  return concat(header, payload)
}

function ipv6Packet(ip: Ip, protocol: number, payload: Uint8Array): Uint8Array {
  const extensions = [...(ip.extensions ?? [])]
  if (ip.moreFragments || ip.fragmentOffset !== undefined) {
    const header = new Uint8Array(8)
    const view = new DataView(header.buffer)
    view.setUint16(2, (ip.fragmentOffset ?? 0) | (ip.moreFragments ? 1 : 0))
    view.setUint32(4, ip.id ?? 0)
    extensions.push([44, header])
  }
  const numbers = [...extensions.map(([number]) => number), ip.protocol ?? protocol]
  const chain = extensions.map(([, bytes], index) => {
    const copy = bytes.slice()
    copy[0] = numbers[index + 1]!
    return copy
  })
  const rest = concat(...chain, payload)
  const header = new Uint8Array(40)
  const view = new DataView(header.buffer)
  view.setUint32(0, (((ip.version ?? 6) << 28) | ((ip.tos ?? 0) << 20) | (ip.flowLabel ?? 0)) >>> 0)
  view.setUint16(4, ip.totalLength ?? rest.length)
  view.setUint8(6, numbers[0]!)
  view.setUint8(7, ip.ttl ?? 64)
  header.set(addressBytes(ip.source), 8)
  header.set(addressBytes(ip.destination), 24)
  return concat(header, rest)
}

/** An Ethernet frame; the type follows the packet's version unless it is given. */
export function frame({ source, destination, type }: Ethernet, packet: Uint8Array): Uint8Array {
  const header = new Uint8Array(14)
  header.set(macBytes(destination), 0)
  header.set(macBytes(source), 6)
  new DataView(header.buffer).setUint16(12, type ?? (packet[0]! >> 4 === 6 ? 0x86dd : 0x0800))
  return concat(header, packet)
}

/** Cuts a packet's transport bytes into IP fragments at the given byte offsets (multiples of 8). */
export function fragments(ip: Ip, segment: Segment, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts, segment.bytes.length]
  return edges.slice(0, -1).map((from, index) => {
    const to = edges[index + 1]!
    const bytes = segment.bytes.slice(from, to)
    const piece = { ...ip, fragmentOffset: from, moreFragments: index < edges.length - 2 }
    return ipPacket(piece, { protocol: segment.protocol, bytes })
  })
}
