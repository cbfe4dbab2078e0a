import { describe, expect, it } from 'vitest'
import { exposureOf, type ExposureReport } from '../../../../src/cluster/policy/exposure.ts'
import { formatExposure } from '../../../../src/cli/format/exposure.ts'
import type { ListFormat } from '../../../../src/cli/format/listing.ts'
import { focusExposure } from '../../../../src/cluster/policy/focus.ts'
import { Cluster } from '../../../../src/index.ts'
import { formatOpenConnections } from '../../../../src/policy/evaluate/index.ts'

const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: main, image: app }] }\n`
const policy = (name: string, spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`

async function exposed(...manifests: string[]) {
  const cluster = await Cluster.create({ nodes: 1 })
  await cluster.apply(manifests.join('---\n'))
  await cluster.settle()
  return exposureOf(cluster.view, cluster.evaluator())
}

const print = (report: ExposureReport, format: ListFormat = 'txt'): string =>
  formatExposure([], report, format)

describe('exposureOf', () => {
  it('a workload without policies is open to the whole cluster, and said not to be protected', async () => {
    expect(print(await exposed(pod('a')))).toBe(`
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
    - to: [{ ipBlock: { cidr: 10.0.0.0/8 } }]
`,
      ),
    )
    expect(print(report)).toBe(`
Exposure Analysis Result:
Egress Exposure:
default/a[Pod] => entire-cluster : TCP 443

Ingress Exposure:
default/a[Pod] <= [namespace with {team in (b,c)}]/[pod with {k,k notin (any)}] : UDP 1-9
default/a[Pod] <= backend/[all pods] : All Connections
default/a[Pod] <= default/[pod with {app=x}] : TCP 80
`)
    const { connlist_results: lines, exposure_results: results } = JSON.parse(print(report, 'json')) as {
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
    expect(report.lines.map(({ direction, peer }) => `${direction} ${peer}`)).toEqual([
      'egress default/[all pods]',
      'ingress entire-cluster',
    ])
    expect(report.unprotected.map(({ workload, direction }) => [workload.label, direction])).toEqual([
      ['default/a[Pod]', 'ingress'],
    ])
  })

  it('a block that is all of the family holds the pods to come, too, unless blocks mean no pods', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const spec =
      '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }'
    await cluster.apply(`${pod('a')}---\n${policy('out', spec)}`)
    await cluster.settle()
    const egress = (options: object): string[] =>
      exposureOf(cluster.view, cluster.evaluator(options))
        .lines.filter(({ direction }) => direction === 'egress')
        .map(({ peer, open }) => `${peer} ${formatOpenConnections(open)}`)
    expect(egress({})).toEqual(['entire-cluster All Connections'])
    expect(egress({ ipBlockMatchesPods: false })).toEqual([])
  })

  it('a namespace that a rule names keeps its labels, and the policies that see them', async () => {
    const report = await exposed(
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: mon, labels: { team: x } }\n',
      'apiVersion: v1\nkind: Pod\nmetadata: { name: prom, namespace: mon }\nspec: { containers: [{ name: main, image: app }] }\n',
      `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: closed }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: { matchLabels: { team: x } } }
  ingress: [{ action: Deny, from: [{ namespaces: {} }] }]
`,
      pod('a'),
      policy(
        'a',
        '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: mon } } }] }] }',
      ),
    )
    expect(print(report)).toContain('default/a[Pod] <= mon/[all pods] : All Connections')
    expect(print(report)).not.toContain('mon/prom[Pod] <= ')
    expect(print(report)).not.toContain('mon/prom[Pod] is not protected on Ingress')
  })

  it('pods of one workload that differ are told apart', async () => {
    const report = await exposed(
      `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: main, image: app }] }
`,
      policy(
        'first',
        `
  podSelector: { matchLabels: { statefulset.kubernetes.io/pod-name: db-0 } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: x } } }], ports: [{ port: 1 }] }]
`,
      ),
    )
    expect(print(report)).toContain(`
Ingress Exposure:
default/db[StatefulSet] <= default/[pod with {app=x}] : All Connections (some pods only: SCTP 1-65535,TCP 2-65535,UDP 1-65535,Other)
default/db[StatefulSet] <= entire-cluster : All Connections (only some pods)

Workloads not protected by network policies:
default/db[StatefulSet] is not protected on Egress
default/db[StatefulSet] is not protected on Ingress (only some pods)
`)
  })

  it('every format of a list has it', async () => {
    const report = await exposed(
      pod('a'),
      policy(
        'a',
        `
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { example.com/team: b } } }] }]
  egress: [{ to: [{ podSelector: { matchLabels: { app: x } } }], ports: [{ port: http }] }, { to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: UDP }] }]
`,
      ),
    )
    const listed = [{ src: 'default/a[Pod]', dst: '0.0.0.0-9.255.255.255[External]', conn: 'TCP 443' }]
    expect(formatExposure(listed, report, 'csv')).toBe(`src,dst,conn
default/a[Pod],0.0.0.0-9.255.255.255[External],TCP 443
Egress Exposure:,,
src,dst,conn
default/a[Pod],0.0.0.0-9.255.255.255[External],TCP 443
default/a[Pod],default/[pod with {app=x}],"TCP http,UDP 53"
default/a[Pod],entire-cluster,UDP 53
Ingress Exposure:,,
dst,src,conn
default/a[Pod],[namespace with {example.com/team=b}]/[all pods],All Connections
`)
    expect(formatExposure(listed, report, 'md')).toBe(`| src | dst | conn |
|-----|-----|------|
| default/a[Pod] | 0.0.0.0-9.255.255.255[External] | TCP 443 |
## Exposure Analysis Result:

### Egress Exposure:
| src | dst | conn |
|-----|-----|------|
| default/a[Pod] | 0.0.0.0-9.255.255.255[External] | TCP 443 |
| default/a[Pod] | default/[pod with {app=x}] | TCP http,UDP 53 |
| default/a[Pod] | entire-cluster | UDP 53 |

### Ingress Exposure:
| dst | src | conn |
|-----|-----|------|
| default/a[Pod] | [namespace with {example.com/team=b}]/[all pods] | All Connections |
`)
    expect(formatExposure(listed, report, 'dot')).toBe(`digraph {
	subgraph "cluster_[namespace with {example.com/team=b}]" {
		label="[namespace with {example.com/team=b}]"
		"[namespace with {example.com/team=b}]/[all pods]" [label="[all pods]" color="red2" fontcolor="red2"]
	}
	subgraph "cluster_default" {
		label="default"
		"default/[pod with {app=x}]" [label="[pod with {app=x}]" color="red2" fontcolor="red2"]
		"default/a[Pod]" [label="a[Pod]" color="blue" fontcolor="blue"]
	}
	"0.0.0.0-9.255.255.255[External]" [label="0.0.0.0-9.255.255.255" color="red2" fontcolor="red2"]
	"entire-cluster" [label="entire-cluster" color="red2" fontcolor="red2" shape=diamond]
	"default/a[Pod]" -> "0.0.0.0-9.255.255.255[External]" [label="TCP 443"]
	"[namespace with {example.com/team=b}]/[all pods]" -> "default/a[Pod]" [label="All Connections" style=dashed]
	"default/a[Pod]" -> "default/[pod with {app=x}]" [label="TCP http,UDP 53" style=dashed]
	"default/a[Pod]" -> "entire-cluster" [label="UDP 53" style=dashed]
}
`)
    expect(formatExposure(listed, report, 'svg').match(/stroke-dasharray/g)).toHaveLength(3)
  })

  it('can be cut down to a workload, a direction and a connection', async () => {
    const report = await exposed(
      pod('a'),
      pod('b'),
      policy(
        'b',
        '{ podSelector: { matchLabels: { app: b } }, policyTypes: [Egress], egress: [{ ports: [{ port: http }] }] }',
      ),
    )
    const short = ({ lines }: ExposureReport): string[] =>
      lines.map(({ workload, direction, peer }) => `${workload.name} ${direction} ${peer}`)
    const focused = focusExposure(report, { workloads: ['default/b'] })
    expect(short(focused)).toEqual(['b egress entire-cluster', 'b ingress entire-cluster'])
    expect(focused.unprotected.map(({ direction }) => direction)).toEqual(['ingress'])
    expect(short(focusExposure(report, { workloads: ['b'], direction: 'egress' }))).toHaveLength(1)
    expect(short(focusExposure(report, { connection: 'udp-53' }))).toEqual([
      'a egress entire-cluster',
      'a ingress entire-cluster',
      'b ingress entire-cluster',
    ])
    expect(short(focusExposure(report, { connection: 'tcp-80' }))).toContain('b egress entire-cluster')
    expect(() => focusExposure(report, { workloads: ['b'], peers: ['a'] })).toThrow('--focus-workload-peer')
  })
})
