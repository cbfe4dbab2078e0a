import { describe, expect, it } from 'vitest'
import { NF_ACCEPT } from '../../../src/abi/verdict.ts'
import { tcpPacket, udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const CLIENT = '10.0.0.1:1000'
const SERVER = '10.0.0.2:53'
const query = udpPacket(CLIENT, SERVER)
const backend = (last: number) => ({ addresses: [`10.0.1.${last}`, `10.0.1.${last}`] as const })

describe('two packets of a flow on their way at once', () => {
  it('UDP without NAT: the second takes the entry of the first', () => {
    const tracker = new Tracker()
    tracker.forward(query, { between: () => void tracker.forward(query) })
    expect(tracker.list()).toHaveLength(1)
    expect(tracker.count()).toBe(1)
    expect(tracker.conntrack.statistics(tracker.block)).toMatchObject({ clashResolve: 1, insertFailed: 0 })
  })

  it('UDP from both ends at once: one entry', () => {
    const tracker = new Tracker()
    const answer = udpPacket(SERVER, CLIENT)
    expect(
      tracker.forward(query, { nat: true, between: () => void tracker.forward(answer, { nat: true }) }).state,
    ).toBe('NEW')
    expect(tracker.list()).toHaveLength(1)
    expect(tracker.count()).toBe(1)
  })

  it('UDP with another backend: the second entry lives for a second, for its answer only', () => {
    const tracker = new Tracker()
    const { packet } = tracker.forward(query, {
      dnat: backend(1),
      between: () => void tracker.forward(query, { dnat: backend(2) }),
    })
    expect(packet.slice(16, 20)).toEqual(Uint8Array.of(10, 0, 1, 1))
    expect(tracker.list()).toHaveLength(1)
    expect(tracker.list()[0]).toContain('src=10.0.1.2')
    expect(tracker.count()).toBe(2)
    // The hidden entry translates the answer of the backend that the packet went to.
    const { state, packet: answered } = tracker.forward(udpPacket('10.0.1.1:53', CLIENT), { nat: true })
    expect(state).toBe('ESTABLISHED')
    expect(answered.slice(12, 16)).toEqual(Uint8Array.of(10, 0, 0, 2))
    tracker.pass(1000)
    expect(tracker.forward(udpPacket('10.0.1.1:53', CLIENT), { nat: true }).state).toBe('NEW')
    tracker.exports.ct_gc()
    expect(tracker.count()).toBe(2)
  })

  it('TCP: the second is dropped', () => {
    const tracker = new Tracker()
    const syn = tcpPacket(CLIENT, SERVER, 'S', { seq: 1 })
    expect(tracker.forward(syn, { between: () => void tracker.forward(syn) }).state).toBeNull()
    expect(tracker.count()).toBe(1)
    expect(tracker.conntrack.statistics(tracker.block)).toMatchObject({
      drop: 1,
      insertFailed: 1,
      clashResolve: 0,
    })
  })

  it('an entry that is flushed while its packet is on its way is not confirmed twice', () => {
    const tracker = new Tracker()
    tracker.forward(query)
    const skb = tracker.track(query)
    expect(tracker.conntrack.flush(1)).toBe(1)
    expect(tracker.count()).toBe(1)
    expect(tracker.exports.ct_confirm(skb)).toBe(NF_ACCEPT)
    expect(tracker.list()).toEqual([])
    tracker.exports.ct_put(skb)
    expect(tracker.count()).toBe(0)
  })

  it('an answer carries the entry and does not confirm it', () => {
    const tracker = new Tracker()
    const skb = tracker.track(tcpPacket(CLIENT, SERVER, 'S', { seq: 1 }))
    const reset = tracker.skb(tcpPacket(SERVER, CLIENT, 'RA', { seq: 0, ack: 2 }))
    tracker.exports.ct_attach(reset, skb)
    expect(tracker.state(reset)).toBe('RELATED')
    expect(tracker.exports.ct_confirm(reset)).toBe(NF_ACCEPT)
    expect(tracker.list()).toEqual([])
    tracker.exports.ct_put(skb)
    expect(tracker.count()).toBe(1)
    tracker.exports.ct_put(reset)
    expect(tracker.count()).toBe(0)
  })

  it('NAT that could not be made unique is found out at confirmation', () => {
    const tracker = new Tracker()
    const taken = { addresses: ['10.9.9.9', '10.9.9.9'] as const, ports: [5000, 5000] as const }
    const syn = (n: number) => tcpPacket(`10.0.0.${n}:1000`, SERVER, 'S', { seq: 1 })
    expect(tracker.forward(syn(1), { snat: taken }).state).toBe('NEW')
    expect(tracker.forward(syn(3), { snat: taken }).state).toBeNull()
    expect(tracker.conntrack.statistics(tracker.block).insertFailed).toBe(1)
  })
})
