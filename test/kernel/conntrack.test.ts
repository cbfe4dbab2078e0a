/** The engine's trackers against the kernel's, packet by packet, over random conversations. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { Random } from '../../src/sim/random.ts'
import { exchange } from '../support/conntrack/datagrams.ts'
import { association } from '../support/conntrack/associations.ts'
import { conversation } from '../support/conntrack/segments.ts'
import { Tracker } from '../support/conntrack/tracker.ts'
import { ipPacket, tcp } from '../support/packet/build.ts'
import { sctp } from '../support/packet/sctp.ts'
import { compareForwarding, type Sent } from './harness/forwarding.ts'
import { Kernel, whyNoKernel } from './harness/kernel.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

const SEEDS = [1, 2, 3]

type Sysctls = readonly (readonly [string, string])[]
const SETTINGS: readonly (readonly [string, Sysctls])[] = [
  ['as it comes', []],
  ['be_liberal', [['nf_conntrack_tcp_be_liberal', '1']]],
  ['not loose', [['nf_conntrack_tcp_loose', '0']]],
  ['ignoring invalid RSTs', [['nf_conntrack_tcp_ignore_invalid_rst', '1']]],
  ['without checksums', [['nf_conntrack_checksum', '0']]],
]

describe.skipIf(why !== undefined)('conntrack, as the kernel does it', { timeout: 300_000 }, () => {
  let kernel: Kernel
  beforeAll(() => {
    kernel = new Kernel()
  })
  afterAll(() => kernel?.stop())

  interface Packet {
    readonly flow: number
    readonly side: 'a' | 'b'
    readonly packet: Uint8Array
    readonly label: string
    readonly after?: number
  }

  async function compare(packets: readonly Packet[], sysctls: Sysctls = []): Promise<void> {
    const tracker = new Tracker({ entries: 16_384 })
    for (const [key, value] of sysctls) {
      tracker.conntrack.setSysctl(tracker.block, `net.netfilter.${key}`, value)
    }
    const sent: Sent[] = packets.map((one) => {
      tracker.pass(one.after ?? 0)
      const { state, packet } = tracker.forward(one.packet)
      return { ...one, state, out: state === null ? null : packet }
    })
    const setup = sysctls.map(
      ([key, value]) => `ip netns exec node sysctl -q -w net.netfilter.${key}=${value}`,
    )
    await compareForwarding(kernel, tracker, sent, setup)
  }

  it.each(SETTINGS)('TCP conversations, %s', async (_, sysctls) => {
    for (const seed of SEEDS) {
      const random = new Random(seed)
      await compare(
        flows(400, (flow) => tcpFlow(random, flow)),
        sysctls,
      )
    }
  })

  it.each([
    ['as it comes', []],
    ['without checksums', [['nf_conntrack_checksum', '0']]],
  ] satisfies [string, Sysctls][])('SCTP associations, %s', async (_, sysctls) => {
    for (const seed of SEEDS) {
      const random = new Random(seed)
      await compare(
        flows(400, (flow) => sctpFlow(random, flow)),
        sysctls,
      )
    }
  })

  it.each([
    ['as it comes', []],
    ['without checksums', [['nf_conntrack_checksum', '0']]],
  ] satisfies [string, Sysctls][])('datagrams, pings, errors and the rest, %s', async (_, sysctls) => {
    for (const seed of SEEDS) {
      const random = new Random(seed)
      await compare(
        flows(300, (flow) => exchange(random, flow).map((one) => ({ flow, ...one }))),
        sysctls,
      )
    }
  })

  it('UDP flows that go on for more than two seconds', async () => {
    const random = new Random(7)
    const packets = flows(60, (flow) =>
      exchange(random, flow, ['udp', 'udplite']).map((one) => ({ flow, ...one })),
    )
    const rounds = [0, 1, 2].flatMap((round) =>
      packets.map((one, i) => ({ ...one, ...(round > 0 && i === 0 && { after: 1500 }) })),
    )
    await compare(rounds)
  })

  function flows(count: number, one: (flow: number) => readonly Packet[]): Packet[] {
    return Array.from({ length: count }, (_, flow) => one(flow)).flat()
  }

  function addresses(random: Random): { client: string; server: string } {
    return random.below(4) === 0
      ? { client: 'fd00:1::2', server: 'fd00:2::2' }
      : { client: '10.0.1.2', server: '10.0.2.2' }
  }

  function tcpFlow(random: Random, flow: number): Packet[] {
    const { client, server } = addresses(random)
    const port = 2000 + flow
    return conversation(random, 2 + random.below(12)).map(({ from, header }) => {
      const mine = from === 'client'
      const ip = { source: mine ? client : server, destination: mine ? server : client }
      const ports = mine ? [port, 80] : [80, port]
      const segment = tcp(ip, { sourcePort: ports[0]!, destinationPort: ports[1]!, ...header })
      const { flags, seq, ack, window, options, payload } = header
      const label = `${from} ${flags} seq ${seq} ack ${ack} win ${window} len ${payload?.length} opt ${options?.join()}`
      return { flow, side: mine ? 'a' : 'b', packet: ipPacket(ip, segment), label }
    })
  }

  function sctpFlow(random: Random, flow: number): Packet[] {
    const { client, server } = addresses(random)
    const port = 2000 + flow
    return association(random, 2 + random.below(12)).map(({ from, header }) => {
      const mine = from === 'client'
      const ip = { source: mine ? client : server, destination: mine ? server : client }
      const ports = mine ? [port, 80] : [80, port]
      const segment = sctp({ sourcePort: ports[0]!, destinationPort: ports[1]!, ...header })
      const chunks = header.chunks.map(({ type, flags = 0 }) => `${type}/${flags}`)
      const label = `${from} tag ${header.tag} chunks ${chunks.join()} sum ${header.checksum ?? 'right'}`
      return { flow, side: mine ? 'a' : 'b', packet: ipPacket(ip, segment), label }
    })
  }
})
