import { afterAll, describe, expect, it } from 'vitest'
import { LOOK } from './harness/case.ts'
import { describeFrame } from './harness/describe.ts'
import { Kernel, whyNoKernel } from './harness/kernel.ts'
import { a, b } from './harness/sides.ts'
import { TOPOLOGY } from './harness/topology.ts'

const why = whyNoKernel()
if (why !== undefined) console.log(`skipped: ${why}`)

describe.skipIf(why !== undefined)('the oracle itself: the real kernel', () => {
  const kernel = new Kernel()
  afterAll(() => kernel.stop())

  it('forwards a frame and counts it', async () => {
    const ip = { source: '10.0.1.2', destination: '10.0.2.2', ttl: 64, id: 7 }
    const outcome = await kernel.outcome(
      {
        script: `${TOPOLOGY}\nip netns exec node iptables -A FORWARD -p udp -m conntrack --ctstate NEW -j ACCEPT`,
        frames: [a.udp(ip, { sourcePort: 1000, destinationPort: 53, payload: Uint8Array.of(1, 2, 3) })],
        watch: [a.port, b.port],
      },
      LOOK,
    )
    expect(outcome.captured.map(({ port, bytes }) => `${port.netns}: ${describeFrame(bytes)}`)).toEqual([
      'b: 02:00:00:00:01:0b > 02:00:00:00:00:0b IP 10.0.1.2 > 10.0.2.2 ttl 63 tos 0 id 7 len 31' +
        ' cksum 64c4 udp 1000 > 53 len 11 cksum e0b5',
    ])
    expect(outcome.outputs[0]!.text).toContain(
      '[1:31] -A FORWARD -p udp -m conntrack --ctstate NEW -j ACCEPT',
    )
    expect(outcome.outputs[3]!.text).toMatch(
      /^udp +17 \d+ src=10\.0\.1\.2 dst=10\.0\.2\.2 sport=1000 dport=53/,
    )
  })

  it('says which command of a script failed', async () => {
    await kernel.reset()
    await expect(kernel.script('ip netns add node\nip netns exec node iptables -A NOWHERE')).rejects.toThrow(
      /exit 1[^]*No chain/,
    )
  })

  it('keeps frames of one interface in order, and their cause', async () => {
    const ip = { source: '10.0.1.2', destination: '10.0.2.2' }
    const frames = Array.from({ length: 300 }, (_, id) =>
      a.udp({ ...ip, id }, { sourcePort: 1, destinationPort: 2 }),
    )
    const { captured } = await kernel.outcome({ script: TOPOLOGY, frames, watch: [b.port] }, [])
    expect(captured.map(({ bytes }) => (bytes[18]! << 8) | bytes[19]!)).toEqual(frames.map((_, id) => id))
    expect(captured.filter(({ cause }, index) => cause !== index)).toEqual([])
  })
})
