import { describe, expect, it } from 'vitest'
import { NF_NAT_RANGE_PROTO_RANDOM, NF_NAT_RANGE_PROTO_RANDOM_FULLY } from '../../../src/abi/nat.ts'
import { CT_MASQ_INDEX } from '../../../src/abi/conntrack.ts'
import { LINK_IFINDEX } from '../../../src/abi/link.ts'
import { SKB_F_REROUTE, SKB_FLAGS } from '../../../src/abi/skb.ts'
import { NF_ACCEPT, NF_DROP, NF_INET_LOCAL_OUT, NF_INET_PRE_ROUTING } from '../../../src/abi/verdict.ts'
import { echo, route, tcpPacket, udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker, type Range } from '../../support/conntrack/tracker.ts'

const SERVER = '10.9.0.1:80'
const one = (address: string): readonly [string, string] => [address, address]
const GATEWAY: Range = { addresses: one('192.0.2.1') }
const syn = (from: string, to = SERVER) => tcpPacket(from, to, 'S', { seq: 1000 })
const portOf = (packet: Uint8Array) => new DataView(packet.buffer).getUint16(20)

describe('source NAT', () => {
  it('keeps the port while it is free', () => {
    const tracker = new Tracker()
    expect(route(tracker.forward(syn('10.0.0.1:4000'), { snat: GATEWAY }).packet)).toBe(
      '192.0.2.1:4000 > 10.9.0.1:80',
    )
    // Another destination: the same port is still unique.
    expect(portOf(tracker.forward(syn('10.0.0.2:4000', '10.9.0.2:80'), { snat: GATEWAY }).packet)).toBe(4000)
  })

  it.each([
    ['below 512', 100, 1, 511],
    ['from 512 to 1023', 700, 600, 1023],
    ['from 1024', 4000, 1024, 65_535],
  ])('a port %s that is taken gives way to one of its class', (_, port, low, high) => {
    const tracker = new Tracker()
    for (let n = 1; n <= 40; n++) {
      const chosen = portOf(tracker.forward(syn(`10.0.0.${n}:${port}`), { snat: GATEWAY }).packet)
      if (n === 1) expect(chosen).toBe(port)
      else expect(chosen).toBeGreaterThanOrEqual(low)
      expect(chosen).toBeLessThanOrEqual(high)
    }
    expect(new Set(tracker.list().map((line) => /dport=(\d+) mark/.exec(line)![1])).size).toBe(40)
  })

  it('a client keeps its mapping when it talks to somebody else', () => {
    const tracker = new Tracker()
    const udp = (from: string, to: string) =>
      portOf(tracker.forward(udpPacket(from, to), { snat: GATEWAY }).packet)
    expect(udp('10.0.0.1:4000', '10.9.0.1:53')).toBe(4000)
    const moved = udp('10.0.0.2:4000', '10.9.0.1:53')
    expect(moved).not.toBe(4000)
    expect(udp('10.0.0.2:4000', '10.9.0.2:53')).toBe(moved)
  })

  it('a range of ports that is used up: the packet is dropped', () => {
    const tracker = new Tracker()
    const snat: Range = { ...GATEWAY, ports: [7000, 7009] }
    const chosen = Array.from({ length: 10 }, (_, n) =>
      portOf(tracker.forward(syn(`10.0.0.${n}:4000`), { snat }).packet),
    )
    expect(chosen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, n) => 7000 + n))
    expect(tracker.forward(syn('10.0.0.99:4000'), { snat }).state).toBeNull()
    expect(tracker.conntrack.statistics(tracker.block)).toMatchObject({ drop: 1, insertFailed: 1 })
    expect(tracker.count()).toBe(10)
  })

  it('a TCP connection in TIME_WAIT gives its port to a newer one', () => {
    const tracker = new Tracker()
    const snat: Range = { ...GATEWAY, ports: [7000, 7000] }
    const pass = (from: string, to: string, flags: string, seq: number, ack: number) =>
      tracker.forward(tcpPacket(from, to, flags, { seq, ack }), { snat }).state
    pass('10.0.0.1:4000', SERVER, 'S', 1, 0)
    pass(SERVER, '192.0.2.1:7000', 'SA', 100, 2)
    pass('10.0.0.1:4000', SERVER, 'FA', 2, 101)
    pass(SERVER, '192.0.2.1:7000', 'FA', 101, 3)
    pass('10.0.0.1:4000', SERVER, 'A', 3, 102)
    expect(tracker.list()[0]).toContain('TIME_WAIT')
    expect(pass('10.0.0.2:4000', SERVER, 'S', 5000, 0)).toBe('NEW')
    expect(tracker.list()).toHaveLength(1)
    expect(tracker.list()[0]).toContain('src=10.0.0.2')
  })

  it.each([
    ['--random', NF_NAT_RANGE_PROTO_RANDOM],
    ['--random-fully', NF_NAT_RANGE_PROTO_RANDOM_FULLY],
  ])('%s changes the port always, by the seed', (_, flags) => {
    const ports = (seed: number) => {
      const tracker = new Tracker({ seed })
      return Array.from({ length: 20 }, (_unused, n) =>
        portOf(tracker.forward(syn(`10.0.0.${n}:4000`), { snat: { ...GATEWAY, flags } }).packet),
      )
    }
    expect(ports(1)).toEqual(ports(1))
    expect(ports(1)).not.toEqual(ports(2))
    expect(new Set(ports(1)).size).toBe(20)
    expect(ports(1).every((port) => port >= 1024)).toBe(true)
  })

  it('pings of two clients with one id', () => {
    const tracker = new Tracker()
    const first = tracker.forward(echo('10.0.0.1', '10.9.0.1', 7), { snat: GATEWAY }).packet
    const second = tracker.forward(echo('10.0.0.2', '10.9.0.1', 7), { snat: GATEWAY }).packet
    const id = (packet: Uint8Array) => new DataView(packet.buffer).getUint16(24)
    expect(id(first)).toBe(7)
    expect(id(second)).not.toBe(7)
    const answer = tracker.forward(echo('10.9.0.1', '192.0.2.1', id(second), true), { nat: true }).packet
    expect([...answer.slice(16, 20), id(answer)]).toEqual([10, 0, 0, 2, 7])
  })

  it('even without rules a port gives way to one that NAT has taken', () => {
    const tracker = new Tracker()
    tracker.forward(syn('10.0.0.1:4000'), { snat: GATEWAY })
    const own = tracker.forward(syn('192.0.2.1:4000'), { nat: true, path: 'out' })
    expect(own.state).toBe('NEW')
    expect(portOf(own.packet)).not.toBe(4000)
  })
})

