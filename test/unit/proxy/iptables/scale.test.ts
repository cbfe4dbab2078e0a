/** 10,000 services of 10 endpoints: what a sync costs, in time of the processor. Limits are loose, for busy machines; figures are in the bench. */
import { describe, expect, it } from 'vitest'
import { ProxierHarness } from '../../../support/proxy/host.ts'
import { slice, svc } from '../../../support/proxy/objects.ts'

const SERVICES = 10_000
const ENDPOINTS = 10
const PORTS = [{ name: 'p80', port: 80, protocol: 'TCP' as const }]

const path = (i: number) => `ns${i % 50}/service-${i}`
const slices = (i: number, count: number) =>
  slice(
    path(i),
    Array.from({ length: count }, (_, j) => {
      const address = i * ENDPOINTS + j
      return `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}@node-${j + 1}`
    }),
  )

/** Milliseconds that this process has been at work. */
function worked(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

describe('kube-proxy at 10,000 services of 10 endpoints', () => {
  const harness = new ProxierHarness()
  const natNow = () => harness.host.iptables.ipv4.ruleset.tables.get('nat')!.chains

  it('writes 320,005 rules in its first sync, in seconds', () => {
    for (let i = 0; i < SERVICES; i++)
      harness.put(
        svc(path(i), { clusterIP: `172.30.${i >> 8}.${i & 255}`, ports: PORTS }),
        slices(i, ENDPOINTS),
      )
    const start = worked()
    harness.listed()
    expect(worked() - start).toBeLessThan(5000)
    expect(harness.last).toMatchObject({ natRules: 320_005, largeCluster: true })
    harness.settle()
  })

  it('changes one endpoint in milliseconds, and hands over the same objects for all the rest', () => {
    const times: number[] = []
    for (let round = 0; round < 9; round++) {
      const before = new Map(natNow())
      const changed = slices(4000 + round, ENDPOINTS - 1)
      const start = worked()
      harness.put(changed).settle()
      times.push(worked() - start)
      const after = natNow()
      const others = [...before].filter(([name, chain]) => after.get(name) !== chain).map(([name]) => name)
      // KUBE-SERVICES, KUBE-NODEPORTS, KUBE-POSTROUTING, KUBE-MARK-MASQ, one SVC and its nine SEP.
      expect(others).toHaveLength(14)
      const rules = (chains: typeof after) => chains.get('KUBE-SERVICES')!.rules
      const old = new Set(rules(before as typeof after))
      expect(rules(after).filter((rule) => !old.has(rule))).toHaveLength(1)
    }
    const median = times.sort((a, b) => a - b)[4]!
    expect(median).toBeLessThan(100)
  })
})
