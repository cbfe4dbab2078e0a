/**
 * From list to loaded: 10,000 services × 10 endpoints come out of the apiserver's list, through informers and
 * kube-proxy, into the engine's tables; then one endpoint of one service changes.
 */
import {
  ApiClient,
  ApiServer,
  endpointslices,
  services,
  type EndpointSlice,
} from '../../src/apiserver/index.ts'
import { Engine } from '../../src/engine/engine.ts'
import { InformerFactory } from '../../src/informer/index.ts'
import { parseCidr } from '../../src/proxy/ip.ts'
import { IptablesProxier } from '../../src/proxy/iptables/proxier.ts'
import { RulesetIptables } from '../../src/proxy/iptables/ruleset-iptables.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { DEFAULT_OPTIONS, FakeHost, emptyRuleset } from '../../test/support/proxy/host.ts'
import type { Figure } from '../support/figure.ts'

const endpointsEach = 10
const namespace = 'default'

export function load(count: number): Figure[] {
  const clock = new VirtualClock()
  const server = new ApiServer({ clock, seed: 1 })
  const admin = new ApiClient(server, 'admin')
  const slices = Array.from({ length: count }, (_, index) => createService(admin, index))

  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd('node')
  const start = performance.now()
  const informers = new InformerFactory(new ApiClient(server, 'system:kube-proxy'), { clock, seed: 1 })
  const host = new FakeHost({ nfacct: false })
  const iptables = new RulesetIptables(emptyRuleset('ipv4'), {
    load: (ruleset) => engine.rulesetSet('node', ruleset),
  })
  const proxier = new IptablesProxier(clock, host, iptables, {
    ...DEFAULT_OPTIONS,
    detector: { kind: 'cidr', source: parseCidr('10.0.0.0/8')!.network },
  })
  proxier.start()
  informers.informer(services).addHandler({
    added: (service) => proxier.onServiceAdd(service),
    updated: (old, service) => proxier.onServiceUpdate(old, service),
  })
  informers.informer(endpointslices).addHandler({
    added: (slice) => proxier.onEndpointSliceAdd(slice),
    updated: (old, slice) => proxier.onEndpointSliceUpdate(old, slice),
  })
  informers.start()
  clock.runUntilIdle()
  proxier.onServiceSynced()
  proxier.onEndpointSlicesSynced()
  clock.runUntilIdle()
  const listed = performance.now() - start
  const rules = ruleCount(engine)
  if (rules < count * (endpointsEach * 3 + 2)) throw new Error(`only ${rules} rules were loaded`)

  const times: number[] = []
  for (let round = 0; round < 21; round++) {
    clock.advance(5000)
    const slice = slices[(round * 977) % count]!
    const endpoints = slice.endpoints ?? []
    const moved = {
      ...slice,
      endpoints: [{ ...endpoints[0]!, addresses: [`10.250.0.${round + 1}`] }, ...endpoints.slice(1)],
    }
    const before = performance.now()
    admin.update(endpointslices, moved)
    clock.runUntilIdle()
    times.push(performance.now() - before)
    if (!hasEndpoint(engine, `10.250.0.${round + 1}`)) throw new Error('the change did not reach the engine')
  }
  times.sort((a, b) => a - b)
  const name = `load/${count}x${endpointsEach}`
  return [
    { name: `${name}/list-to-loaded`, value: listed, unit: 'ms', target: 3000, better: 'lower' },
    {
      name: `${name}/endpoint-change`,
      value: times[times.length >> 1]!,
      unit: 'ms',
      target: 20,
      better: 'lower',
    },
  ]
}

function createService(admin: ApiClient, index: number): EndpointSlice {
  const name = `svc-${index}`
  admin.create(services, {
    metadata: { name, namespace },
    spec: { ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
  })
  return admin.create(endpointslices, {
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: endpointsEach }, (_, each) => {
      const number = index * endpointsEach + each
      return {
        addresses: [`10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${number % 100}`,
      }
    }),
  })
}

function ruleCount(engine: Engine): number {
  let rules = 0
  for (const chain of engine.ruleset('node', 'ipv4').tables.get('nat')!.chains.values())
    rules += chain.rules.length
  return rules
}

function hasEndpoint(engine: Engine, address: string): boolean {
  for (const { rules } of engine.ruleset('node', 'ipv4').tables.get('nat')!.chains.values())
    for (const { target } of rules)
      if (target?.kind === 'DNAT' && target.range.addresses?.from === address) return true
  return false
}
