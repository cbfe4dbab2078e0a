import { describe, expect, it } from 'vitest'
import { tcpPacket, udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const flow = (n: number) => `10.${(n >> 8) & 255}.${n & 255}.1:1000`
const SERVER = '10.0.0.2:53'

/** An assured TCP connection. */
function establish(tracker: Tracker, n: number): void {
  const server = '10.0.0.2:80'
  tracker.forward(tcpPacket(flow(n), server, 'S', { seq: 1 }))
  tracker.forward(tcpPacket(server, flow(n), 'SA', { seq: 9, ack: 2 }))
  tracker.forward(tcpPacket(flow(n), server, 'A', { seq: 2, ack: 10 }))
}

describe('a full table', () => {
  it('drops the packet when everything is assured', () => {
    const tracker = new Tracker({ max: 8 })
    for (let n = 0; n < 8; n++) establish(tracker, n)
    expect(tracker.forward(udpPacket(flow(99), SERVER)).state).toBeNull()
    expect(tracker.count()).toBe(8)
    expect(tracker.conntrack.statistics(tracker.block)).toMatchObject({ drop: 1, earlyDrop: 0 })
    // A connection that is in the table goes on.
    expect(tracker.forward(tcpPacket(flow(3), '10.0.0.2:80', 'A', { seq: 2, ack: 10 })).state).toBe(
      'ESTABLISHED',
    )
  })

  it('drops early what is not assured, near the hash of the new one', () => {
    const max = 20_000
    const tracker = new Tracker({ max, entries: max + 10 })
    for (let n = 0; n < max; n++) tracker.forward(udpPacket(flow(n), SERVER))
    expect(tracker.count()).toBe(max)
    let dropped = 0
    for (let n = max; n < max + 200; n++) {
      if (tracker.forward(udpPacket(flow(n), SERVER)).state === null) dropped++
    }
    const { earlyDrop, drop } = tracker.conntrack.statistics(tracker.block)
    expect(dropped).toBe(drop)
    expect(dropped).toBeLessThan(20)
    expect(earlyDrop).toBeGreaterThanOrEqual(200 - dropped)
    expect(tracker.count()).toBeLessThanOrEqual(max)
    expect(tracker.count()).toBe(tracker.list().length)
  })

  it('leaves other namespaces alone', () => {
    const one = new Tracker({ max: 4 })
    const two = new Tracker({ max: 4, netnsId: 2 }, one)
    for (let n = 0; n < 4; n++) one.forward(udpPacket(flow(n), SERVER))
    for (let n = 0; n < 4; n++) establish(two, n)
    expect(two.forward(udpPacket(flow(50), SERVER)).state).toBeNull()
    expect(one.count()).toBe(4)
    expect(one.forward(udpPacket(flow(1), SERVER)).state).toBe('NEW')
  })

  it('after that, collection takes what is not assured where 95 % are in use', () => {
    const tracker = new Tracker({ max: 200 })
    for (let n = 0; n < 150; n++) establish(tracker, n)
    for (let n = 150; n < 200; n++) tracker.forward(udpPacket(flow(n), SERVER))
    expect(tracker.exports.ct_gc()).toBe(0)
    let n = 1000
    while (tracker.conntrack.statistics(tracker.block).drop === 0 && n < 3000) {
      tracker.forward(udpPacket(flow(n++), SERVER))
    }
    expect(tracker.conntrack.statistics(tracker.block).drop).toBe(1)
    const before = tracker.count()
    const removed = tracker.exports.ct_gc()
    // Down to below 95 %, and no further.
    expect(before - removed).toBe(189)
    expect(tracker.conntrack.list(1).filter((entry) => entry.assured)).toHaveLength(150)
  })

  it('0 means no limit', () => {
    const tracker = new Tracker({ max: 0 })
    for (let n = 0; n < 300; n++) expect(tracker.forward(udpPacket(flow(n), SERVER)).state).toBe('NEW')
  })

  it('an entry whose packet is dropped on its way is freed', () => {
    const tracker = new Tracker()
    tracker.forward(udpPacket(flow(1), SERVER), { drop: true })
    expect(tracker.count()).toBe(0)
    expect(tracker.forward(udpPacket(flow(1), SERVER)).state).toBe('NEW')
  })
})
