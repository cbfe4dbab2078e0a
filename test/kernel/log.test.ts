/** The lines of LOG: what the kernel writes into its log, and what the engine's records say. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Lab } from '../../src/lab/index.ts'
import { icmp, ipPacket, tcp, udp, fragments } from '../support/packet/build.ts'
import { Kernel, whyNoKernel, type CaseFrame } from './harness/index.ts'
import { a } from './harness/sides.ts'
import { TOPOLOGY } from './harness/topology.ts'

/** Namespaces but the first write no line unless this is set; it is one setting for the machine. */
const ALL_NETNS = '/proc/sys/net/netfilter/nf_log_all_netns'
const why = whyNoKernel() ?? (existsSync(ALL_NETNS) ? undefined : `there is no ${ALL_NETNS}`)
if (why !== undefined) console.log(`skipped: ${why}`)

/** Whose lines these are. */
const MARK = `podwire${process.pid}`
const A4 = { source: '10.0.1.2', destination: '10.0.2.2' }
const A6 = { source: 'fd00:1::2', destination: 'fd00:2::2' }
const HERE4 = { source: '10.0.1.2', destination: '10.0.1.1' }
const HERE6 = { source: 'fd00:1::2', destination: 'fd00:1::1' }
const OPTIONS = Uint8Array.of(2, 4, 5, 180, 1, 1, 4, 2)

const log = (tool: string, chain: string, options: string): string =>
  `ip netns exec node ${tool} -t mangle -A ${chain} -j LOG --log-prefix "${MARK} ${chain.slice(0, 3)}${options === '' ? '' : 2} " ${options}`

