/** The engine's NAT against the kernel's: what leaves, byte for byte, what is quoted in errors, and the table. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { NF_NAT_RANGE_PERSISTENT, NF_NAT_RANGE_PROTO_OFFSET } from '../../src/abi/nat.ts'
import { Random } from '../../src/sim/random.ts'
import { Tracker, type ForwardOptions, type Range } from '../support/conntrack/tracker.ts'
import { translatedExchange } from '../support/conntrack/translated.ts'
import { compareForwarding, type Sent } from './harness/forwarding.ts'
import { Kernel, whyNoKernel } from './harness/kernel.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

interface Scenario {
  readonly name: string
  readonly v6?: boolean
  /** iptables arguments after `-t nat`. */
  readonly rules: readonly string[]
  readonly dnat?: Range
  readonly snat?: Range
  readonly address: string
  readonly port?: number
}

const VIP = '10.0.9.9'
const VIP6 = 'fd00:9::9'
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const
const dnat = (to: string) => `-A PREROUTING -d ${VIP} -j DNAT --to-destination ${to}`
const dnat6 = (to: string) => `-A PREROUTING -d ${VIP6} -j DNAT --to-destination ${to}`
const dnatPort = (to: string) =>
  PROTOCOLS.map((p) => `-A PREROUTING -d ${VIP} -p ${p} -j DNAT --to-destination ${to}`)

const SCENARIOS: readonly Scenario[] = [
  { name: 'no rules', rules: ['-N UNUSED'], address: '10.0.2.2' },
  { name: 'no rules, IPv6', v6: true, rules: ['-N UNUSED'], address: 'fd00:2::2' },
  { name: 'DNAT', rules: [dnat('10.0.2.2')], dnat: { addresses: ['10.0.2.2', '10.0.2.2'] }, address: VIP },
  {
    name: 'DNAT, IPv6',
    v6: true,
    rules: [dnat6('fd00:2::2')],
    dnat: { addresses: ['fd00:2::2', 'fd00:2::2'] },
    address: VIP6,
  },
  {
    name: 'DNAT to a range of addresses',
    rules: [dnat('10.0.2.2-10.0.2.3')],
    dnat: { addresses: ['10.0.2.2', '10.0.2.3'] },
    address: VIP,
  },
  {
    name: 'DNAT to a range of addresses, persistent',
    rules: [`${dnat('10.0.2.2-10.0.2.3')} --persistent`],
    dnat: { addresses: ['10.0.2.2', '10.0.2.3'], flags: NF_NAT_RANGE_PERSISTENT },
    address: VIP,
  },
  {
    name: 'DNAT to a range of addresses, IPv6',
    v6: true,
    rules: [dnat6('fd00:2::2-fd00:2::3')],
    dnat: { addresses: ['fd00:2::2', 'fd00:2::3'] },
    address: VIP6,
  },
  {
    name: 'SNAT',
    rules: ['-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1'],
    snat: { addresses: ['10.0.2.1', '10.0.2.1'] },
    address: '10.0.2.2',
  },
  {
    name: 'SNAT, IPv6',
    v6: true,
    rules: ['-A POSTROUTING -o eth1 -j SNAT --to-source fd00:2::1'],
    snat: { addresses: ['fd00:2::1', 'fd00:2::1'] },
    address: 'fd00:2::2',
  },
  {
    name: 'SNAT to a range of addresses',
    rules: ['-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.100-10.0.2.163'],
    snat: { addresses: ['10.0.2.100', '10.0.2.163'] },
    address: '10.0.2.2',
  },
  {
    name: 'SNAT to a range of addresses, persistent',
    rules: ['-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.100-10.0.2.163 --persistent'],
    snat: { addresses: ['10.0.2.100', '10.0.2.163'], flags: NF_NAT_RANGE_PERSISTENT },
    address: '10.0.2.2',
  },
  {
    name: 'both sides',
    rules: [dnat('10.0.2.2'), '-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.2.1'],
    dnat: { addresses: ['10.0.2.2', '10.0.2.2'] },
    snat: { addresses: ['10.0.2.1', '10.0.2.1'] },
    address: VIP,
  },
  {
    name: 'both sides, IPv6',
    v6: true,
    rules: [dnat6('fd00:2::2'), '-A POSTROUTING -o eth1 -j SNAT --to-source fd00:2::1'],
    dnat: { addresses: ['fd00:2::2', 'fd00:2::2'] },
    snat: { addresses: ['fd00:2::1', 'fd00:2::1'] },
    address: VIP6,
  },
  {
    name: 'DNAT with a port',
    rules: dnatPort('10.0.2.2:8080'),
    dnat: { addresses: ['10.0.2.2', '10.0.2.2'], ports: [8080, 8080] },
    address: VIP,
  },
  {
    name: 'DNAT to a range of ports',
    rules: dnatPort('10.0.2.2:8000-8100'),
    dnat: { addresses: ['10.0.2.2', '10.0.2.2'], ports: [8000, 8100] },
    address: VIP,
  },
  {
    name: 'DNAT to ports shifted from a base',
    rules: dnatPort('10.0.2.2:8000-8100/60'),
    dnat: {
      addresses: ['10.0.2.2', '10.0.2.2'],
      ports: [8000, 8100],
      base: 60,
      flags: NF_NAT_RANGE_PROTO_OFFSET,
    },
    address: VIP,
  },
  {
    name: 'SNAT to ports that fit already',
    rules: PROTOCOLS.map((p) => `-A POSTROUTING -o eth1 -p ${p} -j SNAT --to-source 10.0.2.1:20000-40000`),
    snat: { addresses: ['10.0.2.1', '10.0.2.1'], ports: [20_000, 40_000] },
    address: '10.0.2.2',
  },
]

