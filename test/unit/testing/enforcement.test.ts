import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { checkEnforcement, describeDifference } from '../../../src/testing/enforcement/check.ts'
import { questionsOf } from '../../../src/testing/enforcement/questions.ts'

const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 80 }] }], ...more },
})

async function clusterOf(...objects: readonly object[]): Promise<Cluster> {
  const cluster = await Cluster.create()
  await cluster.apply(objects)
  await cluster.settle()
  return cluster
}

describe('checkEnforcement', () => {
  it('finds everything open where there is no policy, in both families', async () => {
    const cluster = await clusterOf(pod('a'), pod('b', { hostNetwork: true }))
    const report = checkEnforcement(cluster)
    expect(report.checked).toBeGreaterThan(300)
    expect(report).toMatchObject({ denied: 0, differences: [] })
    const families = questionsOf(cluster.view).map(({ family }) => family)
    expect(new Set(families)).toEqual(new Set(['ipv4', 'ipv6']))
  })

  it('tells what the packet met when the answers differ', async () => {
    const cluster = await clusterOf(pod('a'), pod('b'))
    const from = { kind: 'pod', namespace: 'default', name: 'a' } as const
    const question = { from, to: { ...from, name: 'b' }, protocol: 'tcp', port: 80 } as const
    const denied = { allowed: false, reason: 'no', egress: undefined as never, ingress: undefined as never }
    const { differences } = checkEnforcement(cluster, [question], { evaluator: { verdict: () => denied } })
    expect(differences.map(({ kind }) => kind)).toEqual(['let through'])
    const text = describeDifference(differences[0]!, cluster)
    expect(text).toMatch(/^let through: default\/a → default\/b 80\/tcp \(ipv4\)\n {2}policies: denied; no\n/)
    expect(text).toContain('DELIVERED')
  })

  it('asks about the ends of CIDRs and of port ranges', async () => {
    const cluster = await clusterOf(pod('a'), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p' },
      spec: {
        podSelector: {},
        egress: [{ to: [{ ipBlock: { cidr: '192.0.2.16/28' } }], ports: [{ port: 8000, endPort: 8010 }] }],
      },
    })
    const questions = questionsOf(cluster.view, { families: ['ipv4'] })
    const addresses = new Set(questions.map(({ to }) => (to.kind === 'address' ? to.address : '')))
    for (const address of ['192.0.2.15', '192.0.2.16', '192.0.2.31', '192.0.2.32'])
      expect(addresses).toContain(address)
    const ports = new Set(questions.map(({ port }) => port))
    for (const port of [7999, 8000, 8010, 8011]) expect(ports).toContain(port)
    const sample = questionsOf(cluster.view, { limit: 50, seed: 3 })
    expect(sample).toHaveLength(50)
    expect(questionsOf(cluster.view, { limit: 50, seed: 3 })).toEqual(sample)
    expect(questionsOf(cluster.view, { limit: 50, seed: 4 })).not.toEqual(sample)
  })
})
