import { describe, expect, it } from 'vitest'
import type { Family, Ruleset } from '../../../src/kernel/ruleset.ts'
import { ZERO_COUNTERS } from '../../../src/kernel/ruleset.ts'
import { MAC, Node, hex } from '../../support/engine/node.ts'
import { type Ip, type Segment, frame, fragments, udp } from '../../support/packet/build.ts'

const V4 = { source: '10.0.0.2', destination: '10.0.1.2', id: 7 }
const V6 = { source: 'fd00:0::2', destination: 'fd00:1::2', id: 7 }
const PORTS = { sourcePort: 1024, destinationPort: 80 }

const payload = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i & 255)
const datagram = (ip: Ip, length: number): Segment => udp(ip, { ...PORTS, payload: payload(length) })

/** A rule that asks for the connection's state: conntrack, and with it reassembly, is on. */
function tracking(family: Family): Ruleset {
  const rule = {
    header: {},
    matches: [{ kind: 'conntrack', ctstate: { value: ['NEW'] } }],
    target: null,
  } as const
  const chain = (name: string, rules: readonly (typeof rule)[] = []) =>
    [name, { name, policy: 'ACCEPT', counters: ZERO_COUNTERS, rules }] as const
  const chains = new Map([chain('INPUT'), chain('FORWARD', [rule]), chain('OUTPUT')])
  return { family, tables: new Map([['filter', { name: 'filter', chains }]]) }
}

const toNode0 = (packets: readonly Uint8Array[]): Uint8Array[] =>
  packets.map((packet) => frame({ source: MAC.h0, destination: MAC.eth0 }, packet))

const pieces = (ip: Ip, segment: Segment, cuts: readonly number[]): string[] =>
  fragments({ ...ip, ttl: 63 }, segment, cuts).map(
    (packet) => `1: ${Buffer.from(frame({ source: MAC.eth1, destination: MAC.h1 }, packet)).toString('hex')}`,
  )

/** Of a line of `hex`: the identification in an IPv6 fragment header that follows the IPv6 header. */
function fragmentId(line: string): number {
  return Buffer.from(line.slice(line.indexOf(' ') + 1), 'hex').readUInt32BE(14 + 40 + 4)
}

describe('fragments through a node that tracks connections', () => {
  it.each([
    ['IPv4', 'ipv4', V4],
    ['IPv6', 'ipv6', V6],
  ] as const)('%s: wait for the last one and leave as they were cut', (_name, family, ip) => {
    const node = new Node()
    node.engine.rulesetSet('node', tracking(family))
    const segment = datagram(ip, 2000)
    const cuts = [512, 1400]
    const [first, second, third] = toNode0(fragments(ip, segment, cuts))
    expect(node.send(0, third!)).toEqual([])
    expect(node.send(0, first!)).toEqual([])
    const out = hex(node.send(0, second!))
    // Who splits an IPv6 datagram gives it an identification of its own; an IPv4 one is the sender's.
    const id = family === 'ipv4' ? ip.id : fragmentId(out[0]!)
    if (family === 'ipv6') expect(id).not.toBe(ip.id)
    expect(out).toEqual(pieces({ ...ip, id }, segment, cuts))
    const [rule] = node.engine.ruleset('node', family).tables.get('filter')!.chains.get('FORWARD')!.rules
    const length = (family === 'ipv4' ? 20 : 40) + segment.bytes.length
    expect(rule!.counters).toEqual({ packets: 1, bytes: length })
  })

  it('drops a datagram whose pieces overlap', () => {
    const node = new Node()
    node.engine.rulesetSet('node', tracking('ipv4'))
    const segment = datagram(V4, 2000)
    const a = fragments(V4, segment, [800])
    const b = fragments(V4, segment, [640])
    expect(node.send(0, ...toNode0([a[0]!, b[1]!, a[1]!]))).toEqual([])
  })

  it('cuts again, smaller, where the way on is narrower', () => {
    const node = new Node()
    node.engine.rulesetSet('node', tracking('ipv4'))
    node.engine.linkSet('node', 'eth1', { mtu: 600 })
    const segment = datagram(V4, 2000)
    const out = node.send(0, ...toNode0(fragments(V4, segment, [1400])))
    expect(hex(out)).toEqual(pieces(V4, segment, [576, 1152, 1728]))
  })

  it('gives up after ipfrag_time and says nothing: it is not the end host', () => {
    const node = new Node()
    node.engine.rulesetSet('node', tracking('ipv4'))
    const [first, second] = toNode0(fragments(V4, datagram(V4, 2000), [1400]))
    expect(node.send(0, first!)).toEqual([])
    node.engine.advanceTo(30_000)
    expect(node.send(0, second!)).toEqual([])
  })
})

describe('fragments through a node that tracks connections, to a host that does not', () => {
  it.each([
    ['IPv4', 'ipv4', V4, '10.0.1.1'],
    ['IPv6', 'ipv6', V6, 'fd00:1::1'],
  ] as const)('%s: are put together there once more, and reach the socket', (_name, family, ip, via) => {
    const node = new Node()
    const { engine } = node
    engine.rulesetSet('node', tracking(family))
    engine.sysctlSet('h1', 'net.ipv6.conf.all.disable_ipv6', 0)
    const bits = family === 'ipv4' ? 32 : 128
    engine.addrAdd('h1', { link: 'peer', family, address: ip.destination, prefixLength: bits })
    engine.neighAdd('h1', { family, address: via, dev: 'peer', lladdr: MAC.eth1 })
    const all = family === 'ipv4' ? '0.0.0.0' : '::'
    const route = { family, type: 'unicast', destination: all, prefixLength: 0, via, dev: 'peer' } as const
    engine.routeAdd('h1', { ...route, onlink: true })
    engine.listen('h1', { protocol: 'udp', port: 80 })
    const out = node.send(0, ...toNode0(fragments(ip, datagram(ip, 1200), [600, 1000])))
    const answers = out.filter(({ port }) => port === 0)
    expect(answers).toHaveLength(1)
    expect(Buffer.from(answers[0]!.frame).includes(Buffer.from(payload(1200)))).toBe(true)
  })
})

describe('fragments through a node that does not track', () => {
  it('pass one by one', () => {
    const node = new Node()
    const segment = datagram(V4, 2000)
    const out = node.send(0, ...toNode0(fragments(V4, segment, [1400])).toReversed())
    expect(hex(out)).toEqual(pieces(V4, segment, [1400]).toReversed())
  })

  it('a whole packet is cut where DF allows it', () => {
    const node = new Node()
    node.engine.linkSet('node', 'eth1', { mtu: 1000 })
    const segment = datagram(V4, 1400)
    const [whole] = fragments(V4, segment, [])
    expect(hex(node.send(0, ...toNode0([whole!])))).toEqual(pieces(V4, segment, [976]))
  })
})

describe('fragments for the node itself', () => {
  it.each([
    ['IPv4', { source: '10.0.0.2', destination: '10.0.0.1', id: 9 }],
    ['IPv6', { source: 'fd00:0::2', destination: 'fd00:0::1', id: 9 }],
  ])('%s: are put together and reach the socket', (_name, ip) => {
    const node = new Node()
    node.engine.listen('node', { protocol: 'udp', port: 80 })
    const segment = datagram(ip, 1200)
    const out = node.send(0, ...toNode0(fragments(ip, segment, [600])))
    expect(out).toHaveLength(1)
    expect(Buffer.from(out[0]!.frame).includes(Buffer.from(payload(1200)))).toBe(true)
  })
})
