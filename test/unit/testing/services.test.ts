/** Services of every type, packets against the reference. What campaigns have found stands here by name. */
import { describe, expect, it } from 'vitest'
import { services } from '../../../src/apiserver/index.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { serviceQuestionsOf } from '../../../src/testing/enforcement/service-questions.ts'
import { checkServices, formatServiceDifference } from '../../../src/testing/enforcement/services.ts'

const pod = (name: string, node: number, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName: `node-${node}`,
    containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 8080 }] }],
    ...more,
  },
})

const service = (name: string, spec: object, status: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: {
    selector: { app: name },
    ipFamilyPolicy: 'PreferDualStack',
    ports: [{ port: 80, targetPort: 8080 }],
    ...spec,
  },
  status,
})

async function clusterOf(...objects: readonly object[]): Promise<Cluster> {
  const cluster = await Cluster.create({ nodes: 3 })
  await cluster.apply(objects)
  await cluster.settle()
  return cluster
}

function differencesOf(cluster: Cluster): string[] {
  return checkServices(cluster).differences.map((one) => formatServiceDifference(one))
}

const nodePort = (number: number) => [{ port: 80, targetPort: 8080, nodePort: number }]

describe('questions about Services', () => {
  it('are of every address and every client, in both families', async () => {
    const cluster = await clusterOf(
      pod('web', 1),
      pod('agent', 2, { hostNetwork: true }),
      service('web', {
        type: 'LoadBalancer',
        externalIPs: ['192.0.2.1'],
        loadBalancerSourceRanges: ['198.18.0.0/15'],
        ports: nodePort(30080),
      }),
      service('none', { clusterIP: 'None' }),
    )
    const questions = serviceQuestionsOf(cluster.view)
    const asked = new Set(questions.map(({ address, port }) => `${address} ${port}`))
    for (const target of ['192.0.2.1 80', '203.0.113.1 80', '2001:db8:113::1 80', '172.18.0.4 30080'])
      expect(asked).toContain(target)
    expect(asked).toContain('fd00:172:18::3 30080')
    expect(new Set(questions.map(({ to }) => to))).toEqual(new Set(['default/svc/web']))
    const clients = new Set(questions.map(({ from }) => from.label))
    for (const client of ['default/web', 'default/agent', 'node/node-3', '198.51.100.10', '2001:db8:100::10'])
      expect(clients).toContain(client)
    // On both sides of the ends of the ranges that a balancer takes.
    for (const client of ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'])
      expect(clients).toContain(client)
    const sample = serviceQuestionsOf(cluster.view, { limit: 20, seed: 3 })
    expect(sample).toHaveLength(20)
    expect(serviceQuestionsOf(cluster.view, { limit: 20, seed: 3 })).toEqual(sample)
    // None is drawn twice: all but one of them are all but one.
    const most = serviceQuestionsOf(cluster.view, { limit: questions.length - 1 })
    const inWords = most.map(({ from, address, port }) => `${from.label} ${address} ${port}`)
    expect(new Set(inWords).size).toBe(questions.length - 1)
    expect(checkServices(cluster)).toMatchObject({ checked: questions.length, differences: [] })
  })

  it('are of one Service where one is asked about', async () => {
    const cluster = await clusterOf(
      pod('web', 1),
      service('web', {}),
      service('other', { selector: { app: 'web' } }),
    )
    const [all, web] = [{}, { service: 'default/svc/web' }].map((selection) =>
      serviceQuestionsOf(cluster.view, selection),
    )
    expect(new Set(all!.map(({ to }) => to)).size).toBe(2)
    expect(web).toEqual(all!.filter(({ to }) => to === 'default/svc/web'))
    expect(checkServices(cluster, { service: 'default/svc/web' }).checked).toBe(web!.length)
  })

  it('notice a sticky Service whose client strays', async () => {
    const cluster = await clusterOf(
      pod('web', 1),
      pod('two', 2, { hostNetwork: false }),
      service('web', { sessionAffinity: 'ClientIP', selector: null }),
      ...['10.244.0.2', '10.244.1.2'].map((address, index) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `web-${index}`, labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ port: 8080 }],
        endpoints: [{ addresses: [address] }],
      })),
    )
    expect(differencesOf(cluster)).toEqual([])
    const probe = cluster.probe.bind(cluster)
    let call = 0
    cluster.probe = (attempts, options) => {
      const results = probe(attempts, options)
      if (call++ === 0) return results
      return results.map(({ seen, ...rest }) => ({
        ...rest,
        ...(seen === undefined ? {} : { seen: { ...seen, destination: '10.244.9.9' } }),
      }))
    }
    const { differences } = checkServices(cluster)
    expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['strayed']))
    expect(differences[0]!.wrong).toContain('and the next connection at 10.244.9.9:8080')
  })
})

