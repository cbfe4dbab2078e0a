/** When kube-proxy syncs, how much it writes then, and what happens when it cannot. */
import { describe, expect, it } from 'vitest'
import { Problem } from '../../../../src/kernel/problem.ts'
import type { Chain } from '../../../../src/kernel/ruleset.ts'
import { FakeHost, ProxierHarness } from '../../../support/proxy/host.ts'
import { slice, svc } from '../../../support/proxy/objects.ts'

const P80 = { name: 'p80', port: 80, protocol: 'TCP' as const }
const HOUR = 3_600_000

const service = (n: number) => svc(`ns${n}/svc${n}`, { clusterIP: `172.30.0.${40 + n}`, ports: [P80] })
const endpoints = (n: number, ...list: string[]) => slice(`ns${n}/svc${n}`, list)

/** Two services, synced for the first time. */
function started(host = new FakeHost()) {
  const harness = new ProxierHarness({ host })
  harness.put(service(1), endpoints(1, '10.180.0.1'), service(2), endpoints(2, '10.180.0.2'))
  return harness.listed().settle()
}

const natChains = (harness: ProxierHarness) =>
  harness.last.batch!.tables[1]!.chains.map(({ name }) => name).filter((name) => /-(SVC|SEP)-/.test(name))

describe('the first sync', () => {
  it('waits for both lists, then comes at once', () => {
    const harness = new ProxierHarness()
    harness.put(service(1), endpoints(1, '10.180.0.1')).settle()
    expect(harness.reports).toEqual([])
    harness.proxier.onServiceSynced()
    expect(harness.reports).toEqual([])
    harness.proxier.onEndpointSlicesSynced()
    expect(harness.reports).toHaveLength(1)
    expect(harness.last).toMatchObject({ full: true, servicePorts: 1, endpoints: 1 })
    expect(harness.last.error).toBeUndefined()
  })

  it('puts the jumps in upstream’s order in front of what a node has', () => {
    const { host } = started()
    const rules = (table: 'filter' | 'nat', chain: string) =>
      host.iptables.ipv4.ruleset.tables
        .get(table)!
        .chains.get(chain)!
        .rules.map(({ target, matches }) => [
          target?.kind === 'jump' ? target.chain : target?.kind,
          matches.some(({ kind }) => kind === 'conntrack'),
        ])
    expect(rules('filter', 'INPUT')).toEqual([
      ['KUBE-FIREWALL', false],
      ['KUBE-PROXY-FIREWALL', true],
      ['KUBE-NODEPORTS', false],
      ['KUBE-EXTERNAL-SERVICES', true],
    ])
    expect(rules('filter', 'FORWARD')).toEqual([
      ['KUBE-PROXY-FIREWALL', true],
      ['KUBE-FORWARD', false],
      ['KUBE-SERVICES', true],
      ['KUBE-EXTERNAL-SERVICES', true],
    ])
    expect(rules('filter', 'OUTPUT')).toEqual([
      ['KUBE-FIREWALL', false],
      ['KUBE-PROXY-FIREWALL', true],
      ['KUBE-SERVICES', true],
    ])
    expect(rules('nat', 'PREROUTING')).toEqual([['KUBE-SERVICES', false]])
    expect(rules('nat', 'OUTPUT')).toEqual([['KUBE-SERVICES', false]])
    expect(rules('nat', 'POSTROUTING')).toEqual([['KUBE-POSTROUTING', false]])
  })

  it('does not add jumps that are there', () => {
    const host = new FakeHost()
    started(host)
    started(host)
    expect(host.iptables.ipv4.ruleset.tables.get('filter')!.chains.get('INPUT')!.rules).toHaveLength(4)
  })

  it('deletes chains that an earlier kube-proxy has left, and no others', () => {
    const host = new FakeHost()
    for (const chain of ['KUBE-SVC-OLD', 'KUBE-SEP-OLD', 'CNI-OLD'])
      host.iptables.ipv4.ensureChain('nat', chain)
    const harness = started(host)
    expect(harness.reports[0]!.deletedChains).toBe(2)
    expect(host.iptables.ipv4.chainExists('nat', 'KUBE-SEP-OLD')).toBe(false)
    expect(host.iptables.ipv4.chainExists('nat', 'CNI-OLD')).toBe(true)
  })
})