describe.skipIf(why !== undefined)('NAT, as the kernel does it', { timeout: 300_000 }, () => {
  let kernel: Kernel
  beforeAll(() => {
    kernel = new Kernel()
  })
  afterAll(() => kernel?.stop())

  it.each(SCENARIOS)('$name', async (scenario) => {
    const random = new Random(11)
    const tracker = new Tracker({ entries: 16_384 })
    const sent: Sent[] = []
    for (let flow = 0; flow < 200; flow++) {
      const [one, two] = scenario.v6 ? ['fd00:1::2', 'fd00:1::3'] : ['10.0.1.2', '10.0.1.3']
      const target = {
        client: random.below(2) === 0 ? one! : two!,
        destination: scenario.address,
        port: scenario.port ?? 80,
        sourcePort: 20_000 + flow,
        portsOnly: scenario.dnat?.ports !== undefined,
      }
      translatedExchange(random, target, (side, packet, label) => {
        const { state, packet: out } = tracker.forward(packet, ranges(scenario, side, packet))
        sent.push({ flow, side, packet, label, state, out: state === null ? null : out })
        return state === null ? null : out
      })
    }
    const tool = scenario.v6 ? 'ip6tables' : 'iptables'
    const setup = scenario.rules.map((rule) => `ip netns exec node ${tool} -t nat ${rule}`)
    await compareForwarding(kernel, tracker, sent, setup)
  })

  /** What the rules say to a packet that begins a connection. */
  function ranges({ dnat, snat }: Scenario, side: 'a' | 'b', packet: Uint8Array): ForwardOptions {
    if (side === 'b') return { nat: true }
    const protocol = packet[0]! >> 4 === 6 ? packet[6] : packet[9]
    const portless = protocol === 1 || protocol === 58
    const applies = (range: Range | undefined) => range !== undefined && !(range.ports && portless)
    return { nat: true, ...(applies(dnat) && { dnat: dnat! }), ...(applies(snat) && { snat: snat! }) }
  }
})