const EVERYTHING = '--log-tcp-sequence --log-tcp-options --log-ip-options --log-level debug'
const RULES = ['iptables', 'ip6tables'].flatMap((tool) => [
  ...['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((chain) => log(tool, chain, '')),
  log(tool, 'PREROUTING', EVERYTHING),
  log(tool, 'INPUT', '--log-macdecode'),
  `ip netns exec node ${tool} -t mangle -I FORWARD -j MARK --set-mark 0xfeed`,
])

const inner4 = (bytes: Uint8Array): Uint8Array => bytes.slice(0, 28)
const error4 = (type: number, code: number, word: number, about: Uint8Array): CaseFrame =>
  a.packet(ipPacket(A4, icmp(A4, { type, code, word, payload: about })))
const error6 = (type: number, code: number, word: number, about: Uint8Array): CaseFrame =>
  a.packet(ipPacket(A6, icmp(A6, { type, code, word, payload: about })))
const other = { source: '10.0.2.2', destination: '10.0.1.2' }
const other6 = { source: 'fd00:2::2', destination: 'fd00:1::2' }
const long = udp(A4, { sourcePort: 7, destinationPort: 9, payload: new Uint8Array(64) })

const FRAMES: readonly CaseFrame[] = [
  a.tcp(
    { ...A4, id: 77, dontFragment: true, tos: 0x48 },
    { sourcePort: 1000, destinationPort: 80, flags: 'S', seq: 5, options: OPTIONS },
  ),
  a.tcp(A4, {
    sourcePort: 1000,
    destinationPort: 80,
    flags: 'FPUEWA',
    seq: 4_000_000_000,
    ack: 9,
    urgent: 3,
    reserved: 5,
    window: 1,
  }),
  a.udp(
    { ...A4, options: Uint8Array.of(1, 1, 1, 0) },
    { sourcePort: 53, destinationPort: 53, payload: new Uint8Array(9) },
  ),
  a.icmp(HERE4, { type: 8, word: 0x12345678 }),
  a.udp(HERE4, { sourcePort: 1, destinationPort: 2 }),
  error4(3, 4, 1400, inner4(ipPacket(other, udp(other, { sourcePort: 5, destinationPort: 6 })))),
  error4(3, 1, 0, ipPacket(other, tcp(other, { sourcePort: 5, destinationPort: 6, options: OPTIONS }))),
  error4(11, 0, 0, ipPacket(other, icmp(other, { type: 3, payload: new Uint8Array(28) }))),
  error4(12, 0, 0x14000000, inner4(ipPacket(other, udp(other, { sourcePort: 5, destinationPort: 6 })))),
  error4(5, 1, 0x0a000105, inner4(ipPacket(other, udp(other, { sourcePort: 5, destinationPort: 6 })))),
  error4(3, 1, 0, new Uint8Array(4)),
  a.packet(ipPacket(A4, { protocol: 132, bytes: new Uint8Array(12) })),
  a.packet(ipPacket(A4, { protocol: 50, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })),
  a.packet(ipPacket(A4, { protocol: 51, bytes: Uint8Array.of(6, 1, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0) })),
  a.packet(ipPacket(A4, { protocol: 6, bytes: new Uint8Array(8) })),
  a.packet(ipPacket(A4, { protocol: 17, bytes: new Uint8Array(3) })),
  ...fragments({ ...A4, id: 9 }, long, [24, 48]).map((packet) => a.packet(packet)),
  a.tcp(
    { ...A6, tos: 0x21, flowLabel: 0x54321 },
    { sourcePort: 1000, destinationPort: 80, flags: 'S', options: OPTIONS },
  ),
  a.icmp(HERE6, { type: 128, word: 0x00010002 }),
  a.packet(
    ipPacket(
      { ...A6, extensions: [[60, new Uint8Array(8)]] },
      udp(A6, { sourcePort: 7, destinationPort: 9 }),
    ),
  ),
  error6(2, 0, 1400, ipPacket(other6, udp(other6, { sourcePort: 5, destinationPort: 6 }))),
  error6(4, 1, 40, ipPacket(other6, tcp(other6, { sourcePort: 5, destinationPort: 6 }))),
  error6(1, 4, 0, ipPacket(other6, icmp(other6, { type: 128, word: 3 }))),
  a.packet(ipPacket(A6, { protocol: 132, bytes: new Uint8Array(12) })),
  a.packet(
    ipPacket(
      { ...A6, extensions: [[51, Uint8Array.of(0, 1, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0)]] },
      udp(A6, { sourcePort: 7, destinationPort: 9 }),
    ),
  ),
]

/** Numbers that the kernel draws for packets of its own. */
const drawn = (line: string): string =>
  line.replace(/(IN= OUT=\S+ SRC=10\.\S+ DST=\S+ LEN=\d+ TOS=\S+ PREC=\S+ TTL=\d+) ID=\d+/, '$1 ID=…')

describe.skipIf(why !== undefined)('LOG writes the lines of the kernel', () => {
  const kernel = new Kernel()
  let before = ''
  beforeAll(() => {
    before = readFileSync(ALL_NETNS, 'utf8')
    writeFileSync(ALL_NETNS, '1')
  })
  afterAll(async () => {
    writeFileSync(ALL_NETNS, before)
    await kernel.stop()
  })

  it('for every hook and header', async () => {
    const script = [TOPOLOGY, ...RULES].join('\n')
    await kernel.outcome({ script, frames: FRAMES }, [])
    const expected = execFileSync('dmesg', ['-t'], { encoding: 'utf8', maxBuffer: 1 << 26 })
      .split('\n')
      .filter((line) => line.startsWith(MARK))
      .map((line) => drawn(line.trimEnd()))
    const lab = new Lab({ start: 1_700_000_000_000 })
    lab.run(script)
    for (const { port, bytes } of FRAMES) lab.inject(port.netns, port.link, bytes)
    const records = lab.takeLog()
    expect(records.map(({ line }) => drawn(line))).toEqual(expected)
    expect(records.length).toBeGreaterThan(100)
    expect(new Set(records.map(({ netns }) => netns))).toEqual(new Set(['node']))
    expect(new Set(records.map(({ level }) => level))).toEqual(new Set([4, 7]))
  })
})
