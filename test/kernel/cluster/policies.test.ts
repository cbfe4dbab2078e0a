/** Network policies: what `podwire render --as script` prints of them does in a real kernel what it does in the engine. */
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { arbitraryCluster, objectsOf } from '../../../src/testing/arbitraries/index.ts'
import { podAddresses } from '../../../src/cluster/view.ts'
import { Kernel, whyNoKernel } from '../harness/index.ts'
import { RECIPES, WORKLOADS } from './policies.ts'
import { compareRendered, renderCluster, silent, type FirstPacket, type Rendered } from './rendered.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

const SEED = Number(process.env['PODWIRE_SEED'] ?? 1)
const CLUSTERS = Number(process.env['PODWIRE_RUNS'] ?? 4)

type Probe = Pick<FirstPacket, 'protocol' | 'port'>

const PROBES: readonly Probe[] = [
  { port: 80 },
  { port: 6379 },
  { port: 8080 },
  { port: 53, protocol: 'udp' },
  { protocol: 'icmp' },
]

describe.skipIf(why !== undefined)('network policies in the kernel and in the engine', () => {
  const kernel = new Kernel()
  afterAll(() => kernel.stop())

  const compare = async (rendered: Rendered, packets: readonly FirstPacket[]): Promise<number> => {
    const { report, framesCaptured } = await compareRendered(kernel, rendered, packets)
    expect(report).toBe('')
    return framesCaptured
  }

  /**
   * Datagrams in pieces, in a run of their own: a node joins them and cuts them again in the very buffers that a capture
   * of their arrival shows, so what arrives at nodes is not compared.
   */
  const compareFragments = async (rendered: Rendered): Promise<void> => {
    const datagrams = pairs(rendered)
      .filter(({ protocol }) => protocol === 'udp')
      .map((packet) => ({ ...packet, fragmented: true }))
    const { report } = await compareRendered(kernel, rendered, datagrams, { wires: false })
    expect(report).toBe('')
  }

  it('recipes: pods, the outside, nodes, Services, hairpins, fragments, addresses that are not the pod’s own', async () => {
    const rendered = await renderCluster([WORKLOADS, RECIPES])
    const packets = [...pairs(rendered), ...others(rendered)]
    expect(packets.length).toBeGreaterThan(300)
    const answered = await compare(rendered, packets)
    const unanswered = await compare(silent(rendered), packets)
    await compareFragments(rendered)
    // Some of them pass, and some do not.
    expect(unanswered).toBeGreaterThan(packets.length / 4)
    expect(answered).toBeGreaterThan(unanswered)
  })

  it('recipes that police connections again', async () => {
    const rendered = await renderCluster([WORKLOADS, RECIPES], { policy: { liveConnections: 're-evaluate' } })
    await compare(rendered, [...pairs(rendered), ...others(rendered)])
  })

  const plans = fc.sample(arbitraryCluster({ maxServices: 0 }), { seed: SEED, numRuns: CLUSTERS })
  it.each(plans.map((plan, index) => ({ plan, number: index + 1 })))(
    `cluster $number of seed ${SEED}`,
    async ({ plan }) => {
      const rendered = await renderCluster(objectsOf(plan), { nodes: plan.nodes })
      await compare(rendered, pairs(rendered))
      await compareFragments(rendered)
    },
  )
})

/** Every pod and the outside host to every pod, in both families. */
function pairs({ cluster, hosts }: Rendered): FirstPacket[] {
  const targets = cluster.view
    .pods()
    .filter(({ spec }) => spec.hostNetwork !== true)
    .flatMap(({ status }) => podAddresses(status))
  return hosts.flatMap((from) => targets.flatMap((to) => PROBES.map((probe) => ({ from, to, ...probe }))))
}

function others({ hosts }: Rendered): FirstPacket[] {
  const outside = ['198.51.100.10', '2001:db8:100::10']
  const nodes = ['172.18.0.2', '172.18.0.3', 'fd00:172:18::2', 'fd00:172:18::3']
  const services = ['10.96.7.31', 'fd00:10:96::731', '10.96.7.32', 'fd00:10:96::732']
  const ports = services.map((to, index) => ({ to, port: index < 2 ? 6379 : 8000 }))
  const pods = hosts.filter((host) => host !== 'outside')
  const front = 'default_front'
  return [
    ...hosts.flatMap((from) => [
      ...ports.map((each) => ({ from, ...each })),
      ...nodes.flatMap((to) => [
        { from, to, port: 10250 },
        { from, to, port: 30031 },
        { from, to, port: 30032 },
        { from, to, protocol: 'icmp' as const },
      ]),
    ]),
    ...pods.flatMap((from) => outside.flatMap((to) => PROBES.map((probe) => ({ from, to, ...probe })))),
    // Excepted addresses of the outside.
    { from: 'outside', to: '10.96.7.32', port: 8000, source: '198.51.100.77' },
    { from: 'outside', to: '172.18.0.2', port: 30032, source: '198.51.100.200' },
    // Another pod's address, and the node's.
    { from: front, to: '198.51.100.10', port: 53, protocol: 'udp', source: '10.244.0.3' },
    { from: front, to: '2001:db8:100::10', port: 53, protocol: 'udp', source: 'fd00:10:244::3' },
    { from: front, to: '10.244.1.2', port: 6379, source: '172.18.0.2' },
    // A link-local one, which is for neighbours.
    { from: front, to: 'fd00:172:18::2', port: 10250, source: 'fe80::9' },
    { from: front, to: 'fd00:10:244:1::2', port: 6379, source: 'fe80::9' },
  ]
}
