import { describe, expect, it } from 'vitest'
import { formatReport } from '../../../../src/cli/format/report.ts'
import { mutate } from '../../../../src/cli/verify/mutate.ts'
import { parseExpectations } from '../../../../src/cluster/expectations/read.ts'
import { parseManifests } from '../../../../src/cluster/manifests/document.ts'

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: main, image: app, ports: [{ containerPort: 80 }, { containerPort: 90 }] }] }\n`
const MANIFESTS = parseManifests(
  [
    pod('a'),
    pod('b'),
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: b }\nspec: { podSelector: { matchLabels: { app: b } }, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }\n`,
  ].join('---\n'),
)
const faults = ['endPortExclusive', 'ipv6NotEnforced', 'exceptIsDeny', 'endPortIgnored']

describe('mutate', () => {
  it('says what a suite notices, what it lets pass with the missing expectation, and what makes no difference', async () => {
    const suite = parseExpectations('- { name: the last port, from: a, to: b, port: 90, expect: delivered }')
    const mutations = await mutate(MANIFESTS, suite, { options: { nodes: 1 }, runs: 400, faults })
    const outcome = (name: string) => mutations.mutants.find(({ fault }) => fault.name === name)
    expect(outcome('endPortExclusive')).toMatchObject({
      outcome: 'caught',
      message: 'the last port: expected delivered, got dropped',
    })
    expect(outcome('ipv6NotEnforced')).toMatchObject({ outcome: 'survived', missing: { expect: 'dropped' } })
    expect(outcome('exceptIsDeny')?.outcome).toBe('no effect')
    expect(mutations.score).toBeGreaterThan(0)
    expect(mutations.score).toBeLessThan(1)
    const report = { checks: [], properties: [], mutations }
    expect(formatReport(report, 'table')).toContain('ipv6NotEnforced')
    const json = JSON.parse(formatReport(report, 'json')) as { mutations: { mutants: { fault: string }[] } }
    expect(json.mutations.mutants.map(({ fault }) => fault).toSorted()).toEqual(faults.toSorted())
  })
})
