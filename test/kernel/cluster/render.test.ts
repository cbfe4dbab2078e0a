/** What `podwire render --as script` prints loads into a real kernel and behaves there as in the engine. */
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { Kernel, whyNoKernel } from '../harness/index.ts'
import { compareRendered, pod, renderCluster, silent, type FirstPacket, type Rendered } from './rendered.ts'
import { ANNOUNCED_ELSEWHERE, SERVICES } from './services.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

const GUESTBOOK = fileURLToPath(new URL('../../../examples/guestbook', import.meta.url))
const OUTSIDE = 'outside'
/** Packets of one run: each that has a choice of endpoints doubles the seeds that are tried. */
const AT_ONCE = 5

interface Addresses {
  readonly services: readonly [both: string, local: string, nobody: string]
  readonly nodes: readonly [string, string]
  /** Load balancer and external addresses of `both`. */
  readonly published: readonly string[]
  readonly outside: string
}

const V4: Addresses = {
  services: ['10.96.7.1', '10.96.7.2', '10.96.7.3'],
  nodes: ['172.18.0.2', '172.18.0.3'],
  published: ['203.0.113.77', '192.0.2.7'],
  outside: '198.51.100.10',
}
const V6: Addresses = {
  services: ['fd00:10:96::701', 'fd00:10:96::702', 'fd00:10:96::703'],
  nodes: ['fd00:172:18::2', 'fd00:172:18::3'],
  published: ['2001:db8:113::77'],
  outside: '2001:db8:100::10',
}

describe.skipIf(why !== undefined)('podwire render --as script in the kernel and in the engine', () => {
  const kernel = new Kernel()
  afterAll(() => kernel.stop())

  /** Once with hosts that refuse everything, once with hosts that say nothing. */
  const compare = async (rendered: Rendered, packets: readonly FirstPacket[]): Promise<void> => {
    for (const each of [rendered, silent(rendered)]) {
      let captured = 0
      let masked = 0
      for (let first = 0; first < packets.length; first += AT_ONCE) {
        const some = packets.slice(first, first + AT_ONCE)
        const { report, framesCaptured, masks } = await compareRendered(kernel, each, some)
        expect(report).toBe('')
        captured += framesCaptured
        masked += masks.get('random-port') ?? 0
      }
      expect(captured).toBeGreaterThan(packets.length)
      expect(masked).toBeGreaterThan(0)
    }
  }

  it('the guestbook', async () => {
    const rendered = await renderCluster([GUESTBOOK])
    await compare(rendered, guestbookPackets(rendered))
  })

  it('one node of the guestbook', async () => {
    const rendered = await renderCluster([GUESTBOOK], { node: 'node-1' })
    expect(rendered.nodes).toEqual(['node-1'])
    await compare(rendered, guestbookPackets(rendered))
  })

  it('services of every kind, in both families', async () => {
    const rendered = await renderCluster([SERVICES])
    await compare(rendered, servicePackets(rendered, V4))
    await compare(rendered, servicePackets(rendered, V6))
  })

  it('one node of them, with an address that the other node announces', async () => {
    const rendered = await renderCluster([SERVICES, ANNOUNCED_ELSEWHERE], { node: 'node-1' })
    await compare(rendered, servicePackets(rendered, V4))
  })
})

function guestbookPackets(rendered: Rendered): FirstPacket[] {
  const address = (service: string): string =>
    rendered.cluster.view.services().find(({ metadata }) => metadata.name === service)!.spec.clusterIP!
  const [redis, frontend] = [address('redis'), address('frontend')]
  const stranger = pod(rendered, 'stranger')
  const web = pod(rendered, 'frontend')
  const store = rendered.hosts.filter((host) => host.startsWith('default_redis'))
  return [
    { from: stranger, to: redis, port: 6379 },
    { from: web, to: redis, port: 6379 },
    ...store.map((from) => ({ from, to: redis, port: 6379 })),
    { from: stranger, to: redis, port: 80 },
    { from: stranger, to: frontend },
    { from: web, to: frontend },
    { from: stranger, to: V4.nodes[0], port: 30080 },
    { from: stranger, to: V4.nodes[1], port: 30080 },
    { from: OUTSIDE, to: V4.nodes[0], port: 30080 },
    { from: OUTSIDE, to: V4.nodes[1], port: 30080 },
    { from: OUTSIDE, to: frontend },
    { from: OUTSIDE, to: V4.nodes[0], port: 30081 },
    { from: stranger, to: V4.outside },
    { from: stranger, to: redis, protocol: 'icmp' },
    { from: OUTSIDE, to: V4.nodes[1], protocol: 'icmp' },
  ]
}

function servicePackets(rendered: Rendered, { services, nodes, published }: Addresses): FirstPacket[] {
  const [both, local, nobody] = services
  const client = pod(rendered, 'client')
  const echo = pod(rendered, 'echo')
  return [
    ...[both, local, nobody].map((to) => ({ from: client, to, port: 7 })),
    { from: client, to: both, port: 7, protocol: 'udp' },
    { from: echo, to: local, port: 7 },
    ...published.flatMap((to) => [client, OUTSIDE].map((from) => ({ from, to, port: 7 }))),
    ...[client, OUTSIDE].flatMap((from) => [
      { from, to: nodes[1], port: 30007 },
      { from, to: nodes[0], port: 30008, protocol: 'udp' as const },
      { from, to: nodes[0], port: 30017 },
      { from, to: nodes[0], port: 30027 },
    ]),
  ]
}
