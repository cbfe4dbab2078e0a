import { describe, expect, it } from 'vitest'
import { exposureOf } from '../../../../src/cluster/policy/exposure.ts'
import { exposureJson, exposureText } from '../../../../src/cli/format/exposure.ts'
import { Cluster } from '../../../../src/index.ts'

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: main, image: app }] }\n`
const policy = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`

async function exposed(...manifests: string[]) {
  const cluster = await Cluster.create({ nodes: 1 })
  await cluster.apply(manifests.join('---\n'))
  await cluster.settle()
  return exposureOf(cluster.view)
}

describe('exposureOf', () => {
  it('a workload without policies is open to the whole cluster, and said not to be protected', async () => {
    expect(exposureText(await exposed(pod('a')))).toBe(`
Exposure Analysis Result:
Egress Exposure:
default/a[Pod] => entire-cluster : All Connections

Ingress Exposure:
default/a[Pod] <= entire-cluster : All Connections

Workloads not protected by network policies:
default/a[Pod] is not protected on Egress
default/a[Pod] is not protected on Ingress
`)
  })

  it('whom a selector would take, though nobody is there', async () => {
    const report = await exposed(
      pod('a'),
      policy(
        'a',
        `
  podSelector: { matchLabels: { app: a } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: x } } }]
      ports: [{ port: 80 }]
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: backend } } }]
    - from: [{ namespaceSelector: { matchExpressions: [{ key: team, operator: In, values: [b, c] }] }, podSelector: { matchExpressions: [{ key: k, operator: Exists }, { key: k, operator: NotIn, values: [any] }] } }]
      ports: [{ port: 1, endPort: 9, protocol: UDP }]
  egress:
    - to: [{ namespaceSelector: {} }]
      ports: [{ port: 443 }]
    - to: [{ ipBlock: { cidr: 0.0.0.0/0 } }]
`,
      ),
    )
    expect(exposureText(report)).toBe(`
Exposure Analysis Result:
Egress Exposure:
default/a[Pod] => entire-cluster : TCP 443

Ingress Exposure:
default/a[Pod] <= [namespace with {team In (b,c)}]/[pod with {k Exists,k NotIn (any)}] : UDP 1-9
default/a[Pod] <= backend/[all pods] : All Connections
default/a[Pod] <= default/[pod with {app=x}] : TCP 80
`)
    const { connlist_results: lines, exposure_results: results } = JSON.parse(exposureJson([], report)) as {
      connlist_results: unknown[]
      exposure_results: { ingress_exposure: unknown[]; unprotected_workloads: unknown[] }
    }
    expect(lines).toEqual([])
    expect(results.ingress_exposure).toContainEqual({
      src: 'default/[pod with {app=x}]',
      dst: 'default/a[Pod]',
      conn: 'TCP 80',
    })
    expect(results.unprotected_workloads).toEqual([])
  })

  it('only the own direction: policies of who comes are not known', async () => {
    const report = await exposed(
      pod('a'),
      policy('all', '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ podSelector: {} }] }] }'),
    )
    expect(report.exposures.map(({ direction, peer }) => `${direction} ${peer}`)).toEqual([
      'egress default/[all pods]',
      'ingress entire-cluster',
    ])
    expect(report.unprotected).toEqual([{ workload: 'default/a[Pod]', direction: 'ingress' }])
  })
})