describe('later syncs', () => {
  it('are partial, a second apart at least, one for all changes meanwhile', () => {
    const harness = started()
    const begun = harness.reports.length
    const time = harness.clock.now()
    harness.put(endpoints(1, '10.180.0.1', '10.180.0.3')).settle()
    harness.put(endpoints(1, '10.180.0.3'))
    harness.clock.advance(500)
    harness.put(endpoints(2))
    expect(harness.reports).toHaveLength(begun + 1)
    harness.settle()
    expect(harness.reports.slice(begun).map((report) => [report.time - time, report.full])).toEqual([
      [0, false],
      [1000, false],
    ])
    expect(natChains(harness)).toHaveLength(5)
  })

  it('write nothing of a service that did not change', () => {
    const harness = started()
    harness.put(endpoints(2, '10.180.0.4')).settle()
    expect(natChains(harness)).toEqual([
      expect.stringContaining('KUBE-SVC-'),
      expect.stringContaining('KUBE-SEP-'),
      'KUBE-SEP-RS4RBKLTHTF2IUXJ',
    ])
    expect(harness.text).toContain('-X KUBE-SEP-RS4RBKLTHTF2IUXJ')
    expect(harness.fed('nat', 'KUBE-SERVICES')).toHaveLength(3)
  })

  it('do not come for changes that no packet could notice', () => {
    const harness = started()
    const before = harness.reports.length
    const labelled = service(1)
    harness.put({ ...labelled, metadata: { ...labelled.metadata, labels: { a: 'b' } } })
    harness.clock.advance(10_000)
    expect(harness.reports).toHaveLength(before)
  })

  it('are full when an hour has gone by', () => {
    const harness = started()
    const before = harness.reports.length
    harness.clock.advance(HOUR)
    expect(harness.reports.slice(before).map(({ full }) => full)).toEqual([true])
    expect(natChains(harness)).toHaveLength(4)
  })

  it('name the versions of the objects that their rules are made from', () => {
    const harness = started()
    const slices = [
      slice('ns1/svc1', ['10.180.0.1'], { suffix: 'a' }),
      slice('ns1/svc1', ['10.180.0.9'], { suffix: 'b' }),
    ]
    const changed = service(1)
    harness
      .remove(endpoints(1))
      .put(...slices, { ...changed, spec: { ...changed.spec, sessionAffinity: 'ClientIP' } })
      .settle()
    const rules = harness.host.iptables.ipv4.ruleset.tables.get('nat')!.chains.get('KUBE-SERVICES')!.rules
    expect(rules[0]!.origin?.resourceVersions).toEqual({
      services: changed.metadata.resourceVersion,
      endpointslices: slices.map(({ metadata }) => metadata.resourceVersion).join(','),
    })
  })
})

describe('a sync that fails', () => {
  it('is repeated after the sync period, in full', () => {
    const host = new FakeHost()
    const harness = started(host)
    const { ipv4 } = host.iptables
    const restore = ipv4.restore.bind(ipv4)
    ipv4.restore = () => {
      throw new Problem('xtables lock')
    }
    harness.put(endpoints(2, '10.180.0.4')).settle()
    expect(harness.last).toMatchObject({ full: false, error: { reason: 'xtables lock' } })
    ipv4.restore = restore
    harness.clock.advance(29_999)
    expect(harness.last.error).toBeDefined()
    harness.clock.advance(1)
    expect(harness.last).toMatchObject({ full: true })
    expect(harness.last.error).toBeUndefined()
    expect(harness.fed('nat', 'KUBE-SVC-GNZBNJ2PO5MGZ6GT').join()).toContain('10.180.0.4')
    expect(ipv4.chainExists('nat', 'KUBE-SEP-RS4RBKLTHTF2IUXJ')).toBe(false)
  })

  it('leaves the ruleset as it was', () => {
    const host = new FakeHost()
    const harness = started(host)
    const before = [...host.iptables.ipv4.ruleset.tables.get('nat')!.chains]
    const bad = {
      kind: 'append',
      chain: 'KUBE-SERVICES',
      rule: { header: {}, matches: [], target: null },
    } as const
    const batch = harness.last.batch!
    const broken = {
      ...batch,
      tables: [batch.tables[1]!, { name: 'nat' as const, chains: [], commands: [bad] }],
    }
    expect(() => host.iptables.ipv4.restore(broken)).toThrow(Problem)
    expect([...host.iptables.ipv4.ruleset.tables.get('nat')!.chains]).toEqual(before)
  })
})

/** `iptables -F; iptables -X` */
function flush(chains: Map<string, Chain>): void {
  for (const [name, chain] of new Map(chains))
    if (chain.policy === null) chains.delete(name)
    else chains.set(name, { ...chain, rules: [] })
}

describe('the canary', () => {
  it('stands in three tables, and its loss brings everything back within the sync period', () => {
    const host = new FakeHost()
    const harness = started(host)
    const tables = host.iptables.ipv4.ruleset.tables
    for (const table of ['mangle', 'nat', 'filter'] as const)
      expect(tables.get(table)!.chains.has('KUBE-PROXY-CANARY')).toBe(true)
    const before = harness.reports.length
    for (const { chains } of tables.values()) flush(chains as Map<string, Chain>)
    harness.clock.advance(30_000)
    expect(harness.reports.slice(before)).toMatchObject([{ full: true }])
    expect(tables.get('nat')!.chains.has('KUBE-SVC-XPGD46QRK7WJZT7O')).toBe(true)
    expect(tables.get('filter')!.chains.get('INPUT')!.rules).toHaveLength(4)
    expect(tables.get('mangle')!.chains.has('KUBE-PROXY-CANARY')).toBe(true)
    harness.clock.advance(60_000)
    expect(harness.reports).toHaveLength(before + 1)
  })

  it('waits up to five seconds for the other tables to be flushed too', () => {
    const host = new FakeHost()
    const harness = started(host)
    const before = harness.reports.length
    const chains = host.iptables.ipv4.ruleset.tables.get('mangle')!.chains as Map<string, unknown>
    chains.delete('KUBE-PROXY-CANARY')
    harness.clock.advance(34_900)
    expect(harness.reports).toHaveLength(before)
    harness.clock.advance(200)
    expect(harness.reports).toHaveLength(before + 1)
  })
})