describe('packets and reference agree', () => {
  it('where an external IP is an address of a node', async () => {
    const cluster = await clusterOf(
      pod('web', 1),
      service('web', { externalIPs: ['172.18.0.2', 'fd00:172:18::3'] }),
    )
    expect(differencesOf(cluster)).toEqual([])
    const flow = cluster.connect({ from: '198.51.100.10', to: '172.18.0.2', port: 80 })
    expect(flow).toMatchObject({ verdict: 'delivered', backend: { pod: 'default/web' } })
    // It is the node's all the same.
    expect(cluster.connect({ from: '198.51.100.10', to: 'node/node-1', port: 10250 }).verdict).toBe(
      'delivered',
    )
  })

  it('where several Services share an external IP, and when one of them goes', async () => {
    const shared = { externalIPs: ['192.0.2.1'] }
    const cluster = await clusterOf(
      pod('web', 1),
      service('web', shared),
      service('other', { ...shared, selector: { app: 'web' }, ports: [{ port: 81, targetPort: 8080 }] }),
    )
    const ask = (port: number) => cluster.connect({ from: '198.51.100.10', to: '192.0.2.1', port }).verdict
    expect([ask(80), ask(81)]).toEqual(['delivered', 'delivered'])
    expect(differencesOf(cluster)).toEqual([])
    cluster.client.delete(services, { name: 'other', namespace: 'default' })
    await cluster.settle()
    expect(ask(80)).toBe('delivered')
  })

  it('at the gateway of pods, which only a node with pods has', async () => {
    const cluster = await clusterOf(
      pod('web', 1),
      service('web', { type: 'NodePort', ports: nodePort(30080) }),
    )
    expect(differencesOf(cluster)).toEqual([])
    const obstacle = (to: string) => cluster.reference({ from: 'web', to, port: 30080 }).paths[0]!.obstacle
    expect(obstacle('10.244.0.1')).toBeUndefined()
    expect(obstacle('10.244.1.1')).toBe('nothing in the cluster has 10.244.1.1 port 30080/tcp')
  })

  it('where a balancer keeps its address to itself', async () => {
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.200', ipMode: 'Proxy' }] } }
    const cluster = await clusterOf(pod('web', 1), service('web', { type: 'LoadBalancer' }, status))
    expect(differencesOf(cluster)).toEqual([])
    expect(cluster.connect({ from: 'web', to: '192.0.2.200', port: 80 }).verdict).toBe('dropped')
    expect(cluster.reference({ from: 'web', to: '192.0.2.200', port: 80 }).reason).toContain(
      '192.0.2.200 is the balancer of Service default/web itself (ipMode Proxy), which is not emulated',
    )
  })

  it('where another node translates a pod’s connection and does not masquerade it', async () => {
    const local = { type: 'NodePort', externalTrafficPolicy: 'Local', ports: nodePort(30080) }
    const cluster = await clusterOf(pod('web', 1), pod('client', 1), pod('far', 3), service('web', local))
    expect(differencesOf(cluster)).toEqual([])
    // The answer goes straight to the client, which knows nothing of 10.244.0.3.
    const request = { from: 'far', to: 'node/node-2', port: 30080 }
    const { verdict, reason } = cluster.connect(request)
    expect(verdict).toBe('dropped')
    expect(reason).toContain('its answer got lost')
    expect(cluster.connect({ ...request, from: 'client' }).verdict).toBe('dropped')
    expect(cluster.reference(request).paths[0]).toMatchObject({
      allowed: true,
      unanswered: 'the answer of 10.244.0.3 does not come back by node-2, which alone can translate it',
    })
    // Who reaches himself that way is masqueraded: his own node sees the other one.
    const itself = cluster.reference({ ...request, from: 'web' }).paths[0]!
    expect(itself).toMatchObject({ ingress: { node: 'node-1', src: '172.18.0.3' } })
    expect(itself.unanswered).toBeUndefined()
    expect(cluster.connect({ ...request, from: 'web' }).verdict).toBe('delivered')
  })

  it('where the refusal that comes back is about a packet to somebody else', async () => {
    for (const protocol of ['UDP', 'SCTP'] as const) {
      const ports = [{ port: 80, nodePort: 30080, protocol }]
      const local = { type: 'NodePort', externalTrafficPolicy: 'Local', ports }
      const cluster = await clusterOf(pod('web', 1), pod('client', 1), service('web', local))
      expect(differencesOf(cluster)).toEqual([])
      // The ICMP error quotes a packet to 10.244.0.2, of which the client's socket knows nothing.
      const request = { from: 'client', to: 'node/node-2', port: 30080 }
      const flow = cluster.connect({ ...request, protocol: protocol === 'UDP' ? 'udp' : 'sctp' })
      expect(flow.verdict).toBe('dropped')
      const why =
        protocol === 'UDP'
          ? 'nothing listens on udp port 80 in pod default/web'
          : 'refused in pod default/web: nobody handles its protocol'
      expect(flow.reason).toBe(`${why}, and its refusal got lost`)
      expect(flow.reply.verdict).toBe('dropped')
    }
  })

  it('where a backend is itself an address of a Service that is shut at the client’s node', async () => {
    const cluster = await clusterOf(
      pod('web', 1, { hostNetwork: true }),
      pod('client', 2),
      service('web', {
        externalIPs: ['172.18.0.2', '192.0.2.1'],
        externalTrafficPolicy: 'Local',
        ports: [{ port: 8080 }],
      }),
    )
    expect(differencesOf(cluster)).toEqual([])
    const request = { from: 'client', to: '192.0.2.1', port: 8080 }
    expect(cluster.connect(request).reason).toContain('has no local endpoints')
    expect(cluster.reference(request).reason).toContain('Service default/web has no endpoint for node-2')
    // Rules that refuse are not on the way of what the node itself sends.
    expect(cluster.connect({ ...request, from: 'node/node-2' }).verdict).toBe('delivered')
  })

  it('where a masquerading node sends on to an address that is shut there', async () => {
    const cluster = await clusterOf(
      pod('web', 1, { hostNetwork: true }),
      service('web', { type: 'NodePort', ports: [{ port: 53, targetPort: 8080, nodePort: 30080 }] }),
      service('shut', {
        selector: { app: 'web' },
        externalIPs: ['172.18.0.2'],
        externalTrafficPolicy: 'Local',
        ports: [{ port: 8080 }],
      }),
    )
    expect(differencesOf(cluster)).toEqual([])
    const request = { from: '198.51.100.10', to: 'node/node-2', port: 30080 }
    expect(cluster.connect(request).verdict).toBe('delivered')
    expect(cluster.reference(request).paths[0]!.obstacle).toBeUndefined()
  })

  it('where a backend is an external IP that its own node sends on', async () => {
    const cluster = await clusterOf(
      pod('front', 1, { hostNetwork: true }),
      pod('back', 3),
      pod('client', 2),
      service('front', { ports: [{ port: 80, targetPort: 8080 }] }),
      service('back', { externalIPs: ['172.18.0.2'], ports: [{ port: 8080 }] }),
    )
    expect(differencesOf(cluster)).toEqual([])
    const request = { from: 'client', to: 'svc/front' }
    expect(cluster.connect(request).backend).toMatchObject({ pod: 'default/back' })
    expect(cluster.reference(request).paths[0]).toMatchObject({
      services: ['default/front', 'default/back'],
      backend: { pod: 'default/back' },
    })
  })

  it('where endpoints are outside of the cluster', async () => {
    const outer = service('outer', { selector: null, ports: [{ port: 8443, targetPort: 443 }] })
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'outer-1', labels: { 'kubernetes.io/service-name': 'outer' } },
      addressType: 'IPv4',
      ports: [{ port: 443 }],
      endpoints: [{ addresses: ['192.0.2.77'] }],
    }
    const cluster = await clusterOf(pod('client', 2), outer, slice)
    expect(differencesOf(cluster)).toEqual([])
    const request = { from: 'client', to: 'svc/outer', port: 8443 }
    expect(cluster.connect(request)).toMatchObject({ verdict: 'delivered' })
    expect(cluster.reference(request).paths[0]).toMatchObject({
      allowed: true,
      ingress: { dst: '192.0.2.77', dport: 443 },
    })
    // Asked again, and by packets in bulk, nothing is claimed twice.
    expect(cluster.connect(request).verdict).toBe('delivered')
  })
})
