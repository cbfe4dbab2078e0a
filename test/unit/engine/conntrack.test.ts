import { beforeEach, describe, expect, it } from 'vitest'
import { parseConntrack, printConntrack } from '../../../src/kernel/conntrack.ts'
import { tcpPacket, udpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'

const SERVER = '10.0.0.2:53'
const client = (n: number) => `10.0.1.${n}:1000`
const LINES = [
  'tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=8080 dport=1000 [ASSURED] mark=5 use=1',
  'udp      17 29 src=fd00::1 dst=fd00::2 sport=1001 dport=53 [UNREPLIED] src=fd00::2 dst=fd00::1 sport=53 dport=1001 mark=0 zone=7 use=1',
  'icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1',
  'unknown  99 599 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1',
  'sctp     132 200 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 [ASSURED] mark=0 use=1',
]

describe('the table from outside', () => {
  let tracker: Tracker
  beforeEach(() => {
    tracker = new Tracker()
  })

  it('loads the lines of a real node and lists them again', () => {
    tracker.conntrack.insert(
      tracker.netns,
      LINES.map((line) => parseConntrack(line)),
    )
    expect(tracker.list()).toEqual(LINES)
    expect(tracker.count()).toBe(LINES.length)
  })

  it('a loaded connection goes on, translated', () => {
    tracker.conntrack.insert(tracker.netns, [parseConntrack(LINES[0]!)])
    const { state, packet } = tracker.forward(
      tcpPacket('10.0.0.2:8080', '10.0.0.1:1000', 'A', { seq: 1, ack: 1 }),
      { nat: true },
    )
    expect(state).toBe('ESTABLISHED')
    expect(packet.slice(12, 16).join('.')).toBe('10.96.0.1')
  })

  it('refuses an entry that is there, and keeps those before it', () => {
    const entry = parseConntrack(LINES[3]!)
    expect(() => tracker.conntrack.insert(tracker.netns, [entry, entry])).toThrow('entries[1]')
    expect(tracker.list()).toHaveLength(1)
  })

  it('refuses a state that does not exist', () => {
    const entry = { ...parseConntrack(LINES[0]!), state: 'ASLEEP' }
    expect(() => tracker.conntrack.insert(tracker.netns, [entry])).toThrow('unknown state ASLEEP')
    expect(tracker.list()).toEqual([])
  })

  it('deletes what a filter takes', () => {
    for (let n = 0; n < 5; n++) tracker.forward(udpPacket(client(n), SERVER))
    const deleted = tracker.conntrack.delete(1, ({ original }) => original.source === '10.0.1.3')
    expect(deleted.map((entry) => printConntrack(entry))).toEqual([
      'udp      17 30 src=10.0.1.3 dst=10.0.0.2 sport=1000 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.1.3 sport=53 dport=1000 mark=0 use=1',
    ])
    expect(tracker.count()).toBe(4)
    expect(tracker.forward(udpPacket(SERVER, client(3))).state).toBe('NEW')
  })

  it('forgets what was made since', () => {
    tracker.forward(udpPacket(client(0), SERVER))
    const serial = tracker.exports.ct_serial()
    for (let n = 1; n < 50; n++) tracker.forward(udpPacket(client(n), SERVER))
    tracker.exports.ct_delete(tracker.conntrack.addresses(1)[7]!)
    tracker.exports.ct_forget(serial)
    expect(tracker.conntrack.list(1).map(({ original }) => original.source)).toEqual(['10.0.1.0'])
    expect(tracker.count()).toBe(1)
  })

  it('forgets more than the journal holds', () => {
    const source = (n: number) => `10.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}:9`
    tracker.conntrack.reserve(20_000)
    tracker.forward(udpPacket(client(0), SERVER))
    const serial = tracker.exports.ct_serial()
    const entry = parseConntrack(LINES[3]!)
    const made = Array.from({ length: 17_000 }, (_, n) => {
      const address = source(n).split(':')[0]!
      return {
        ...entry,
        original: { ...entry.original, source: address },
        reply: { ...entry.reply, destination: address },
      }
    })
    tracker.conntrack.insert(tracker.netns, made)
    expect(tracker.count()).toBe(17_001)
    tracker.exports.ct_forget(serial)
    expect(tracker.count()).toBe(1)
  })

  it('grows past what was reserved when entries are loaded', () => {
    const capacity = tracker.exports.ct_capacity()
    const entry = parseConntrack(LINES[3]!)
    const made = Array.from({ length: capacity + 10 }, (_, n) => {
      const address = `10.200.${n >> 8}.${n & 255}`
      return {
        ...entry,
        original: { ...entry.original, source: address },
        reply: { ...entry.reply, destination: address },
      }
    })
    tracker.conntrack.insert(tracker.netns, made)
    expect(tracker.count()).toBe(capacity + 10)
  })

  it('reads and writes sysctls', () => {
    const { conntrack, block } = tracker
    expect(conntrack.sysctl(block, 'net.netfilter.nf_conntrack_tcp_timeout_established')).toBe('432000')
    expect(conntrack.sysctl(block, 'net.nf_conntrack_max')).toBe('262144')
    expect(conntrack.setSysctl(block, 'net.netfilter.nf_conntrack_tcp_timeout_established', '86400')).toBe(
      true,
    )
    expect(conntrack.sysctl(block, 'net.netfilter.nf_conntrack_tcp_timeout_established')).toBe('86400')
    expect(conntrack.setSysctl(block, 'net.netfilter.nf_conntrack_nonsense', '1')).toBe(false)
    expect(conntrack.sysctl(block, 'net.ipv4.ip_forward')).toBeUndefined()
    for (const wrong of ['', 'x', '-1', '2', '1.5']) {
      expect(() => conntrack.setSysctl(block, 'net.netfilter.nf_conntrack_tcp_loose', wrong)).toThrow(
        'from 0 to 1',
      )
    }
  })

  it('counts what is invalid and what is an error', () => {
    tracker.forward(tcpPacket('10.0.0.1:1', '10.0.0.2:2', 'SF'))
    expect(tracker.conntrack.statistics(tracker.block)).toMatchObject({ invalid: 1, error: 0, found: 0 })
  })
})
