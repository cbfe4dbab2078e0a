/**
 * kube-proxy at 10,000 services of 10 endpoints: from the listed objects to rules loaded in the engine, and from one
 * endpoint's change to the engine.
 */
import { Engine } from '../../src/engine/engine.ts'
import { RulesetIptables } from '../../src/proxy/iptables/ruleset-iptables.ts'
import { FakeHost, ProxierHarness, emptyRuleset } from '../../test/support/proxy/host.ts'
import { slice, svc } from '../../test/support/proxy/objects.ts'
import type { Figure } from '../support/figure.ts'
import { serviceAddress } from '../support/services.ts'

const endpoints = 10
const changes = 25

export function proxySync(services: number): Figure[] {
  const engine = Engine.create()
  engine.netnsAdd('node-1')
  const load = { time: 0 }
  const iptables = new RulesetIptables(emptyRuleset('ipv4'), {
    load: (ruleset) => {
      load.time = timed(() => engine.rulesetSet('node-1', ruleset))
    },
  })
  const proxier = new ProxierHarness({ host: new FakeHost({ iptables, nfacct: false }) })
  const objects = Array.from({ length: services }, (_, i) => [
    svc(path(i), { clusterIP: serviceAddress(i), ports: [{ name: 'p80', port: 80, protocol: 'TCP' }] }),
    slice(path(i), addresses(i, endpoints)),
  ]).flat()
  const first = timed(() => proxier.put(...objects).listed())
  if (proxier.last.error !== undefined) throw proxier.last.error
  proxier.settle()
  const each: { readonly all: number; readonly load: number }[] = []
  for (let i = 0; i < changes; i++) {
    proxier.clock.advance(i % 2 === 0 ? 2000 : 40_000)
    const changed = slice(path(i * 7), addresses(i * 7, endpoints - 1))
    each.push({ all: timed(() => proxier.put(changed).settle()), load: load.time })
  }
  const name = `proxy-sync/${services}x${endpoints}`
  const figure = (what: string, value: number, target?: number): Figure => ({
    name: `${name}/${what}`,
    value,
    unit: 'ms',
    better: 'lower',
    ...(target !== undefined && { target }),
  })
  return [
    figure('first', first, 3000),
    figure('one-endpoint', median(each.map(({ all }) => all)), 20),
    figure('one-endpoint/batch', median(each.map(({ all, load }) => all - load))),
  ]
}

const path = (i: number): string => `ns${i % 50}/service-${i}`

function addresses(service: number, count: number): string[] {
  return Array.from({ length: count }, (_, j) => {
    const address = service * endpoints + j
    return `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}@node-${j + 1}`
  })
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
