/** Asked by names, either family: packets, reference, matrices, expectations. */
import { describe, expect, it } from 'vitest'
import { formatReport } from '../../../src/cli/format/report.ts'
import { checkExpectations } from '../../../src/cluster/expectations/check.ts'
import { parseExpectations } from '../../../src/cluster/expectations/read.ts'
import { Cluster, Problem } from '../../../src/index.ts'
import { missingExpectation } from '../../../src/testing/mutation/missing.ts'
import { formatExpectation } from '../../../src/testing/mutation/format.ts'

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }\n---\n`

/** `b` takes what comes from IPv4 addresses alone. */
const MANIFESTS = `${pod('a')}${pod('b')}
apiVersion: v1
kind: Service
metadata: { name: b }
spec: { selector: { app: b }, ipFamilyPolicy: PreferDualStack, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: four }
spec: { selector: { app: b }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: headless }
spec: { clusterIP: None, selector: { app: b }, ports: [{ port: 80 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: b }
spec: { podSelector: { matchLabels: { app: b } }, ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }
`

async function start(faults: readonly string[] = []): Promise<Cluster> {
  const cluster = await Cluster.create({ nodes: 1, policy: { faults } })
  await cluster.apply(MANIFESTS)
  await cluster.settle()
  return cluster
}

describe('family', () => {
  it.each(['b', 'svc/b'])('of a question to %s', async (to) => {
    const cluster = await start()
    const ask = (family?: 'ipv4' | 'ipv6') => {
      const request = { from: 'a', to, port: 80, ...(family === undefined ? {} : { family }) }
      const { verdict, request: sent } = cluster.connect(request)
      const reference = cluster.reference(request)
      expect(reference.request.dst).toBe(sent.dst)
      return [sent.src.includes(':'), sent.dst.includes(':'), verdict, reference.verdict]
    }
    expect(ask()).toEqual([false, false, 'delivered', 'allowed'])
    expect(ask('ipv4')).toEqual(ask())
    expect(ask('ipv6')).toEqual([true, true, 'dropped', 'denied'])
  })

  it('that an end does not have, or that is none', async () => {
    const cluster = await start()
    const refusal = (from: string, to: string, port = 80) => {
      const request = { from, to, port, family: 'ipv6' } as const
      expect(() => cluster.reference(request)).toThrow(Problem)
      return () => cluster.connect(request)
    }
    expect(refusal('a', 'svc/four')).toThrow(
      /^to: Service default\/four has no IPv6 address \(10\.96\.\S+\)$/,
    )
    expect(refusal('a', 'svc/headless')).toThrow(
      'to: headless Service default/headless is IPv4 only: its name resolves to no IPv6 address',
    )
    expect(refusal('192.0.2.1', 'b')).toThrow('family: 192.0.2.1 is IPv4')
    expect(refusal('a', '8.8.8.8')).toThrow('family: 8.8.8.8 is IPv4')
    expect(refusal('2001:db8::1', '8.8.8.8')).toThrow('family: 8.8.8.8 is IPv4')
    const asked = parseExpectations(
      '- from: a\n  to: 8.8.8.8\n  port: 80\n  family: ipv6\n  expect: delivered\n',
      'x',
    )
    expect(() => checkExpectations(cluster, asked)).toThrow('x:4: [0].family: 8.8.8.8 is IPv4')
    const odd = { family: 'ipv5' } as never
    expect(() => cluster.connect({ from: 'a', to: 'b', ...(odd as object) })).toThrow('family: "ipv5"')
    const ports = [{ port: 80, protocol: 'tcp' as const }]
    expect(() => cluster.matrix({ ports, ...(odd as object) })).toThrow('family: "ipv5"')
    expect(() => cluster.referenceMatrix({ ports, ...(odd as object) })).toThrow('family: "ipv5"')
  })

  it('of a matrix', async () => {
    const cluster = await start()
    const cells = (family: 'ipv4' | 'ipv6') => {
      const request = { ports: [{ port: 80, protocol: 'tcp' as const }], family }
      const verdicts = cluster.matrix(request).rows.map(({ verdict }) => verdict)
      expect(cluster.referenceMatrix(request).rows.map(({ verdict }) => verdict)).toEqual(verdicts)
      return verdicts
    }
    expect(cells('ipv4')).toEqual(['delivered', 'delivered', 'delivered', 'delivered'])
    expect(cells('ipv6')).toEqual(['delivered', 'dropped', 'delivered', 'delivered'])
  })

  it('of expectations, one or a list', async () => {
    const text = `
- { from: a, to: b, port: 80, family: ipv6, expect: dropped }
- { from: a, to: [b, svc/b], port: 80, family: [ipv4, ipv6], expect: dropped }
`
    const expectations = parseExpectations(text)
    expect(expectations.map(({ name }) => name).slice(0, 3)).toEqual([
      'a → b 80 (ipv6) dropped',
      'a → b 80 (ipv4) dropped',
      'a → b 80 (ipv6) dropped',
    ])
    const checked = checkExpectations(await start(), expectations)
    const holds = checked.map(({ answers }) => answers.map(({ ok }) => ok))
    const [yes, no] = [
      [true, true],
      [false, false],
    ]
    expect(holds).toEqual([yes, no, yes, no, yes])
    const table = formatReport({ checks: checked, properties: [] }, 'table')
    expect(table).toMatch(/FAILED +a +b +80 ipv4 +dropped/)
    const wrong = '- { from: a, to: b, family: ipv5, expect: dropped }'
    expect(() => parseExpectations(wrong)).toThrow('[0].family: "ipv5" is not known: expected ipv4 or ipv6')
  })

  it('of the expectation that would have noticed a mistake', () => {
    const text = formatExpectation({
      from: 'default/a',
      to: 'default/b',
      port: 80,
      protocol: 'tcp',
      family: 'ipv6',
      expect: 'dropped',
      reason: '',
    })
    expect(text).toBe(
      '- { from: default/a, to: default/b, port: 80, protocol: tcp, family: ipv6, expect: dropped }',
    )
  })

  it('is said by it where IPv6 is the point', async () => {
    const cluster = await start()
    const { probe } = cluster
    // As if IPv6 were let through.
    cluster.probe = (attempts, options) =>
      probe.call(cluster, attempts, options).map((result, index) => {
        const { source = '', destination, sourcePort, destinationPort } = attempts[index]!
        if (!destination.includes(':') || result.verdict !== 'dropped') return result
        const seen = { source, sourcePort, destination, destinationPort }
        return { ...result, verdict: 'delivered', reply: 'answer', seen }
      })
    const missing = missingExpectation(cluster, 2000)
    expect(missing).toMatchObject({ to: 'default/b', family: 'ipv6', expect: 'dropped' })
    expect(parseExpectations(formatExpectation(missing!))).toHaveLength(1)
  })
})
