import { describe, expect, it } from 'vitest'
import {
  conntrackProtocol,
  parseConntrack,
  parseConntrackList,
  printConntrack,
} from '../../../src/kernel/conntrack.ts'

/** What conntrack-tools 1.4.7 printed on Linux 6.18. */
const LISTING = [
  'tcp      6 99 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.9.9 dst=10.0.0.1 sport=8080 dport=1001 mark=0 use=1',
  'dccp     33 599 src=127.0.0.1 dst=127.0.0.1 sport=0 dport=0 [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 sport=0 dport=0 mark=0 use=1',
  'unknown  99 599 src=127.0.0.1 dst=127.0.0.1 [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 mark=0 use=1',
  'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=54 zone-orig=7 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=54 dport=1001 mark=0 use=1',
  'tcp      6 99 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=5 use=1',
  'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=55 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=55 dport=1001 zone-reply=8 mark=0 use=1',
  'udp      17 29 src=::1 dst=::1 sport=39755 dport=9 [UNREPLIED] src=::1 dst=::1 sport=9 dport=39755 mark=0 use=1',
  'sctp     132 29 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 mark=0 use=1',
  'gre      47 29 src=127.0.0.1 dst=127.0.0.1 srckey=0x0 dstkey=0x0 [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 srckey=0x0 dstkey=0x0 mark=0 use=1',
  'udplite  136 29 src=127.0.0.1 dst=127.0.0.1 sport=45058 dport=9 [UNREPLIED] src=127.0.0.1 dst=127.0.0.1 sport=9 dport=45058 mark=0 use=1',
  'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=53 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1001 mark=0 zone=7 use=1',
  'icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=7 mark=0 use=1',
]

describe('conntrack -L', () => {
  it.each(LISTING)('prints what it parsed: %s', (line) => {
    expect(printConntrack(parseConntrack(line))).toBe(line)
  })

  it('prints and parses -o extended', () => {
    const lines = [`ipv4     2 ${LISTING[0]}`, `ipv6     10 ${LISTING[6]}`]
    const entries = parseConntrackList(lines.join('\n') + '\n')
    expect(entries.map((entry) => entry.family)).toEqual(['ipv4', 'ipv6'])
    expect(entries.map((entry) => printConntrack(entry, { extended: true }))).toEqual(lines)
  })

  it('reads both tuples, flags, mark and zone', () => {
    expect(parseConntrack(LISTING[4]!)).toEqual({
      family: 'ipv4',
      protocol: 6,
      timeout: 99,
      state: 'ESTABLISHED',
      original: { source: '10.0.0.1', destination: '10.0.0.2', ports: { source: 1000, destination: 80 } },
      reply: { source: '10.0.0.2', destination: '10.0.0.1', ports: { source: 80, destination: 1000 } },
      replied: true,
      assured: true,
      mark: 5,
      zone: { original: 0, reply: 0 },
      use: 1,
    })
  })

  it.each([
    ['tcp', 'the line ends where the protocol number is expected'],
    ['udp 6 30 src=1.2.3.4 dst=1.2.3.5', '6: protocol 6 is not udp'],
    ['tcp 6 x', 'x: the timeout must be a number up to 4294967295'],
    ['udp 17 30 dst=1.2.3.4', 'dst=1.2.3.4: src= is expected'],
    [
      'udp 17 30 src=1.2.3.4 dst=1.2.3.5 sport=70000 dport=1',
      'sport=70000: sport must be a number up to 65535',
    ],
    [`${LISTING[0]} [STRANGE]`, '[STRANGE]: not understood'],
  ])('names the word at fault in %j', (line, message) => {
    expect(() => parseConntrack(line)).toThrow(message)
  })

  it('knows protocols by name and number', () => {
    expect(['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', '99', 'nonsense', '256'].map(conntrackProtocol)).toEqual([
      6,
      17,
      132,
      1,
      58,
      99,
      undefined,
      undefined,
    ])
  })
})
