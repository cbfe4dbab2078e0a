import { describe, expect, it } from 'vitest'
import { EXPECTED } from '../../../../src/cluster/expectations/read.ts'
import { policiesFulfil } from '../../../../src/cluster/expectations/fulfils.ts'
import { Cluster, Problem } from '../../../../src/index.ts'

const pod = (name: string, node: string, port = 80, extra = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  nodeName: ${node}
  ${extra}
  containers: [{ name: main, image: app, ports: [{ name: web, containerPort: ${port} }] }]
---`

const MANIFESTS = `
${pod('client', 'node-1')}
${pod('near', 'node-1', 8080)}
${pod('far', 'node-2', 8080)}
${pod('agent', 'node-2', 9100, 'hostNetwork: true')}
apiVersion: v1
kind: Service
metadata: { name: far }
spec: { type: NodePort, selector: { app: far }, ports: [{ port: 80, targetPort: web, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: itself }
spec: { selector: { app: near }, ports: [{ port: 80, targetPort: web }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { selector: { app: nobody }, ports: [{ port: 80 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: far }
spec:
  podSelector: { matchLabels: { app: far } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }], ports: [{ port: web }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: near }
spec: { podSelector: { matchLabels: { app: near } }, policyTypes: [Ingress, Egress] }
`

async function start(manifests = MANIFESTS): Promise<Cluster> {
  const cluster = await Cluster.create({ nodes: 3 })
  await cluster.apply(manifests)
  await cluster.settle()
  return cluster
}

describe('Cluster.reference', () => {
  it('judges the gateway of pods by the address that the packet carries: it is the node, and no address of its status', async () => {
    const deny = (name: string, to: string) => `
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  egress: [{ action: Deny, to: [${to}] }]
`
    const verdicts = async (to: string): Promise<string[]> => {
      const cluster = await start(`${MANIFESTS}${deny('deny', to)}`)
      const ask = { from: 'client', to: '10.244.0.1', port: 10250 }
      return [cluster.connect(ask).verdict, cluster.reference(ask).verdict]
    }
    expect(await verdicts('{ networks: [10.244.0.0/16] }')).toEqual(['dropped', 'denied'])
    expect(await verdicts('{ networks: [172.18.0.0/16] }')).toEqual(['delivered', 'allowed'])
    expect(await verdicts('{ nodes: {} }')).toEqual(['delivered', 'allowed'])
  })

  it('asks about the backend that a Service may choose, and names the rule', async () => {
    const cluster = await start()
    const answer = cluster.reference({ from: 'client', to: 'svc/far' })
    expect(answer.verdict).toBe('allowed')
    expect(answer.request.dst).toMatch(/^10\.96\./)
    const [path] = answer.paths
    expect(path!.backend).toEqual({ pod: 'default/far', ip: '10.244.1.2', port: 8080 })
    expect(path!.ingress.verdict.steps.at(-1)!.rule).toEqual({
      kind: 'NetworkPolicy',
      policy: 'default/far',
      direction: 'ingress',
      index: 0,
    })
    expect(path!.ingress.question).toMatchObject({ port: 8080, throughService: true, family: 'ipv4' })
    // The Service's port is not the pod's.
    expect(cluster.reference({ from: 'client', to: 'pod/far', port: 80 }).verdict).toBe('denied')
  })

  it('sees the node that masquerades, where that is not the node of the backend', async () => {
    const cluster = await start()
    const through = (node: string) => cluster.reference({ from: 'client', to: `node/${node}`, port: 30080 })
    // node-1 is the client's own: it chooses the backend and masquerades, so that node-2 sees node-1.
    expect(through('node-1').paths[0]).toMatchObject({
      allowed: false,
      egress: { node: 'node-1', src: '10.244.0.2', dst: '10.244.1.2', dport: 8080 },
      ingress: { node: 'node-2', src: '172.18.0.2', dst: '10.244.1.2', dport: 8080 },
    })
    // node-2 has the backend itself: its policies see the client.
    expect(through('node-2').paths[0]).toMatchObject({
      allowed: true,
      egress: { node: 'node-1', dst: '172.18.0.3', dport: 30080 },
      ingress: { node: 'node-2', src: '10.244.0.2', dst: '10.244.1.2', dport: 8080 },
    })
    expect(through('node-3').paths[0]).toMatchObject({
      allowed: false,
      ingress: { node: 'node-2', src: '172.18.0.4', dport: 8080 },
    })
  })

  it('knows the client outside where nobody masquerades', async () => {
    const cluster = await start()
    expect(
      cluster.reference({ from: '198.51.100.10', to: 'node/node-2', port: 30080 }).paths[0],
    ).toMatchObject({
      ingress: { node: 'node-2', src: '198.51.100.10', dst: '10.244.1.2' },
    })
    expect(
      cluster.reference({ from: '198.51.100.10', to: 'node/node-1', port: 30080 }).paths[0],
    ).toMatchObject({
      ingress: { node: 'node-2', src: '172.18.0.2' },
    })
  })

  it('a pod to itself: by its address it never leaves, through a Service it is policed', async () => {
    const cluster = await start()
    expect(cluster.reference({ from: 'near', to: 'pod/near' }).verdict).toBe('allowed')
    const answer = cluster.reference({ from: 'near', to: 'svc/itself' })
    expect(answer.verdict).toBe('denied')
    expect(answer.paths[0]!.flips).toContainEqual({
      option: 'selfThroughService',
      value: 'allowed',
      allowed: true,
    })
    expect(
      cluster.reference({ from: 'near', to: 'svc/itself' }, { selfThroughService: 'allowed' }).verdict,
    ).toBe('allowed')
  })

  it('knows the loopback of a pod and the gateway of its node', async () => {
    const cluster = await start()
    const own = cluster.reference({ from: 'near', to: '127.0.0.1', port: 8080 })
    expect(own.verdict).toBe('allowed')
    expect(own.reason).toContain('default/near reaches its own address')
    expect(cluster.reference({ from: 'near', to: '0.0.0.0', port: 8080 }).verdict).toBe('allowed')
    expect(cluster.reference({ from: 'near', to: '128.0.0.0', port: 8080 }).verdict).toBe('denied')

    const gateway = cluster.reference({ from: 'near', to: '10.244.0.1', port: 10250 })
    expect(gateway.verdict).toBe('allowed')
    expect(gateway.paths[0]!.egress.question.to).toEqual({
      kind: 'node',
      name: 'node-1',
      address: '10.244.0.1',
    })
    expect(gateway.paths[0]!.obstacle).toBeUndefined()
    // The gateway of another node is an address to the pod, and somebody has it.
    const [path] = cluster.reference({ from: 'near', to: '10.244.1.1', port: 10250 }).paths
    expect(path).toMatchObject({ allowed: false, ingress: { node: 'node-2' } })
    expect(path!.obstacle).toBeUndefined()
    // A node port is open on it, too.
    expect(cluster.reference({ from: 'client', to: '10.244.0.1', port: 30080 }).paths[0]!.backend).toEqual({
      pod: 'default/far',
      ip: '10.244.1.2',
      port: 8080,
    })
  })

  it('tells the address of the client even where a node masquerades it', async () => {
    const cluster = await start()
    const answer = cluster.reference({ from: '192.0.2.7', to: 'node/node-1', port: 30080 })
    expect(answer.from).toBe('192.0.2.7')
    expect(answer.request.src).toBe('192.0.2.7')
    expect(answer.paths[0]!.ingress.src).toBe('172.18.0.2')
  })

  it('minds the source ranges of a load balancer, at its address only', async () => {
    const cluster = await start(`
${pod('web', 'node-1')}
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  loadBalancerSourceRanges: [192.0.2.0/24]
  selector: { app: web }
  ports: [{ port: 80, nodePort: 30080 }]
`)
    const obstacle = (from: string, to: string, port: number) =>
      cluster.reference({ from, to, port }).paths[0]!.obstacle
    const refused = 'Service default/web takes only 192.0.2.0/24'
    const flow = (from: string) => cluster.connect({ from, to: 'svc/web', port: 80 }).verdict
    expect([obstacle('192.0.2.7', 'svc/web', 80), flow('192.0.2.7')]).toEqual([undefined, 'delivered'])
    expect([obstacle('198.51.100.10', 'svc/web', 80), flow('198.51.100.10')]).toEqual([refused, 'dropped'])
    expect(obstacle('198.51.100.10', 'node/node-1', 30080)).toBeUndefined()
    expect(obstacle('web', 'svc/web', 80)).toBeUndefined()
  })

  it('means another pod of the same workload where there is one', async () => {
    const deployment = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: d }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: d } }
  template:
    metadata: { labels: { app: d } }
    spec: { containers: [{ name: main, image: app, ports: [{ containerPort: 80 }] }] }
`
    const ends = async (replicas: number) => {
      const cluster = await start(deployment(replicas))
      const { from, to } = cluster.reference({ from: 'deploy/d', to: 'deploy/d' })
      return from === to
    }
    expect(await ends(2)).toBe(false)
    expect(await ends(1)).toBe(true)
  })

  it('says what stands in the way beside policies', async () => {
    const cluster = await start()
    const [path] = cluster.reference({ from: 'client', to: 'svc/nobody' }).paths
    expect(path).toMatchObject({
      allowed: true,
      obstacle: 'Service default/nobody has no endpoint for node-1',
    })
    // Its egress is closed, and a virtual address that nobody is translated to is an address as any other.
    expect(cluster.reference({ from: 'near', to: 'svc/nobody' }).verdict).toBe('denied')
  })

  it('says so where policies allow what no packet can do', async () => {
    const cluster = await start()
    const reason = (from: string, to: string) => cluster.reference({ from, to }).reason
    expect(reason('client', 'svc/nobody')).toBe(
      'policies do not forbid it, but no packet can arrive: Service default/nobody has no endpoint for node-1',
    )
    expect(reason('198.51.100.10', 'svc/itself')).toMatch(
      /^policies do not forbid it, but no packet can arrive: nothing outside has a route to 10\.96\./,
    )
    expect(reason('near', 'svc/nobody')).toMatch(/; besides, Service default\/nobody has no endpoint/)
    const answer = cluster.reference({ from: 'client', to: 'svc/nobody' })
    const holds = EXPECTED.filter((expected) => policiesFulfil(expected, answer))
    expect(holds).toEqual(['rejected', 'dropped', 'allowed'])
  })

  it('depends on the backend where policies treat them differently', async () => {
    const cluster = await start(
      MANIFESTS.replace('selector: { app: far }', 'selector: { web: both }')
        .replace('labels: { app: far }', 'labels: { app: far, web: both }')
        .replace('labels: { app: near }', 'labels: { app: near, web: both }'),
    )
    const answer = cluster.reference({ from: 'client', to: 'svc/far' })
    expect(answer.paths.map(({ backend, allowed }) => [backend?.pod, allowed])).toEqual([
      ['default/near', false],
      ['default/far', true],
    ])
    expect(answer.verdict).toBe('depends')
    expect(answer.reason).toContain('1 of 2 backends may be reached; default/near may not')
  })

  it('depends on the backend where no answer of some comes back', async () => {
    const manifests = `
${pod('client', 'node-1')}
${pod('near', 'node-1').replace('app: near', 'app: web')}
${pod('far', 'node-2').replace('app: far', 'app: web')}
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: { app: web }
  ports: [{ port: 80, nodePort: 30080 }]
`
    const deny = (app: string) => `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shut }
spec: { podSelector: { matchLabels: { app: ${app} } } }
`
    const ask = async (text: string) => {
      const answer = (await start(text)).reference({ from: 'client', to: 'node/node-2', port: 30080 })
      return { ...answer, holds: EXPECTED.filter((expected) => policiesFulfil(expected, answer)) }
    }
    const some = await ask(manifests)
    expect(some.verdict).toBe('depends')
    expect(some.reason).toBe(
      '1 of 2 backends can answer; default/near cannot: policies do not forbid it, but no answer can come back: ' +
        `the answer of ${some.paths[0]!.backend!.ip} does not come back by node-2, which alone can translate it`,
    )
    // What comes back depends on the backend, what policies say does not.
    expect(some.holds).toEqual(['allowed'])

    // The Service has no other backend.
    const alone = await ask(
      manifests
        .replace('name: near, labels: { app: web }', 'name: near, labels: { app: near }')
        .replace('selector: { app: web }', 'selector: { app: near }'),
    )
    expect(alone.verdict).toBe('allowed')
    expect(alone.holds).toEqual(['dropped', 'allowed'])

    const both = await ask(manifests + deny('web'))
    expect(both.verdict).toBe('denied')
    expect(both.holds).toEqual(['dropped', 'denied'])

    // Policies shut the one and nothing of the other comes back: dropped, whichever is chosen.
    const neither = await ask(
      manifests.replace('name: far, labels: { app: web }', 'name: far, labels: { app: web, at: far }') +
        deny('web').replace('app: web', 'at: far'),
    )
    expect(neither.verdict).toBe('depends')
    expect(neither.reason).toContain('1 of 2 backends may be reached; default/far may not')
    expect(neither.holds).toEqual(['dropped'])
  })

  it('keeps up with changes', async () => {
    const cluster = await start()
    expect(cluster.reference({ from: 'near', to: 'client' }).verdict).toBe('denied')
    await cluster.apply(
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: near }\nspec: { podSelector: { matchLabels: { app: near } }, policyTypes: [Ingress] }\n',
    )
    await cluster.settle()
    expect(cluster.reference({ from: 'near', to: 'client' }).verdict).toBe('allowed')
    expect(cluster.evaluator()).toBe(cluster.evaluator())
    expect(cluster.evaluator({ ownNode: 'policed' })).not.toBe(cluster.evaluator())
  })

  it('refuses what cannot be asked', async () => {
    const cluster = await start()
    expect(() => cluster.reference({ from: 'clent', to: 'far' })).toThrow(Problem)
    expect(() => cluster.reference({ from: 'client', to: 'far', prot: 80 } as never)).toThrow('prot')
  })
})

describe('Cluster.referenceMatrix', () => {
  it('has the rows of the matrix by packets, and verdicts of policies', async () => {
    const cluster = await start()
    const request = {
      ports: [{ port: 8080, protocol: 'tcp' } as const, { port: 80, protocol: 'tcp' } as const],
    }
    const reference = cluster.referenceMatrix(request)
    const packets = cluster.matrix(request)
    expect(reference.ports).toEqual(packets.ports)
    expect(reference.workloads).toEqual(packets.workloads)
    expect(reference.rows.map(({ from, to, port }) => [from, to, port])).toEqual(
      packets.rows.map(({ from, to, port }) => [from, to, port]),
    )
    const cell = (from: string, to: string, port: number) =>
      reference.rows.find(
        (row) => row.from === `default/${from}` && row.to === `default/${to}` && row.port === port,
      )!
    expect(cell('client', 'far', 8080).verdict).toBe('delivered')
    expect(cell('client', 'far', 80).verdict).toBe('dropped')
    expect(cell('agent', 'far', 80).verdict).toBe('delivered')
    expect(cell('near', 'agent', 80).verdict).toBe('dropped')
    expect(cell('near', 'agent', 80).reason).toContain('default/near')
  })
})
