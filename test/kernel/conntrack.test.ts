/**
 * The engine's tracker against the kernel's, packet by packet: a node forwards random conversations, and writes what
 * `-m conntrack --ctstate` says of each packet into its TTL. Then the tables are compared.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConntrackList, printConntrack, type ConntrackEntry } from '../../src/kernel/conntrack.ts'
import { Random } from '../../src/sim/random.ts'
import { conversation } from '../support/conntrack/segments.ts'
import { Tracker, type CtState } from '../support/conntrack/tracker.ts'
import { ipPacket, tcp } from '../support/packet/build.ts'
import type { CaseFrame } from './harness/case.ts'
import { Kernel, whyNoKernel } from './harness/kernel.ts'
import { a, b } from './harness/sides.ts'
import { TOPOLOGY } from './harness/topology.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

const TTL: ReadonlyMap<number, CtState> = new Map([
  [10, 'INVALID'],
  [20, 'NEW'],
  [30, 'ESTABLISHED'],
  [40, 'RELATED'],
  [50, 'UNTRACKED'],
])
const MARKING = [...TTL].flatMap(([ttl, state]) => [
  `ip netns exec node iptables -t mangle -A POSTROUTING -m conntrack --ctstate ${state} -j TTL --ttl-set ${ttl}`,
  `ip netns exec node ip6tables -t mangle -A POSTROUTING -m conntrack --ctstate ${state} -j HL --hl-set ${ttl}`,
])
/** Seconds that real time may have taken off a timeout. */
const SLACK = 4

/** A packet of one of many flows, and which side sends it. */
interface Sent {
  readonly flow: number
  readonly side: typeof a
  readonly packet: Uint8Array
  readonly label: string
}

describe.skipIf(why !== undefined)('conntrack, as the kernel does it', () => {
  let kernel: Kernel
  beforeAll(() => {
    kernel = new Kernel()
  })
  afterAll(() => kernel?.stop())

  async function compare(
    sent: readonly Sent[],
    setup: readonly string[] = [],
    tune: (t: Tracker) => void = () => {},
  ) {
    const frames: CaseFrame[] = sent.map(({ side, packet }) => side.packet(packet))
    const script = [TOPOLOGY, ...MARKING, ...setup].join('\n')
    const { captured, outputs } = await kernel.outcome({ script, frames, watch: [a.port, b.port] }, [
      'ip netns exec node conntrack -L',
    ])
    const theirs = new Map(
      captured.map(({ cause, bytes }) => [cause, TTL.get(bytes[14 + (bytes[14]! >> 4 === 6 ? 7 : 8)]!)]),
    )
    const tracker = new Tracker({ entries: 16_384 })
    tune(tracker)
    const differences = new Map<number, string[]>()
    const ours = sent.map(({ packet }) => tracker.forward(packet, { nat: true }).state)
    sent.forEach(({ flow }, index) => {
      const kernelSays = theirs.get(index) ?? null
      if (kernelSays !== ours[index]) {
        differences.set(flow, [
          ...(differences.get(flow) ?? []),
          `packet ${index}: kernel ${kernelSays}, engine ${ours[index]}`,
        ])
      }
    })
    const first = [...differences.keys()][0]
    if (first !== undefined) {
      const story = sent.flatMap(({ flow, label }, i) =>
        flow === first ? [`${i} ${label} kernel=${theirs.get(i)} engine=${ours[i]}`] : [],
      )
      expect.fail(`${differences.size} flows differ; the first:\n${story.join('\n')}`)
    }
    const [left, right] = [
      parseConntrackList(outputs[0]!.text),
      parseConntrackList(tracker.list().join('\n')),
    ]
    expect(tableOf(right)).toEqual(tableOf(left))
    const timeouts = new Map(left.map((entry) => [keyOf(entry), entry.timeout]))
    const off = right.filter((entry) => {
      const theirs = timeouts.get(keyOf(entry))!
      return entry.timeout < theirs || entry.timeout > theirs + SLACK
    })
    expect(off.map((entry) => `${printConntrack(entry)}: kernel ${timeouts.get(keyOf(entry))}`)).toEqual([])
  }

  const keyOf = (entry: ConntrackEntry) => printConntrack({ ...entry, timeout: 0 })
  const tableOf = (entries: readonly ConntrackEntry[]) => entries.map(keyOf).sort()

  const TCP_SETUPS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['as it comes', []],
    ['be_liberal', [['nf_conntrack_tcp_be_liberal', '1']]],
    ['not loose', [['nf_conntrack_tcp_loose', '0']]],
    ['ignoring invalid RSTs', [['nf_conntrack_tcp_ignore_invalid_rst', '1']]],
    ['without checksums', [['nf_conntrack_checksum', '0']]],
  ]
  it.each(TCP_SETUPS)('TCP conversations, %s', { timeout: 120_000 }, async (_, sysctls) => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed)
      const sent = Array.from({ length: 400 }, (_unused, flow) => tcpFlow(random, flow)).flat()
      const setup = sysctls.map(
        ([key, value]) => `ip netns exec node sysctl -q -w net.netfilter.${key}=${value}`,
      )
      await compare(sent, setup, (tracker) => {
        for (const [key, value] of sysctls)
          tracker.conntrack.setSysctl(tracker.block, `net.netfilter.${key}`, value)
      })
    }
  })

  function tcpFlow(random: Random, flow: number): Sent[] {
    const v6 = random.below(4) === 0
    const client = v6 ? 'fd00:1::2' : '10.0.1.2'
    const server = v6 ? 'fd00:2::2' : '10.0.2.2'
    const port = 2000 + flow
    return conversation(random, 2 + random.below(12)).map(({ from, header }) => {
      const mine = from === 'client'
      const ip = { source: mine ? client : server, destination: mine ? server : client }
      const ports = mine
        ? { sourcePort: port, destinationPort: 80 }
        : { sourcePort: 80, destinationPort: port }
      const { flags, seq, ack, window, options, payload } = header
      const label = `${from} ${flags} seq ${seq} ack ${ack} win ${window} len ${payload?.length} opt ${options?.join(',')}`
      return { flow, side: mine ? a : b, packet: ipPacket(ip, tcp(ip, { ...ports, ...header })), label }
    })
  }
})
