/** The transport part of a step. */
import type { Flow } from '../../arbitraries/flow.ts'
import type { Step, TcpOptions } from '../../arbitraries/step.ts'
import { icmp, tcp, udp, type Ip, type Segment } from '../../support/packet/build.ts'
import { CHUNK, initValue, sctp, type Chunk } from '../../support/packet/sctp.ts'

export interface Numbers {
  readonly seq: number
  readonly ack: number
}

export function segmentOf(
  flow: Flow,
  step: Step,
  ip: Ip,
  sourcePort: number,
  destinationPort: number,
  numbers: Numbers,
): Segment {
  const ports = {
    sourcePort: step.damage === 'zero port' ? 0 : sourcePort,
    destinationPort,
  }
  const payload = new Uint8Array(step.payload).fill(0x61)
  const wrong =
    step.damage === 'transport checksum' || step.damage === 'sctp checksum' ? { checksum: 0x1234 } : {}
  switch (flow.protocol) {
    case 'tcp':
      return tcp(ip, {
        ...ports,
        seq: numbers.seq,
        ack: step.what.includes('A') ? numbers.ack : 0,
        flags: step.what,
        window: step.window,
        options: tcpOptions(step.options, numbers),
        payload,
        ...(step.damage === 'data offset small' && { dataOffset: 4 }),
        ...(step.damage === 'data offset large' && { dataOffset: 15 }),
        ...(step.damage === 'reserved bits' && { reserved: 0xe }),
        ...wrong,
      })
    case 'udp':
      return udp(ip, {
        ...ports,
        payload,
        ...(step.damage === 'udp length long' && { length: 8 + payload.length + 9 }),
        ...(step.damage === 'udp length short' && { length: 7 }),
        ...wrong,
        ...(step.damage === 'udp no checksum' && { checksum: 0 }),
      })
    case 'icmp':
      return icmp(ip, { ...icmpMessage(step, ip), word: ((sourcePort << 16) | 1) >>> 0, payload, ...wrong })
    case 'sctp':
      return sctp({
        ...ports,
        tag: step.what === 'init' ? 0 : step.from === 'client' ? 2222 : 1111,
        chunks: step.damage === 'no chunks' ? [] : chunksOf(step, payload),
        ...wrong,
      })
  }
}

function icmpMessage({ what }: Step, { source }: Ip): { type: number; code?: number } {
  const six = source.includes(':')
  switch (what) {
    case 'request':
      return { type: six ? 128 : 8 }
    case 'reply':
      return { type: six ? 129 : 0 }
    case 'timestamp':
      return { type: six ? 139 : 13 }
    case 'information':
      return { type: six ? 140 : 15 }
    case 'address mask':
      return { type: six ? 200 : 17 }
    default:
      return { type: six ? 150 : 42, code: 3 }
  }
}

function tcpOptions(options: TcpOptions, { seq, ack }: Numbers): Uint8Array {
  switch (options) {
    case 'none':
      return new Uint8Array()
    case 'mss':
      return Uint8Array.of(2, 4, 0x05, 0xb4)
    case 'syn':
      return Uint8Array.of(2, 4, 0x05, 0xb4, 4, 2, 1, 1, 1, 3, 3, 7)
    case 'timestamp':
      return Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2)
    case 'sack': {
      const bytes = Uint8Array.of(1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0)
      const view = new DataView(bytes.buffer)
      view.setUint32(4, (ack + 10) >>> 0)
      view.setUint32(8, (ack + 20 + (seq & 1)) >>> 0)
      return bytes
    }
    case 'broken':
      return Uint8Array.of(3, 1, 2, 0)
    case 'md5':
      return Uint8Array.of(19, 18, ...Array.from({ length: 16 }, (_, index) => index), 1, 0)
  }
}

function chunksOf({ what }: Step, payload: Uint8Array): Chunk[] {
  const data: Chunk = {
    type: CHUNK.data,
    flags: 3,
    value: Uint8Array.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, ...payload]),
  }
  switch (what) {
    case 'init':
      return [{ type: CHUNK.init, value: initValue(1111) }]
    case 'initAck':
      return [{ type: CHUNK.initAck, value: initValue(2222) }]
    case 'cookieEcho':
      return [{ type: CHUNK.cookieEcho, value: payload }, ...(payload.length > 8 ? [data] : [])]
    case 'data':
      return [data]
    case 'sack':
      return [{ type: CHUNK.sack, value: new Uint8Array(12) }]
    case 'shutdown':
      return [{ type: CHUNK.shutdown, value: new Uint8Array(4) }]
    case 'init and data':
      return [{ type: CHUNK.init, value: initValue(1111) }, data]
    case 'unknown chunk':
      return [{ type: 99, value: payload }]
    case 'empty chunk':
      return [{ type: CHUNK.data, length: 0 }]
    case 'heartbeat':
    case 'heartbeatAck':
    case 'abort':
    case 'error':
    case 'cookieAck':
    case 'shutdownAck':
    case 'shutdownComplete':
      return [{ type: CHUNK[what], value: what.startsWith('heart') ? payload : new Uint8Array() }]
    default:
      throw new Error(`no SCTP chunk is called ${what}`)
  }
}