describe('a large cluster', () => {
  const many = (count: number, at = 0) =>
    Array.from({ length: count }, (_, i) => `10.180.${((i + at) >> 8) & 255}.${(i + at) & 255}`)
  const commented = (harness: ProxierHarness) =>
    harness.text.split('\n').filter((line) => line.startsWith('-A KUBE-SEP-') && line.includes('--comment'))
      .length

  it('begins with more than 1000 endpoints, and leaves comments on endpoint rules out', () => {
    const harness = new ProxierHarness()
    harness.put(service(1), endpoints(1, ...many(600)), service(2), endpoints(2, ...many(400, 600)))
    harness.listed().settle()
    expect(harness.last.largeCluster).toBe(false)
    expect(commented(harness)).toBe(2000)
    harness.put(endpoints(2, ...many(401, 600))).settle()
    expect(harness.last).toMatchObject({ largeCluster: true, endpoints: 1001 })
    expect(commented(harness)).toBe(0)
    const chains = harness.host.iptables.ipv4.ruleset.tables.get('nat')!.chains
    const untouched = chains.get('KUBE-SVC-XPGD46QRK7WJZT7O')!.rules.at(-1)!
    expect(untouched.matches.map(({ kind }) => kind)).toEqual(['comment'])
  })

  it('deletes stale chains once a sync period, and has no hourly full sync', () => {
    const harness = new ProxierHarness()
    harness.put(service(1), endpoints(1, ...many(1001)), service(2), endpoints(2, '10.0.0.1', '10.0.0.2'))
    harness.listed().settle()
    harness.clock.advance(5000)
    harness.put(endpoints(2, '10.0.0.1')).settle()
    expect(harness.last.deletedChains).toBe(0)
    harness.clock.advance(25_000)
    harness.put(endpoints(2, '10.0.0.1', '10.0.0.3')).settle()
    expect(harness.last.deletedChains).toBe(1)
    const before = harness.reports.length
    harness.clock.advance(HOUR + 60_000)
    expect(harness.reports.slice(before).map(({ full }) => full)).toEqual([false])
  })
})

describe('the number of rules', () => {
  const sized = (services: number, endpointCount: number, balancer: boolean) => {
    const harness = new ProxierHarness()
    for (let i = 0; i < services; i++) {
      const spec = { clusterIP: `10.0.1.${i}`, ports: [{ name: '8080', port: 80 }] }
      const path = `namespace/svc${i}`
      const ports = [{ name: '8080', port: 8080, protocol: 'TCP' as const }]
      harness.put(
        balancer
          ? svc(
              path,
              {
                ...spec,
                ports: [{ name: '8080', port: 80, nodePort: 30000 + i }],
                type: 'LoadBalancer',
                externalIPs: ['1.2.3.4'],
                loadBalancerSourceRanges: [' 1.2.3.4/28'],
              },
              ['1.2.3.4'],
            )
          : svc(path, spec),
        slice(
          path,
          Array.from({ length: endpointCount }, (_, j) => `172.16.0.${j + 1}`),
          { ports },
        ),
      )
    }
    harness.listed().settle()
    const { filterRules, natRules, natRulesTotal } = harness.reports[0]!
    expect(natRulesTotal).toBe(natRules)
    return [filterRules, natRules]
  }

  // With the localhost rule of KUBE-FIREWALL there are 4 + services without endpoints in filter, 5 in nat.
  it.each([
    [0, 0, false, [4, 5]],
    [1, 0, false, [5, 5]],
    [1, 1, false, [4, 10]],
    [1, 2, false, [4, 13]],
    [1, 10, false, [4, 37]],
    [10, 0, false, [14, 5]],
    [10, 1, false, [4, 55]],
    [10, 2, false, [4, 85]],
    [10, 10, false, [4, 325]],
    [1, 0, true, [8, 5]],
    [1, 1, true, [5, 18]],
    [1, 2, true, [5, 21]],
    [1, 10, true, [5, 45]],
    [10, 0, true, [44, 5]],
    [10, 1, true, [14, 135]],
    [10, 2, true, [14, 165]],
    [10, 10, true, [14, 405]],
  ])('%i services with %i endpoints, load balancer %s: %j', (services, endpointCount, balancer, expected) =>
    expect(sized(services, endpointCount, balancer)).toEqual(expected),
  )
})

describe('sysctls', () => {
  it('sets route_localnet when node ports are served on localhost', () => {
    const { host } = started()
    expect(host.written).toEqual(['net.ipv4.conf.all.route_localnet=1'])
  })

  it.each([
    { localhostNodePorts: false },
    { nodePortAddresses: ['192.168.0.0/24'] },
    { family: 'ipv6' as const },
  ])('leaves it alone with %j', (options) => expect(new ProxierHarness(options).host.written).toEqual([]))
})
