/**
 * `node-1` in the engine with everything around it that the masquerade matrix speaks of, and kube-proxy on it. Pods hang
 * on routed veths, their node side without an address; everything is reachable from everywhere. Drawn in IPv4; in IPv6
 * with the addresses of that plan.
 *
 * ```
 *   pod        10.0.0.2     ─ veth0 ┐          ┌ eth0 192.168.0.2 ─ node-2 192.168.0.3 with 10.180.1.{1,2,3}
 *   endpoint-n 10.180.0.n   ─ vethn ┤  node-1  │
 *                                   └──────────┴ eth1             ─ client 203.0.113.2
 * ```
 */
import { Engine } from '../../../src/engine/index.ts'
import type { Attempt, AttemptResult } from '../../../src/engine/index.ts'
import { parseCidr } from '../../../src/proxy/ip.ts'
import type { Family } from '../../../src/kernel/ruleset.ts'
import { RulesetIptables } from '../../../src/proxy/iptables/ruleset-iptables.ts'
import { FakeHost, ProxierHarness, emptyRuleset } from './host.ts'
import type { HarnessOptions } from './host.ts'
import {
  ENDPOINT_PORT,
  localEndpoint,
  MATRIX_PLANS,
  remoteEndpoint,
  type MatrixPlan,
} from './masquerade-matrix.ts'

const NODE = 'node-1'
/** The gateway of every routed veth. */
const GATEWAY: Readonly<Record<Family, string>> = { ipv4: '169.254.1.1', ipv6: 'fe80::1' }

export class EngineNode {
  readonly engine = Engine.create({ seed: 7 })
  readonly proxy: ProxierHarness
  readonly addresses: readonly string[]
  readonly #family: Family
  readonly #plan: MatrixPlan
  readonly #owners = new Map<string, string>()
  #links = 0
  #sourcePort = 20_000

  constructor(options: HarnessOptions = {}) {
    const { engine } = this
    const { family = 'ipv4' } = options
    const plan = MATRIX_PLANS[family]
    this.#family = family
    this.#plan = plan
    this.addresses = [plan.node]
    engine.advanceTo(1_704_067_200_000)
    this.#netns(NODE)
    this.#attach('pod', 'veth0', [plan.pod])
    for (const service of [1, 2, 3])
      this.#attach(`endpoint-${service}`, `veth${service}`, [localEndpoint(service, family)])
    this.#attach('client', 'eth1', [plan.external])
    this.#attachNode()
    for (const service of [1, 2, 3])
      engine.listen(`endpoint-${service}`, { protocol: 'tcp', port: ENDPOINT_PORT })
    engine.listen('node-2', { protocol: 'tcp', port: ENDPOINT_PORT })
    engine.sysctlSet(NODE, 'net.ipv4.ip_forward', '1')
    engine.sysctlSet(NODE, 'net.ipv6.conf.all.forwarding', '1')
    const iptables = new RulesetIptables(emptyRuleset(family), {
      load: (ruleset) => engine.rulesetSet(NODE, ruleset),
    })
    const host = new FakeHost({ iptables, nfacct: false })
    this.proxy = new ProxierHarness({
      host,
      nodeIP: plan.node,
      detector: { kind: 'cidr', source: parseCidr(plan.podCidr)!.network },
      ...options,
    })
    for (const line of host.written) engine.sysctlSet(NODE, ...(line.split('=') as [string, string]))
  }

  /** One attempt, from the namespace that owns the source address. */
  attempt(source: string, destination: string, destinationPort: number): AttemptResult {
    const netns = this.#owners.get(source) ?? NODE
    const sourcePort = this.#sourcePort++
    const attempt: Attempt = { netns, protocol: 'tcp', source, sourcePort, destination, destinationPort }
    return this.engine.probe([attempt])[0]!
  }

  #netns(name: string): void {
    this.engine.netnsAdd(name)
    this.engine.linkSet(name, 'lo', { up: true })
  }

  #pair(name: string, dev: string): { readonly inner: string; readonly outer: string } {
    const outer = `02:00:00:00:${(this.#links++).toString(16).padStart(2, '0')}:01`
    const inner = outer.replace(/1$/, '2')
    const link = (name: string, address: string) =>
      ({ name, kind: 'veth', address, mtu: 1500, up: true }) as const
    this.engine.linkPair(name, link('eth0', inner), NODE, link(dev, outer))
    return { inner, outer }
  }

  #attach(name: string, dev: string, addresses: readonly string[]): void {
    const { engine } = this
    this.#netns(name)
    const { inner, outer } = this.#pair(name, dev)
    const family = this.#family
    for (const address of addresses) {
      this.#owners.set(address, name)
      engine.addrAdd(name, { link: 'eth0', family, address, prefixLength: this.#hostPrefix })
      engine.routeAdd(NODE, {
        family,
        type: 'unicast',
        destination: address,
        prefixLength: this.#hostPrefix,
        dev,
      })
      engine.neighAdd(NODE, { family, address, dev, lladdr: inner })
    }
    engine.neighAdd(name, { family, address: GATEWAY[family], dev: 'eth0', lladdr: outer })
    const route = { family, type: 'unicast', destination: this.#any, prefixLength: 0, dev: 'eth0' } as const
    engine.routeAdd(name, { ...route, via: GATEWAY[family], onlink: true })
  }

  get #hostPrefix(): number {
    return this.#family === 'ipv4' ? 32 : 128
  }

  get #any(): string {
    return this.#family === 'ipv4' ? '0.0.0.0' : '::'
  }

  /** The other node owns the addresses of its pods itself; it is also the way out. */
  #attachNode(): void {
    const { engine } = this
    this.#netns('node-2')
    const { inner, outer } = this.#pair('node-2', 'eth0')
    const family = this.#family
    const { node, otherNode } = this.#plan
    const prefixLength = family === 'ipv4' ? 24 : 64
    engine.addrAdd('node-2', { link: 'eth0', family, address: otherNode, prefixLength })
    engine.addrAdd(NODE, { link: 'eth0', family, address: node, prefixLength })
    engine.neighAdd('node-2', { family, address: node, dev: 'eth0', lladdr: outer })
    engine.neighAdd(NODE, { family, address: otherNode, dev: 'eth0', lladdr: inner })
    for (const service of [1, 2, 3])
      engine.addrAdd('node-2', {
        link: 'eth0',
        family,
        address: remoteEndpoint(service, family),
        prefixLength: this.#hostPrefix,
      })
    const route = { family, type: 'unicast', destination: this.#any, prefixLength: 0, dev: 'eth0' } as const
    engine.routeAdd('node-2', { ...route, via: node })
    engine.routeAdd(NODE, { ...route, via: otherNode })
  }
}
