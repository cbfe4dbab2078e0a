/**
 * `random-port` where the port is all that was drawn (`MASQUERADE --random-fully`). Every frame that is sent has a
 * number of its own, the IPv4 id or the IPv6 flow label, which translation leaves alone; so a frame that arrives says
 * which port was drawn for which. Every one is put back to the port that was sent, in frames (errors that quote one
 * included) and in `conntrack -L`, and what is left is compared like everything else. Checksums are corrected by the
 * difference, so that a wrong one stays wrong.
 */
import { canonicalAddress } from '../../../src/kernel/address.ts'
import { portName, type CaseFrame, type Outcome } from './case.ts'
import { count, type MaskCounts } from './masks.ts'

/** `tcp 172.18.0.2 41234` to the port it stands for. */
type Ports = ReadonlyMap<string, number>

const TUPLE = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g
const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' }
const ETHERNET = 14

export function withoutRandomPorts(outcome: Outcome, sent: readonly CaseFrame[], masks: MaskCounts): Outcome {
  const ports = drawn(outcome, sent)
  if (ports.size === 0) return outcome
  return {
    ...outcome,
    captured: outcome.captured.map((frame) => {
      const bytes = frame.bytes.slice()
      if (!rewriteFrame(bytes, ports)) return frame
      count(masks, 'random-port')
      return { ...frame, bytes }
    }),
    outputs: outcome.outputs.map(({ command, text }) => ({
      command,
      text: isConntrack(command)
        ? text
            .split('\n')
            .map((line) => rewriteLine(line, ports))
            .join('\n')
        : text,
    })),
  }
}

/** Where each frame that was sent was seen, and with which addresses: what a die may have decided. */
export function waysOf(outcome: Outcome, sent: readonly CaseFrame[]): string {
  const numbers = new Set(sent.map(({ bytes }) => packetOf(bytes)?.number))
  const ways = outcome.captured.flatMap(({ port, bytes }) => {
    const packet = packetOf(bytes)
    if (packet === undefined || !numbers.has(packet.number)) return []
    return [`${packet.number} ${portName(port)} ${packet.source} ${packet.destination}`]
  })
  return ways.sort().join('\n')
}

function isConntrack(command: string): boolean {
  return command.includes('conntrack -L')
}

function protocolOf(line: string): string {
  return /^\S+/.exec(line)?.[0] ?? ''
}

function drawn({ captured }: Outcome, sent: readonly CaseFrame[]): Ports {
  const before = new Map(sent.map(({ bytes }) => [packetOf(bytes)?.number, packetOf(bytes)]))
  const ports = new Map<string, number>()
  for (const { bytes } of captured) {
    const packet = packetOf(bytes)
    const original = before.get(packet?.number)
    if (packet === undefined || original === undefined || packet.source === original.source) continue
    if (packet.sourcePort === original.sourcePort) continue
    ports.set(`${packet.protocol} ${packet.source} ${packet.sourcePort}`, original.sourcePort)
  }
  return ports
}

interface Packet {
  readonly number: string
  readonly protocol: string
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
}

/** A TCP or UDP packet without extension headers that has a number. */
function packetOf(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < ETHERNET + 28) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isV6 = view.getUint16(12) === 0x86dd
  if (isV6 && bytes.length < ETHERNET + 48) return undefined
  const number = isV6 ? view.getUint32(ETHERNET) & 0xfffff : view.getUint16(ETHERNET + 4)
  const protocol = PROTOCOLS[view.getUint8(ETHERNET + (isV6 ? 6 : 9))]
  if (number === 0 || protocol === undefined) return undefined
  const [size, source, destination] = isV6 ? [16, 8, 24] : [4, 12, 16]
  return {
    number: `${isV6 ? 6 : 4} ${number}`,
    protocol,
    source: addressText(view, ETHERNET + source, size),
    destination: addressText(view, ETHERNET + destination, size),
    sourcePort: view.getUint16(ETHERNET + (isV6 ? 40 : (view.getUint8(ETHERNET) & 15) * 4)),
  }
}

function rewriteLine(line: string, ports: Ports): string {
  const protocol = protocolOf(line)
  const back = (address: string, port: string): string =>
    String(ports.get(`${protocol} ${address} ${port}`) ?? port)
  return line.replace(
    TUPLE,
    (_, source: string, destination: string, sourcePort: string, destinationPort: string) =>
      `src=${source} dst=${destination} sport=${back(source, sourcePort)} dport=${back(destination, destinationPort)}`,
  )
}

/** True when a port was put back. */
function rewriteFrame(bytes: Uint8Array, ports: Ports): boolean {
  if (bytes.length < ETHERNET + 20) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return rewritePacket(view, ETHERNET, ports, [])
}

/** The packet at `at`; `sums` are the places of checksums around it that cover it. */
function rewritePacket(view: DataView, at: number, ports: Ports, sums: readonly number[]): boolean {
  if (view.byteLength < at + 20) return false
  const isV6 = view.getUint8(at) >> 4 === 6
  if (isV6 && view.byteLength < at + 40) return false
  const protocol = view.getUint8(isV6 ? at + 6 : at + 9)
  const l4 = at + (isV6 ? 40 : (view.getUint8(at) & 15) * 4)
  if (protocol === 1 || protocol === 58) {
    if (view.byteLength < l4 + 8) return false
    const type = view.getUint8(l4)
    const isError = protocol === 1 ? [3, 4, 5, 11, 12].includes(type) : type < 128
    return isError && rewritePacket(view, l4 + 8, ports, [l4 + 2, ...sums])
  }
  const name = PROTOCOLS[protocol]
  const sum = l4 + (protocol === 6 ? 16 : 6)
  if (name === undefined || view.byteLength < sum + 2) return false
  const unused = protocol === 17 && view.getUint16(sum) === 0
  const covering = unused ? sums : [sum, ...sums]
  const [size, source, destination] = isV6 ? [16, at + 8, at + 24] : [4, at + 12, at + 16]
  let changed = false
  for (const [address, port] of [
    [source, l4],
    [destination, l4 + 2],
  ] as const) {
    const wanted = ports.get(`${name} ${addressText(view, address, size)} ${view.getUint16(port)}`)
    if (wanted === undefined) continue
    replace(view, port, wanted, covering)
    changed = true
  }
  return changed
}

/** Writes a word and brings the checksums that cover it along (RFC 1624); an inner one is itself below the outer ones. */
function replace(view: DataView, at: number, value: number, sums: readonly number[]): void {
  const old = view.getUint16(at)
  view.setUint16(at, value)
  for (const [index, sum] of sums.entries()) {
    let total = (~view.getUint16(sum) & 0xffff) + (~old & 0xffff) + value
    while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
    replace(view, sum, ~total & 0xffff, sums.slice(index + 1))
  }
}

function addressText(view: DataView, at: number, size: number): string {
  if (size === 4) return [0, 1, 2, 3].map((index) => view.getUint8(at + index)).join('.')
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2).toString(16)).join(
    ':',
  )
  return canonicalAddress(groups, 'ipv6') ?? groups
}
