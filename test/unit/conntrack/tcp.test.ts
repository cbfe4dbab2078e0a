import { describe, expect, it } from 'vitest'
import { tcpPacket } from '../../support/conntrack/packets.ts'
import { Tracker } from '../../support/conntrack/tracker.ts'
import type { Tcp } from '../../support/packet/build.ts'

const CLIENT = '10.0.0.1:1000'
const SERVER = '10.0.0.2:80'

/** `>` from the client, `<` from the server; flags; then the state it gets and the entry's afterwards. */
type Step = readonly [direction: '>' | '<', flags: string, header: Partial<Tcp>, state: string, entry: string]

interface Sequence {
  readonly name: string
  readonly sysctls?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

const OPEN: readonly Step[] = [
  ['>', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
  ['<', 'SA', { seq: 500, ack: 101 }, 'ESTABLISHED', 'SYN_RECV 60'],
  ['>', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
]
const data = (size: number) => ({ payload: new Uint8Array(size) })
const SEQUENCES: readonly Sequence[] = [
  { name: 'three-way handshake', steps: OPEN },
  {
    name: 'close by the client',
    steps: [
      ...OPEN,
      ['>', 'FA', { seq: 101, ack: 501 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
      ['<', 'A', { seq: 501, ack: 102 }, 'ESTABLISHED', 'CLOSE_WAIT 60 ASSURED'],
      ['<', 'FA', { seq: 501, ack: 102 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['>', 'A', { seq: 102, ack: 502 }, 'ESTABLISHED', 'TIME_WAIT 120 ASSURED'],
    ],
  },
  {
    name: 'both close at once',
    steps: [
      ...OPEN,
      ['>', 'FA', { seq: 101, ack: 501 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
      ['<', 'FA', { seq: 501, ack: 101 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['>', 'A', { seq: 102, ack: 502 }, 'ESTABLISHED', 'TIME_WAIT 120 ASSURED'],
    ],
  },
  {
    name: 'data waits for its ACK at most five minutes',
    steps: [
      ...OPEN,
      ['>', 'PA', { seq: 101, ack: 501, ...data(10) }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ['<', 'A', { seq: 501, ack: 111 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  },
  {
    name: 'the same ACK three times over counts as retransmission',
    steps: [
      ...OPEN,
      ['>', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['>', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['>', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
    ],
  },
  {
    name: 'a window of zero',
    steps: [...OPEN, ['<', 'A', { seq: 501, ack: 101, window: 0 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED']],
  },
  {
    name: 'connection refused: the entry is gone',
    steps: [
      ['>', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
      ['<', 'RA', { seq: 0, ack: 101 }, 'ESTABLISHED', 'none'],
    ],
  },
  {
    name: 'reset of an established connection',
    steps: [...OPEN, ['<', 'R', { seq: 501 }, 'ESTABLISHED', 'CLOSE 10 ASSURED']],
  },
  {
    name: 'a reset in the past is invalid',
    steps: [...OPEN, ['<', 'R', { seq: 400 }, 'INVALID', 'ESTABLISHED 432000 ASSURED']],
  },
  {
    name: 'a reset in the past, when told to ignore that',
    sysctls: { nf_conntrack_tcp_ignore_invalid_rst: '1' },
    steps: [...OPEN, ['<', 'R', { seq: 500 }, 'ESTABLISHED', 'ESTABLISHED 10 ASSURED']],
  },
  {
    name: 'a reset that is not exact keeps the state for a challenge',
    steps: [...OPEN, ['<', 'R', { seq: 600 }, 'ESTABLISHED', 'ESTABLISHED 10 ASSURED']],
  },
  {
    name: 'far out of window',
    steps: [...OPEN, ['>', 'A', { seq: 10_000_000, ack: 501 }, 'INVALID', 'ESTABLISHED 432000 ASSURED']],
  },
  {
    name: 'an ACK of what was never sent',
    steps: [...OPEN, ['>', 'A', { seq: 101, ack: 900 }, 'INVALID', 'ESTABLISHED 432000 ASSURED']],
  },
  {
    name: 'far out of window, liberal',
    sysctls: { nf_conntrack_tcp_be_liberal: '1' },
    steps: [...OPEN, ['>', 'A', { seq: 10_000_000, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED']],
  },
  {
    name: 'simultaneous open',
    steps: [
      ['>', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
      ['<', 'S', { seq: 500 }, 'ESTABLISHED', 'SYN_SENT2 120'],
      ['>', 'SA', { seq: 100, ack: 501 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['<', 'SA', { seq: 500, ack: 101 }, 'ESTABLISHED', 'SYN_RECV 60'],
      ['>', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  },
  {
    name: 'a SYN in TIME_WAIT opens anew',
    steps: [
      ...OPEN,
      ['>', 'FA', { seq: 101, ack: 501 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
      ['<', 'FA', { seq: 501, ack: 102 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['>', 'A', { seq: 102, ack: 502 }, 'ESTABLISHED', 'TIME_WAIT 120 ASSURED'],
      ['>', 'S', { seq: 9000 }, 'NEW', 'SYN_SENT 120'],
    ],
  },
  {
    name: 'a SYN over an established connection is let pass; a SYN/ACK to it brings us in step',
    steps: [
      ...OPEN,
      ['>', 'S', { seq: 7000 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ['<', 'SA', { seq: 9000, ack: 7001 }, 'ESTABLISHED', 'SYN_RECV 60 ASSURED'],
      ['>', 'A', { seq: 7001, ack: 9001 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  },
  {
    name: 'the challenge ACK to a SYN in LAST_ACK changes nothing',
    steps: [
      ...OPEN,
      ['>', 'FA', { seq: 101, ack: 501 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
      ['<', 'FA', { seq: 501, ack: 102 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['>', 'S', { seq: 7000 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['<', 'A', { seq: 502, ack: 102 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
      ['<', 'A', { seq: 502, ack: 102 }, 'ESTABLISHED', 'TIME_WAIT 120 ASSURED'],
    ],
  },
  {
    name: 'picked up in the middle, from one side',
    steps: [['>', 'A', { seq: 100, ack: 500 }, 'NEW', 'ESTABLISHED 300']],
  },
  {
    name: 'picked up in the middle, from both sides',
    steps: [
      ['>', 'A', { seq: 100, ack: 500 }, 'NEW', 'ESTABLISHED 300'],
      ['<', 'A', { seq: 500, ack: 100 }, 'ESTABLISHED', 'ESTABLISHED 300'],
      ['>', 'A', { seq: 100, ack: 500 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  },
  {
    name: 'not picked up when not loose',
    sysctls: { nf_conntrack_tcp_loose: '0' },
    steps: [['>', 'A', { seq: 100, ack: 500 }, 'INVALID', 'none']],
  },
  ...['', 'SF', 'SR', 'F', 'FR', 'SFRPAU', 'U', 'P'].map((flags): Sequence => ({
    name: `flags [${flags}] make no segment`,
    steps: [['>', flags, { seq: 1 }, 'INVALID', 'none']],
  })),
  ...['SE', 'SEW', 'SU'].map((flags): Sequence => ({
    name: `flags [${flags}] open`,
    steps: [['>', flags, { seq: 1 }, 'NEW', 'SYN_SENT 120']],
  })),
  { name: 'a wrong checksum', steps: [['>', 'S', { seq: 1, checksum: 1 }, 'INVALID', 'none']] },
  {
    name: 'a wrong checksum that nobody looks at',
    sysctls: { nf_conntrack_checksum: '0' },
    steps: [['>', 'S', { seq: 1, checksum: 1 }, 'NEW', 'SYN_SENT 120']],
  },
  { name: 'a header longer than the packet', steps: [['>', 'S', { dataOffset: 8 }, 'INVALID', 'none']] },
  { name: 'a header shorter than a header', steps: [['>', 'S', { dataOffset: 4 }, 'INVALID', 'none']] },
  {
    name: 'an established connection is not touched by ACKs that are broken',
    steps: [
      ...OPEN,
      ['>', 'A', { seq: 101, ack: 501, dataOffset: 4 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['>', 'A', { seq: 101, ack: 501, dataOffset: 0 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['>', 'A', { seq: 101, ack: 501, dataOffset: 6 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['<', 'A', { seq: 501, ack: 101, checksum: 1 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
      ['<', 'A', { seq: 501, ack: 101 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
    ],
  },
]

describe('TCP, segment by segment', () => {
  it.each(SEQUENCES)('$name', ({ steps, sysctls = {} }) => {
    const tracker = new Tracker()
    for (const [key, value] of Object.entries(sysctls)) {
      tracker.conntrack.setSysctl(tracker.block, `net.netfilter.${key}`, value)
    }
    const seen = steps.map(([direction, flags, header]) => {
      const forth = direction === '>'
      const packet = tcpPacket(forth ? CLIENT : SERVER, forth ? SERVER : CLIENT, flags, header)
      const { state } = tracker.forward(packet)
      return [state, entryOf(tracker)]
    })
    expect(seen).toEqual(steps.map(([, , , state, entry]) => [state, entry]))
  })
})

function entryOf(tracker: Tracker): string {
  const [entry] = tracker.conntrack.list(tracker.netnsId)
  if (!entry) return 'none'
  return `${entry.state} ${entry.timeout}${entry.assured ? ' ASSURED' : ''}`
}
