import { describe, expect, it } from 'vitest'
import type { Cluster } from '../../../src/cluster/cluster.ts'
import type { PolicyFault } from '../../../src/policy/plan/inputs.ts'
import { formatExpectation, formatMutationScore, mutationScore } from '../../../src/testing/mutation/index.ts'

const MANIFESTS = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, labels: { app: db } }
spec: { containers: [{ name: c, image: x, ports: [{ containerPort: 5432 }, { containerPort: 5434 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: 5432, endPort: 5434 }]
`

const verdict = (cluster: Cluster, port: number) =>
  cluster.connect({ from: 'pod/web', to: 'pod/db', port }).verdict

/** Forgets the end of the range. */
function suite(cluster: Cluster): void {
  if (verdict(cluster, 5432) !== 'delivered') throw new Error('web cannot reach db\nand more')
  if (verdict(cluster, 80) !== 'dropped') throw new Error('web reaches db on 80')
}

const FAULTS = ['endPortExclusive', 'sctpTreatedAsTcp', 'emptyRulesAllow', 'ipv6NotEnforced', 'exceptIgnored']

describe('mutationScore', () => {
  it('tells which mistakes a suite notices, and the expectation that would notice the others', async () => {
    const result = await mutationScore({
      manifests: MANIFESTS,
      suite,
      faults: [
        ...FAULTS,
        'podSelectorIgnoresNamespace',
        'matchExpressionsIgnored',
        'endPortIgnored',
        'ownNodePoliced',
      ],
    })
    const outcomes = Object.fromEntries(result.mutants.map(({ fault, outcome }) => [fault.name, outcome]))
    expect(outcomes).toMatchObject({
      endPortExclusive: 'survived',
      endPortIgnored: 'survived',
      ipv6NotEnforced: 'survived',
      exceptIgnored: 'no effect',
      sctpTreatedAsTcp: 'no effect',
    })
    const survivor = result.mutants.find(({ fault }) => fault.name === 'endPortExclusive')
    expect(survivor).toMatchObject({
      missing: { from: 'default/web', to: 'default/db', port: 5434, protocol: 'tcp', expect: 'delivered' },
    })
    const text = formatMutationScore(result)
    expect(text).toContain('The last port of a range is left out')
    expect(text).toContain(
      'would notice: - { from: default/web, to: default/db, port: 5434, protocol: tcp, expect: delivered }',
    )
    expect(text).toMatch(/without effect on these manifests \(\d\): .*exceptIgnored/)
  }, 60_000)

  it('expects answers of what runs along only, not of a container that is done before the others start', async () => {
    const missing = async (restartPolicy: string) => {
      const init = `initContainers: [{ name: i, image: x${restartPolicy}, ports: [{ containerPort: 5434 }] }], containers`
      const manifests = MANIFESTS.replace(
        'ports: [{ containerPort: 5432 }, { containerPort: 5434 }]',
        'ports: []',
      ).replace(/containers(?=.*ports: \[\])/, init)
      const { mutants } = await mutationScore({ manifests, suite: () => true, faults: ['endPortExclusive'] })
      return mutants[0]
    }
    const ends = { from: 'default/web', to: 'default/db', port: 5434, protocol: 'tcp' }
    expect(await missing('')).toMatchObject({ missing: { ...ends, expect: 'rejected' } })
    expect(await missing(', restartPolicy: Always')).toMatchObject({
      missing: { ...ends, expect: 'delivered' },
    })
  })

  it('counts what the suite noticed, with what it said', async () => {
    const strict = (cluster: Cluster): void => {
      suite(cluster)
      if (verdict(cluster, 5434) !== 'delivered') throw new Error('the range is cut')
    }
    const seen: string[] = []
    const result = await mutationScore({
      manifests: MANIFESTS,
      suite: strict,
      faults: ['endPortExclusive', 'endPortIgnored', 'exceptIgnored'],
      onMutant: ({ fault, outcome }) => void seen.push(`${fault.name} ${outcome}`),
    })
    expect(result).toMatchObject({ caught: 2, survived: 0, noEffect: 1, score: 1 })
    expect(result.mutants[0]).toMatchObject({ outcome: 'caught', message: 'the range is cut' })
    expect(seen).toEqual(['endPortExclusive caught', 'endPortIgnored caught', 'exceptIgnored no effect'])
    expect(formatMutationScore(result)).toMatch(/^2 of 2 mistakes noticed \(100 %\)/)
  })

  it('tries mistakes of one’s own, named as their functions are', async () => {
    const everythingOpen: PolicyFault = (inputs) => ({ ...inputs, networkPolicy: () => [] })
    const { mutants, survived, caught } = await mutationScore({
      manifests: MANIFESTS,
      suite,
      faults: [everythingOpen, (inputs) => ({ ...inputs, clusterNetworkPolicy: () => [] })],
    })
    expect({ survived, caught }).toEqual({ survived: 0, caught: 1 })
    expect(mutants.map(({ fault, outcome }) => `${fault.name} ${outcome}`)).toEqual([
      'everythingOpen caught',
      'faults[1] no effect',
    ])
  })

  it('refuses a suite that fails anyway, and a mistake that is not known', async () => {
    const fails = () => false
    await expect(mutationScore({ manifests: MANIFESTS, suite: fails })).rejects.toThrow(
      'the suite fails where the dataplane makes no mistake: it answered false',
    )
    await expect(mutationScore({ manifests: MANIFESTS, suite, faults: ['nonsense'] })).rejects.toThrow(
      'faults[0]: there is no fault "nonsense"',
    )
  })

  it('writes expectations as their file has them', () => {
    const expectation = {
      from: '2001:db8::1',
      to: 'default/a',
      protocol: 'icmp',
      expect: 'dropped',
      reason: '',
    } as const
    expect(formatExpectation(expectation)).toBe(
      "- { from: '2001:db8::1', to: default/a, protocol: icmp, expect: dropped }",
    )
  })
})
