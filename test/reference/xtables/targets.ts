/** Targets of the twin. Checksums are computed afresh where the engine updates them. */
import { NF_ACCEPT, NF_DROP, NF_UNKNOWN } from '../../../src/abi/verdict.ts'
import type { Target } from '../../../src/kernel/ruleset.ts'
import type { TwinPacket } from './packet.ts'

/** A verdict, or undefined to go on with the next rule. */
export function applyTarget(target: Target, packet: TwinPacket): number | undefined {
  switch (target.kind) {
    case 'ACCEPT':
      return NF_ACCEPT
    case 'DROP':
      return NF_DROP
    case 'MARK':
      packet.mark = ((packet.mark & ~target.mask) ^ target.value) >>> 0
      return undefined
    case 'CONNMARK': {
      if (packet.ctmark === undefined) return undefined
      const { bits = 0, direction = 'left' } = target.shift ?? {}
      const shifted = (mark: number): number => (direction === 'left' ? mark << bits : mark >>> bits) >>> 0
      if (target.mode === 'set')
        packet.ctmark = shifted(((packet.ctmark & ~target.ctmask) ^ target.value) >>> 0)
      else if (target.mode === 'save')
        packet.ctmark =
          ((packet.ctmark & ~target.ctmask) ^ shifted((packet.mark & target.nfmask) >>> 0)) >>> 0
      else
        packet.mark = ((packet.mark & ~target.nfmask) ^ shifted((packet.ctmark & target.ctmask) >>> 0)) >>> 0
      return undefined
    }
    case 'NOTRACK':
      if (!packet.tracking.entry) packet.ctinfo = 7
      return undefined
    case 'TRACE':
      packet.traced = true
      return undefined
    case 'TTL':
    case 'HL': {
      const { op, value } = target
      const now = {
        set: value,
        inc: Math.min(255, packet.ttl + value),
        dec: Math.max(0, packet.ttl - value),
      }[op]
      changeHeader(packet, () => {
        packet.bytes[packet.family === 'ipv4' ? 8 : 7] = now
      })
      return undefined
    }
    case 'TOS':
      setTos(packet, ((packet.tos & ~target.mask) ^ target.value) & 255)
      return undefined
    case 'DSCP':
      setTos(packet, (packet.tos & 3) | (target.value << 2))
      return undefined
    case 'TCPMSS':
      return tcpmss(packet, target.mss as number)
    case 'LOG':
    case 'NFLOG':
      return undefined
    default:
      return NF_UNKNOWN
  }
}

function setTos(packet: TwinPacket, tos: number): void {
  changeHeader(packet, () => {
    if (packet.family === 'ipv4') packet.bytes[1] = tos
    else {
      packet.bytes[0] = 0x60 | (tos >> 4)
      packet.bytes[1] = (packet.bytes[1]! & 15) | ((tos & 15) << 4)
    }
  })
}

function sum(bytes: Uint8Array, start = 0): number {
  let total = start
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16)
  return total
}

/** Changes the IP header so that its checksum is as right or as wrong as it was. */
function changeHeader(packet: TwinPacket, change: () => void): void {
  const header = packet.bytes.subarray(0, (packet.bytes[0]! & 15) * 4)
  const before = packet.bytes.slice(0, 20)
  change()
  if (packet.family === 'ipv6' || before.every((byte, i) => byte === packet.bytes[i])) return
  packet.set16(10, 0)
  packet.set16(10, ~sum(header) & 0xffff)
}

function tcpmss(packet: TwinPacket, wanted: number): number | undefined {
  const { offset, fragment } = packet.transport
  if (fragment !== 0) return undefined
  const length = packet.bytes.length - offset
  if (length < 20) return NF_DROP
  const header = (packet.bytes[offset + 12]! >> 4) * 4
  if (length < header || header < 20) return NF_DROP
  for (let i = 20; i <= header - 4;) {
    const kind = packet.bytes[offset + i]!
    const size = packet.bytes[offset + i + 1]!
    if (kind === 2 && size === 4) {
      if (packet.u16(offset + i + 2) > wanted) {
        packet.set16(offset + i + 2, wanted)
        tcpChecksum(packet, offset)
      }
      return undefined
    }
    i += kind <= 1 || size === 0 ? 1 : size
  }
  if (length > header || header >= 60) return undefined
  const mss = Math.min(wanted, packet.family === 'ipv4' ? 536 : 1220)
  const option = [2, 4, mss >> 8, mss & 255]
  const at = offset + 20
  packet.bytes = Uint8Array.from([...packet.bytes.subarray(0, at), ...option, ...packet.bytes.subarray(at)])
  packet.bytes[offset + 12]! += 0x10
  if (packet.family === 'ipv4') changeHeader(packet, () => packet.set16(2, packet.u16(2) + 4))
  else packet.set16(4, packet.u16(4) + 4)
  tcpChecksum(packet, offset)
  return undefined
}

function tcpChecksum(packet: TwinPacket, offset: number): void {
  const segment = packet.bytes.subarray(offset)
  packet.set16(offset + 16, 0)
  const pseudo = sum(packet.source, sum(packet.destination, 6 + segment.length))
  packet.set16(offset + 16, ~sum(segment, pseudo) & 0xffff)
}
