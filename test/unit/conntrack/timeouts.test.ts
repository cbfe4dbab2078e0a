import { describe, expect, it } from 'vitest'
import { echo, tcpPacket, udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'
import { ipPacket } from '../../support/packet/build.ts'

const A = '10.0.0.1:1000'
const B = '10.0.0.2:80'
const both = { source: '10.0.0.1', destination: '10.0.0.2' }

interface Kind {
  readonly name: string
  readonly seconds: number
  readonly sysctl: string
  readonly packets: readonly Uint8Array[]
}

const syn = tcpPacket(A, B, 'S', { seq: 1 })
const synAck = tcpPacket(B, A, 'SA', { seq: 9, ack: 2 })
const ack = tcpPacket(A, B, 'A', { seq: 2, ack: 10 })
const fin = tcpPacket(A, B, 'FA', { seq: 2, ack: 10 })
const finBack = tcpPacket(B, A, 'FA', { seq: 10, ack: 3 })
const lastAck = tcpPacket(A, B, 'A', { seq: 3, ack: 11 })
const ackFin = tcpPacket(B, A, 'A', { seq: 10, ack: 3 })
const reset = tcpPacket(B, A, 'R', { seq: 10 })
const KINDS: readonly Kind[] = [
  { name: 'UDP, one way', seconds: 30, sysctl: 'udp_timeout', packets: [udpPacket(A, B)] },
  {
    name: 'UDP, both ways at once',
    seconds: 30,
    sysctl: 'udp_timeout',
    packets: [udpPacket(A, B), udpPacket(B, A)],
  },
  { name: 'ICMP', seconds: 30, sysctl: 'icmp_timeout', packets: [echo('10.0.0.1', '10.0.0.2', 7)] },
  { name: 'ICMPv6', seconds: 30, sysctl: 'icmpv6_timeout', packets: [echo('fd00::1', 'fd00::2', 7)] },
  {
    name: 'any other protocol',
    seconds: 600,
    sysctl: 'generic_timeout',
    packets: [ipPacket(both, { protocol: 99, bytes: new Uint8Array(9) })],
  },
  {
    name: 'GRE',
    seconds: 30,
    sysctl: 'gre_timeout',
    packets: [ipPacket(both, { protocol: 47, bytes: new Uint8Array(9) })],
  },
  { name: 'SYN_SENT', seconds: 120, sysctl: 'tcp_timeout_syn_sent', packets: [syn] },
  { name: 'SYN_RECV', seconds: 60, sysctl: 'tcp_timeout_syn_recv', packets: [syn, synAck] },
  { name: 'ESTABLISHED', seconds: 432_000, sysctl: 'tcp_timeout_established', packets: [syn, synAck, ack] },
  { name: 'FIN_WAIT', seconds: 120, sysctl: 'tcp_timeout_fin_wait', packets: [syn, synAck, ack, fin] },
  {
    name: 'CLOSE_WAIT',
    seconds: 60,
    sysctl: 'tcp_timeout_close_wait',
    packets: [syn, synAck, ack, fin, ackFin],
  },
  {
    name: 'LAST_ACK',
    seconds: 30,
    sysctl: 'tcp_timeout_last_ack',
    packets: [syn, synAck, ack, fin, finBack],
  },
  {
    name: 'TIME_WAIT',
    seconds: 120,
    sysctl: 'tcp_timeout_time_wait',
    packets: [syn, synAck, ack, fin, finBack, lastAck],
  },
  { name: 'CLOSE', seconds: 10, sysctl: 'tcp_timeout_close', packets: [syn, synAck, ack, reset] },
]

describe('timeouts', () => {
  it.each(KINDS)('$name: $seconds s, not a millisecond more', ({ seconds, packets }) => {
    const tracker = new Tracker()
    for (const packet of packets) tracker.forward(packet)
    tracker.pass((seconds * 1000) / 2)
    expect(tracker.conntrack.list(1).map((entry) => entry.timeout)).toEqual([seconds / 2])
    tracker.pass((seconds * 1000) / 2 - 1)
    expect(tracker.list()).toHaveLength(1)
    expect(tracker.exports.ct_gc()).toBe(0)
    tracker.pass(1)
    expect(tracker.list()).toEqual([])
    expect(tracker.count()).toBe(1)
    expect(tracker.exports.ct_gc()).toBe(1)
    expect(tracker.count()).toBe(0)
  })

  it.each(KINDS)('$name: as its sysctl says', ({ sysctl, packets }) => {
    const tracker = new Tracker()
    expect(tracker.conntrack.setSysctl(tracker.block, `net.netfilter.nf_conntrack_${sysctl}`, '17')).toBe(
      true,
    )
    for (const packet of packets) tracker.forward(packet)
    expect(tracker.conntrack.list(1)[0]!.timeout).toBe(17)
  })

  it('a packet that finds a dead entry begins anew', () => {
    const tracker = new Tracker()
    tracker.forward(udpPacket(A, B))
    tracker.forward(udpPacket(B, A))
    expect(tracker.forward(udpPacket(A, B)).state).toBe('ESTABLISHED')
    tracker.pass(30_000)
    expect(tracker.forward(udpPacket(A, B)).state).toBe('NEW')
    expect(tracker.count()).toBe(1)
  })

  it('a UDP flow is a stream once it has gone on both ways for more than two seconds', () => {
    const tracker = new Tracker()
    const look = () => tracker.conntrack.list(1).map(({ timeout, assured }) => [timeout, assured])
    tracker.forward(udpPacket(A, B))
    tracker.forward(udpPacket(B, A))
    tracker.pass(2000)
    tracker.forward(udpPacket(A, B))
    expect(look()).toEqual([[30, false]])
    tracker.pass(1)
    tracker.forward(udpPacket(A, B))
    expect(look()).toEqual([[120, true]])
    tracker.pass(119_999)
    expect(look()).toEqual([[0, true]])
    tracker.pass(1)
    expect(look()).toEqual([])
  })

  it('a SYN sent again does not prolong the wait', () => {
    const tracker = new Tracker()
    tracker.forward(syn)
    tracker.pass(50_000)
    expect(tracker.forward(syn).state).toBe('NEW')
    expect(tracker.conntrack.list(1)[0]!.timeout).toBe(70)
  })

  it('time runs from confirmation, not from the first sight of the packet', () => {
    const tracker = new Tracker()
    tracker.forward(udpPacket(A, B), { between: () => tracker.pass(10_000) })
    expect(tracker.conntrack.list(1)[0]!.timeout).toBe(30)
  })
})
