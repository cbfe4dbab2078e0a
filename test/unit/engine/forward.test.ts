import { describe, expect, it } from 'vitest'
import { Node, fromNode, hex, toNode } from '../../support/engine/node.ts'
import { type Ip, icmp, tcp, udp } from '../../support/packet/build.ts'

const V4 = { source: '10.0.0.2', destination: '10.0.1.2' }
const V6 = { source: 'fd00:0::2', destination: 'fd00:1::2' }
const PORTS = { sourcePort: 1024, destinationPort: 80 }

describe('forwarding', () => {
  it.each([
    ['TCP over IPv4', V4, (ip: Ip) => tcp(ip, { ...PORTS, flags: 'S' })],
    ['UDP over IPv4', V4, (ip: Ip) => udp(ip, PORTS)],
    ['TCP over IPv6', V6, (ip: Ip) => tcp(ip, { ...PORTS, flags: 'S' })],
    ['an echo request over IPv6', V6, (ip: Ip) => icmp(ip, { type: 128 })],
    ['a wrong TCP checksum, which is not looked at', V4, (ip: Ip) => tcp(ip, { ...PORTS, checksum: 1 })],
    ['an unknown protocol', { ...V4, protocol: 200 }, (ip: Ip) => udp(ip, PORTS)],
    ['IPv4 options', { ...V4, options: Uint8Array.of(1, 1, 1, 0) }, (ip: Ip) => udp(ip, PORTS)],
    ['a later fragment', { ...V4, fragmentOffset: 64 }, (ip: Ip) => udp(ip, PORTS)],
    ['an IPv6 fragment', { ...V6, fragmentOffset: 64, id: 7 }, (ip: Ip) => udp(ip, PORTS)],
  ])('%s: one hop less, to the next neighbour', (_name, ip, build) => {
    const node = new Node()
    const out = node.send(0, toNode(0, { ...ip, ttl: 64 }, build(ip)))
    expect(hex(out)).toEqual(hex([{ port: 1, frame: fromNode(1, { ...ip, ttl: 63 }, build(ip)) }]))
  })
})
