import { describe, expect, it } from 'vitest'
import { services } from '../../../src/apiserver/index.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { parseManifests } from '../../../src/cluster/manifests/document.ts'

const pod = (name: string, extra: string, spec = ''): string => `
- metadata: { name: ${name}, labels: { app: web }${extra} }
  spec: { ${spec}containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }`
const owner = (kind: string, name: string): string =>
  `, ownerReferences: [{ apiVersion: apps/v1, kind: ${kind}, name: ${name}, uid: 1-2, controller: true }]`

describe('a dump of another cluster', () => {
  it('says of a PodList, not of each item, what they are', () => {
    const [first] = parseManifests(`apiVersion: v1\nkind: PodList\nitems:${pod('a', '')}`, 'dump.yaml')
    expect(first?.object).toMatchObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } })
    expect(first?.place('metadata.name')).toMatchObject({ line: 4, field: 'items[0].metadata.name' })
    expect(() => parseManifests('apiVersion: v1\nkind: List\nitems: [{ metadata: { name: a } }]')).toThrow(
      'items[0]: is no Kubernetes object: it says neither apiVersion nor kind',
    )
  })

  it('keeps pods whose owners and nodes are not here, under the name of the workload they had', async () => {
    const cluster = await Cluster.create({ nodes: 2 })
    const warnings = await cluster.apply(
      `apiVersion: v1\nkind: PodList\nitems:` +
        pod('web-x1', owner('ReplicaSet', 'web-5d9'), 'nodeName: minikube, nodeSelector: { disk: ssd }, ') +
        pod('web-x2', owner('ReplicaSet', 'web-5d9'), 'nodeName: node-2, '),
    )
    await cluster.settle()
    expect(warnings.map(({ message }) => message)).toEqual([
      'Pod web-x1: its owner ReplicaSet web-5d9 is not in the manifests: kept without it',
      'pod web-x1: there is no node minikube here: scheduled anew, on any node',
      'Pod web-x2: its owner ReplicaSet web-5d9 is not in the manifests: kept without it',
    ])
    const pods = cluster.view.pods()
    expect(pods.map(({ metadata: { name }, status }) => [name, status?.phase])).toEqual([
      ['web-x1', 'Running'],
      ['web-x2', 'Running'],
    ])
    expect(pods[1]?.spec.nodeName).toBe('node-2')
    const { workloads } = cluster.matrix({ ports: [{ port: 80, protocol: 'tcp' }] })
    expect(workloads).toEqual(['default/web-5d9'])
  })

  it('lets a pod be finished that was', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    await cluster.apply(
      'apiVersion: v1\nkind: Pod\nmetadata: { name: done }\nspec: { containers: [{ name: c, image: i }] }\nstatus: { phase: Succeeded, podIP: 10.1.2.3 }',
    )
    await cluster.settle()
    expect(cluster.view.pods()[0]?.status).toMatchObject({ phase: 'Succeeded', podIP: '10.1.2.3' })
    expect(cluster.matrix({ ports: [{ port: 80, protocol: 'tcp' }] }).workloads).toEqual([])
  })

  it('keeps the address of a finished pod for those who ask the policies of it, and for nobody else', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    await cluster.apply([
      `apiVersion: v1\nkind: PodList\nitems:${pod('web', '')}${pod('done', '')}\n  status: { phase: Failed, podIPs: [{ ip: 192.0.2.9 }] }`,
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\nspec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }',
    ])
    await cluster.settle()
    const request = { from: '192.0.2.9', to: 'pod/web', port: 80 }
    const verdict = (finishedPods: 'included' | 'excluded') =>
      cluster.reference(request, { finishedPods }).verdict
    expect([verdict('included'), verdict('excluded')]).toEqual(['allowed', 'denied'])
    expect(cluster.connect(request).verdict).toBe('dropped')
  })

  it('says once that pods get other addresses', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const status = (ip: string): string => `\n  status: { phase: Running, podIP: ${ip} }`
    const [warning, ...more] = await cluster.apply(
      `apiVersion: v1\nkind: PodList\nitems:${pod('a', '')}${pod('b', '')}${status('10.0.0.1')}${pod('c', '')}${status('10.0.0.2')}`,
    )
    expect(warning).toMatchObject({
      message: 'the addresses of 2 pods are given anew, not taken from the status',
      place: { line: 8, field: 'items[1].status.podIP' },
    })
    expect(more).toEqual([])
  })

  const service = (metadata: string, clusterIP: string): string => `
apiVersion: v1
kind: Service
metadata: { name: web${metadata} }
spec: { clusterIP: ${clusterIP}, clusterIPs: [${clusterIP}], selector: { app: web }, ports: [{ port: 80 }] }`
  const list = (...names: string[]): string =>
    `apiVersion: v1\nkind: PodList\nitems:${names.map((name) => pod(name, '')).join('')}`

  it.each(['172.20.31.7', '10.107.3.9'])('keeps %s, the address of a Service elsewhere', async (address) => {
    const cluster = await Cluster.create({ nodes: 2 })
    expect(await cluster.apply([list('a', 'b'), service(', uid: 8ad5', address)])).toEqual([])
    await cluster.settle()
    for (const to of ['svc/web', `${address}:80`])
      for (const from of ['a', 'b', 'node/node-1'])
        expect(cluster.connect({ from, to })).toMatchObject({
          verdict: 'delivered',
          request: { dst: address },
        })
    await expect(cluster.apply(service('2, uid: 8ad6', address))).rejects.toThrow('already allocated')
    cluster.client.delete(services, { name: 'web', namespace: 'default' })
    await cluster.apply(service('2, uid: 8ad6', address))
  })

  it('gives a Service another address where something else has its own', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const warnings = await cluster.apply([list('a'), service(', uid: 8ad5', '10.244.0.7')])
    expect(warnings.map(({ message }) => message)).toEqual([
      'Service web: 10.244.0.7 is no address for a Service here: another is given',
    ])
    await cluster.settle()
    expect(cluster.connect({ from: 'a', to: 'svc/web' }).verdict).toBe('delivered')
  })

  it('does not take such an address from a Service that is written by hand', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    await expect(cluster.apply(service('', '172.20.31.7'))).rejects.toThrow(
      'The range of valid IPs is 10.96.0.0/16',
    )
  })

  it('leaves an owner alone that is among the manifests', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const warnings = await cluster.apply([
      'apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: { name: web }\nspec: { replicas: 1, selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: c, image: i }] } } }',
      `apiVersion: v1\nkind: PodList\nitems:${pod('stale', owner('ReplicaSet', 'web'))}`,
    ])
    await cluster.settle()
    expect(warnings).toEqual([])
    // The ReplicaSet here is another object than the one that made this pod, so it makes its own.
    expect(cluster.view.pods().map(({ metadata }) => metadata.name)).not.toContain('stale')
  })
})
