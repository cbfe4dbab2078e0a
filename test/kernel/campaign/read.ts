/** Reads back what a host needs of a captured frame in order to answer it. */
import { formatAddress } from '../../../src/kernel/address.ts'

export interface ReadPacket {
  readonly source: string
  readonly destination: string
  /** Ports, or an ICMP id on both sides. */
  readonly sourcePort: number
  readonly destinationPort: number
  readonly protocol: number
  /** An ICMP error. */
  readonly isError: boolean
  /** The packet without its Ethernet header. */
  readonly bytes: Uint8Array
}

/** `undefined`: not IP, or a later fragment. */
export function readPacket(frame: Uint8Array): ReadPacket | undefined {
  // A copy: a captured frame may be a Buffer, whose slice() shares its bytes.
  const bytes = Uint8Array.from(frame.subarray(14))
  const view = new DataView(bytes.buffer)
  const four = bytes[0]! >> 4 === 4
  if (bytes.length < (four ? 28 : 48)) return undefined
  let at = four ? (bytes[0]! & 15) * 4 : 40
  let protocol = bytes[four ? 9 : 6]!
  if (four && (view.getUint16(6) & 0x1fff) !== 0) return undefined
  const extensions = four ? [] : [0, 43, 44, 60]
  while (extensions.includes(protocol)) {
    if (at + 8 > bytes.length) return undefined
    if (protocol === 44 && (view.getUint16(at + 2) & 0xfff8) !== 0) return undefined
    const size = protocol === 44 ? 8 : (bytes[at + 1]! + 1) * 8
    protocol = bytes[at]!
    at += size
  }
  if (at + 8 > bytes.length) return undefined
  const [source, destination] = four
    ? [bytes.slice(12, 16), bytes.slice(16, 20)]
    : [bytes.slice(8, 24), bytes.slice(24, 40)]
  const icmp = protocol === 1 || protocol === 58
  const type = bytes[at]!
  return {
    source: formatAddress(source),
    destination: formatAddress(destination),
    sourcePort: view.getUint16(icmp ? at + 4 : at),
    destinationPort: view.getUint16(icmp ? at + 4 : at + 2),
    protocol,
    isError: protocol === 1 ? [3, 4, 5, 11, 12].includes(type) : protocol === 58 && type < 128,
    bytes,
  }
}
