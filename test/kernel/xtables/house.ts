/** The house topology in the engine, without a lab: rulesets go in as models, frames as the oracle's. */
import { Engine } from '../../../src/engine/index.ts'
import type { Link } from '../../../src/kernel/net.ts'
import type { CapturedAt, CaseFrame } from '../harness/case.ts'
import { HOST_A, HOST_B, HOSTS_A, HOSTS_B, MAC } from '../harness/topology.ts'

const START = 1_700_000_000_000

const veth = (name: string, address: string): Link => ({ name, kind: 'veth', address, mtu: 1500, up: true })

export class House {
  readonly engine = Engine.create({ seed: 1 })
  readonly #side = { a: 'eth0', b: 'eth1' } as const

  constructor() {
    const { engine } = this
    engine.advanceTo(START)
    for (const name of ['node', 'a', 'b']) engine.netnsAdd(name)
    for (const name of ['a', 'b']) engine.sysctlSet(name, 'net.ipv6.conf.all.disable_ipv6', 1)
    engine.sysctlSet('node', 'net.ipv4.ip_forward', 1)
    engine.sysctlSet('node', 'net.ipv6.conf.all.forwarding', 1)
    engine.linkPair('node', veth('eth0', MAC.nodeA), 'a', veth('eth0', MAC.a))
    engine.linkPair('node', veth('eth1', MAC.nodeB), 'b', veth('eth0', MAC.b))
    engine.linkSet('node', 'lo', { up: true })
    for (const [link, subnet] of [
      ['eth0', 1],
      ['eth1', 2],
    ] as const) {
      engine.addrAdd('node', {
        link,
        family: 'ipv4',
        address: `10.0.${subnet}.1`,
        prefixLength: 24,
        broadcast: `10.0.${subnet}.255`,
      })
      engine.addrAdd('node', { link, family: 'ipv6', address: `fd00:${subnet}::1`, prefixLength: 64 })
    }
    for (const [hosts, lladdr, dev] of [
      [HOSTS_A, MAC.a, 'eth0'],
      [HOSTS_B, MAC.b, 'eth1'],
    ] as const)
      for (const family of ['ipv4', 'ipv6'] as const)
        for (const address of hosts[family]) engine.neighAdd('node', { family, address, dev, lladdr })
    for (const port of [HOST_A, HOST_B]) engine.capture(port.netns, port.link, true)
  }

  /** Frames that hosts send, one after the other; what arrives at the hosts, with the frame that caused it. */
  run(frames: readonly CaseFrame[]): CapturedAt[] {
    const captured: CapturedAt[] = []
    for (const [cause, { port, bytes, after = 0 }] of frames.entries()) {
      if (after > 0) this.engine.advanceTo(this.engine.now + after)
      this.engine.inject('node', this.#side[port.netns as 'a' | 'b'], bytes)
      this.engine.run()
      for (const { netns, link, frame } of this.engine.takeCaptured())
        captured.push({ port: { netns, link }, bytes: frame, cause })
    }
    return captured
  }
}