describe('destination NAT', () => {
  const VIP = '10.96.0.10:80'

  it('hairpin: both sides are changed, and back', () => {
    const tracker = new Tracker()
    const dnat: Range = { addresses: one('10.0.0.1'), ports: [8080, 8080] }
    const out = tracker.forward(syn('10.0.0.1:4000', VIP), { dnat, snat: GATEWAY }).packet
    expect(route(out)).toBe('192.0.2.1:4000 > 10.0.0.1:8080')
    const back = tracker.forward(tcpPacket('10.0.0.1:8080', '192.0.2.1:4000', 'SA', { seq: 1, ack: 1001 }), {
      nat: true,
    })
    expect(route(back.packet)).toBe('10.96.0.10:80 > 10.0.0.1:4000')
  })

  it('a second binding of the same side is refused', () => {
    const tracker = new Tracker()
    const skb = tracker.track(syn('10.0.0.1:4000', VIP))
    const ct = new DataView(tracker.exports.memory.buffer).getUint32(skb + 72, true)
    const range = tracker.range({ addresses: one('10.0.1.1') })
    expect(tracker.exports.nat_setup(ct, range, 1)).toBe(NF_ACCEPT)
    expect(tracker.exports.nat_setup(ct, range, 1)).toBe(NF_DROP)
  })

  it('asks for another route at PRE_ROUTING and LOCAL_OUT when the destination changed', () => {
    const flag = (hook: number, dnat?: Range) => {
      const tracker = new Tracker()
      const skb = tracker.track(syn('10.0.0.1:4000', VIP), hook)
      const view = new DataView(tracker.exports.memory.buffer)
      const ct = view.getUint32(skb + 72, true)
      if (dnat) tracker.exports.nat_setup(ct, tracker.range(dnat), 1)
      else tracker.exports.nat_null_binding(ct, hook)
      tracker.exports.nat_packet(skb, hook)
      return (new DataView(tracker.exports.memory.buffer).getUint8(skb + SKB_FLAGS) & SKB_F_REROUTE) !== 0
    }
    const elsewhere: Range = { addresses: one('10.0.1.1') }
    expect(flag(NF_INET_PRE_ROUTING, elsewhere)).toBe(true)
    expect(flag(NF_INET_LOCAL_OUT, elsewhere)).toBe(true)
    expect(flag(NF_INET_PRE_ROUTING)).toBe(false)
    expect(flag(NF_INET_LOCAL_OUT)).toBe(false)
  })
})

describe('masquerading', () => {
  /** A connection that was masqueraded for interface 2. */
  function masqueraded(): { tracker: Tracker; ct: number } {
    const tracker = new Tracker()
    tracker.forward(syn('10.0.0.1:4000'), { snat: GATEWAY })
    const [ct] = tracker.conntrack.addresses(1)
    new DataView(tracker.exports.memory.buffer).setUint16(ct! + CT_MASQ_INDEX, 2, true)
    return { tracker, ct: ct! }
  }

  it('ends with the packet that leaves by another interface', () => {
    const { tracker } = masqueraded()
    expect(tracker.forward(syn('10.0.0.1:4000'), { nat: true }).state).toBe('NEW')
    new DataView(tracker.exports.memory.buffer).setUint32(tracker.link + LINK_IFINDEX, 3, true)
    expect(tracker.forward(syn('10.0.0.1:4000'), { nat: true }).state).toBeNull()
    expect(tracker.list()).toEqual([])
  })

  it('is forgotten with its interface', () => {
    const { tracker } = masqueraded()
    expect(tracker.exports.ct_masquerade_forget(2, 2, 0)).toBe(0)
    expect(tracker.exports.ct_masquerade_forget(1, 3, 0)).toBe(0)
    expect(tracker.exports.ct_masquerade_forget(1, 2, 0)).toBe(1)
    expect(tracker.list()).toEqual([])
  })
})
