import { describe, expect, it } from 'vitest'
import { SKB_MARK } from '../../../src/abi/skb.ts'
import { udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const ORIGINAL = 1
const REPLY = 2
const BOTH = 3
const forth = udpPacket('10.0.0.1:1000', '10.0.0.2:53')
const back = udpPacket('10.0.0.2:53', '10.0.0.1:1000')

describe('zones', () => {
  it('the same tuple in two zones is two flows', () => {
    const tracker = new Tracker()
    const seven = tracker.exports.ct_template(7, BOTH, 0)
    expect(tracker.forward(forth).state).toBe('NEW')
    expect(tracker.forward(forth, { template: seven }).state).toBe('NEW')
    expect(tracker.forward(back, { template: seven }).state).toBe('ESTABLISHED')
    expect(tracker.forward(forth).state).toBe('NEW')
    expect(tracker.list().filter((line) => line.includes('zone=7'))).toHaveLength(1)
    expect(tracker.count()).toBe(2)
  })

  it('a zone of the original direction: answers come without it', () => {
    const tracker = new Tracker()
    const template = tracker.exports.ct_template(5, ORIGINAL, 0)
    expect(tracker.forward(forth, { template }).state).toBe('NEW')
    expect(tracker.list()[0]).toContain('dport=53 zone-orig=5 [UNREPLIED]')
    expect(tracker.forward(back).state).toBe('ESTABLISHED')
    expect(tracker.forward(forth, { template }).state).toBe('ESTABLISHED')
    // Without the zone the original direction is unknown, and would collide in the reply direction.
    expect(tracker.forward(forth, { drop: true }).state).toBeNull()
    expect(tracker.count()).toBe(1)
  })

  it('a zone of the reply direction', () => {
    const tracker = new Tracker()
    const template = tracker.exports.ct_template(6, REPLY, 0)
    tracker.forward(forth, { template })
    expect(tracker.list()[0]).toContain('dport=1000 zone-reply=6')
    expect(tracker.forward(back, { drop: true }).state).toBeNull()
    expect(tracker.forward(back, { template }).state).toBe('ESTABLISHED')
  })

  it('the zone is the mark', () => {
    const tracker = new Tracker()
    const template = tracker.exports.ct_template(0, BOTH, 1)
    const skb = tracker.skb(forth)
    const view = new DataView(tracker.exports.memory.buffer)
    view.setUint32(skb + SKB_MARK, 0x1_0009, true)
    view.setUint32(skb + 72, template, true)
    tracker.exports.ct_track(skb, 0)
    tracker.exports.ct_confirm(skb)
    expect(tracker.list()[0]).toContain('zone=9')
  })

  it('an untracked packet stays untracked', () => {
    const tracker = new Tracker()
    const skb = tracker.skb(forth)
    new DataView(tracker.exports.memory.buffer).setUint8(skb + 76, 7)
    tracker.exports.ct_track(skb, 0)
    expect(tracker.state(skb)).toBe('UNTRACKED')
    expect(tracker.count()).toBe(0)
  })

  it('namespaces share nothing', () => {
    const one = new Tracker()
    const two = new Tracker({ netnsId: 2 }, one)
    expect(one.forward(forth).state).toBe('NEW')
    expect(two.forward(back).state).toBe('NEW')
    expect(one.list()).toHaveLength(1)
    expect(two.conntrack.flush(2)).toBe(1)
    expect(one.list()).toHaveLength(1)
  })
})
