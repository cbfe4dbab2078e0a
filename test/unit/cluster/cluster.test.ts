import { readdirSync } from 'node:fs'
import type { ConnectRequest } from '../../../src/cluster/connect.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { Cluster, Problem } from '../../../src/index.ts'
import { parseIptablesSave } from '../../../src/kernel/iptables/index.ts'
import type { Flow } from '../../../src/index.ts'
import { Lab } from '../../../src/lab/index.ts'

async function guestbook(options: Parameters<typeof Cluster.create>[0] = {}): Promise<Cluster> {
  const cluster = await Cluster.create(options)
  await cluster.apply('examples/guestbook')
  const { settled } = await cluster.settle()
  expect(settled).toBe(true)
  return cluster
}

describe('the guestbook', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await guestbook()
  })

  it('has nothing to warn of', () => {
    expect(cluster.warnings()).toEqual([])
  })

  it('a frontend reaches redis through its Service, rewritten by the rules of its own node', () => {
    const flow = cluster.connect({ from: 'deploy/frontend', to: 'svc/redis', port: 6379 })
    expect(flow).toMatchObject({
      verdict: 'delivered',
      proxyMode: 'iptables',
      backend: { pod: 'default/redis-0', port: 6379 },
      request: { dport: 6379, protocol: 'tcp' },
      reply: { verdict: 'delivered', src: flow.request.dst, dst: flow.request.src },
    })
    const dnat = flow.hops.find(({ verdict }) => verdict.startsWith('DNAT'))
    expect(dnat).toMatchObject({ hook: 'PREROUTING', table: 'nat' })
    expect(dnat!.text).toContain(`-j DNAT --to-destination ${flow.backend!.ip}:6379`)
    expect(dnat!.chain).toMatch(/^KUBE-SEP-/)
    const service = cluster.view.services().find(({ metadata }) => metadata.name === 'redis')!
    expect(flow.resourceVersions.services).toBe(service.metadata.resourceVersion)
  })

  it('every hop names its rule as it stands in the rules of that node', () => {
    const flow = cluster.connect({ from: 'deploy/frontend', to: 'svc/redis' })
    const rules = flow.hops.filter(({ rule }) => rule !== undefined)
    expect(rules.length).toBeGreaterThan(10)
    for (const { netns, table, chain, rule, text } of rules) {
      const saved = cluster.render({ as: 'iptables-save', node: netns })
      const section = saved.split(`*${table}\n`)[1]!.split('COMMIT')[0]!
      const lines = section.split('\n').filter((line) => line.startsWith(`-A ${chain} `))
      expect(lines[rule! - 1]).toBe(text)
    }
  })

  it.each<[string, string, string, Partial<Flow>]>([
    ['a node to the Service: masqueraded', 'node/node-1', 'svc/redis', { verdict: 'delivered' }],
    ['a pod to itself through its Service (hairpin)', 'redis-0', 'svc/redis', { verdict: 'delivered' }],
    ['a stranger, too', 'pod/stranger', 'svc/redis', { verdict: 'delivered' }],
    ['outside to the node port', '198.51.100.77', 'svc/frontend', { verdict: 'delivered' }],
    ['a node to its node port over loopback', 'node/node-1', '127.0.0.1:30080', { verdict: 'delivered' }],
    ['the headless Service is the pod', 'stranger', 'svc/redis-headless', { verdict: 'delivered' }],
    ['a port nobody listens on', 'stranger', 'redis-0:81', { verdict: 'rejected' }],
    ['a pod to the outside', 'stranger', '8.8.8.8:443', { verdict: 'delivered' }],
    ['a pod to a node', 'stranger', 'node/node-2:10250', { verdict: 'delivered' }],
    ['outside to a ClusterIP: no route', '198.51.100.77', 'svc/redis', { verdict: 'dropped' }],
    ['an address of the Service range that nobody has', 'stranger', '10.96.0.99:80', { verdict: 'dropped' }],
  ])('%s', (_, from, to, expected) => {
    expect(cluster.connect({ from, to })).toMatchObject(expected)
  })

  it('a headless Service translates no port', async () => {
    const other = await Cluster.create()
    await other.apply(
      ['client', 'server']
        .map(
          (name) =>
            `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name} } }\nspec: { containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }\n---\n`,
        )
        .join('') +
        'apiVersion: v1\nkind: Service\nmetadata: { name: hl }\nspec: { clusterIP: None, selector: { app: server }, ports: [{ name: web, port: 8080, targetPort: 80 }] }\n',
    )
    await other.settle()
    const refused = other.connect({ from: 'client', to: 'svc/hl', port: 8080 })
    expect(refused).toMatchObject({ verdict: 'rejected', request: { dport: 8080 } })
    expect(refused.reason).toContain(
      'default/hl translates no ports: its endpoints have 80, not 8080: nothing',
    )
    expect(other.reference({ from: 'client', to: 'svc/hl' }).request.dport).toBe(8080)
    expect(other.connect({ from: 'client', to: 'svc/hl', port: 80 }).verdict).toBe('delivered')
    // By its name, as an SRV record has it.
    expect(other.connect({ from: 'client', to: 'svc/hl', port: 'web' }).verdict).toBe('delivered')
  })

  it('pings', () => {
    const flow = cluster.connect({ from: 'stranger', to: 'redis-0', protocol: 'icmp' })
    expect(flow).toMatchObject({ verdict: 'delivered', request: { sport: 0, dport: 0, protocol: 'icmp' } })
  })

  it('the matrix: frontends listen on 80, redis on 6379, the stranger on nothing', () => {
    const { workloads, rows } = cluster.matrix({
      ports: [
        { port: 80, protocol: 'tcp' },
        { port: 6379, protocol: 'tcp' },
      ],
    })
    expect(workloads).toEqual(['default/frontend', 'default/redis', 'default/stranger'])
    expect(rows).toHaveLength(18)
    for (const { to, port, verdict } of rows) {
      const listens = (to === 'default/frontend' && port === 80) || (to === 'default/redis' && port === 6379)
      expect([to, port, verdict]).toEqual([to, port, listens ? 'delivered' : 'rejected'])
    }
  })

  it('has a refusal that does not come back as what it is to the client: dropped', async () => {
    const cluster = await guestbook()
    const { engine } = cluster
    const rows = () => cluster.matrix({ ports: [{ port: 81, protocol: 'tcp' }] }).rows
    expect(rows().some(({ verdict }) => verdict === 'rejected')).toBe(true)
    const probe = engine.probe.bind(engine)
    engine.probe = (...asked) => probe(...asked).map((result) => ({ ...result, reply: 'none' }))
    const lost = rows().filter(({ reason }) => reason?.includes('nothing listens'))
    expect(lost.length).toBeGreaterThan(0)
    for (const { verdict, reason } of lost) {
      expect(verdict).toBe('dropped')
      expect(reason).toContain('and its refusal got lost')
    }
  })

  it('a matrix leaves no trace in conntrack', () => {
    const before = cluster.engine.conntrackCount('node-1')
    cluster.matrix({ ports: [{ port: 80, protocol: 'tcp' }] })
    expect(cluster.engine.conntrackCount('node-1')).toBe(before)
  })

  it('renders a script that holds every namespace and rule', () => {
    const script = cluster.render({ as: 'script' })
    for (const netns of ['fabric', 'outside', 'node-1', 'node-2', 'default_redis-0']) {
      expect(script).toContain(`ip netns add ${netns}\n`)
    }
    const rules = ['node-1', 'node-2'].flatMap((node) =>
      cluster
        .render({ as: 'iptables-save', node })
        .split('\n')
        .filter((line) => line.startsWith('-A')),
    )
    // A script leaves out the counters, which not every machine can make.
    const counter = / -m nfacct --nfacct-name  \S+/
    expect(rules.filter((rule) => counter.test(rule)).length).toBeGreaterThan(1)
    // The shell's quotes are not those of iptables-save.
    const bare = script.replaceAll('"', '')
    for (const rule of rules) expect(bare).toContain(` ${rule.replace(counter, '').replaceAll('"', '')}\n`)
    expect(script).not.toContain('nfacct')
    // Linux would refuse it from a namespace.
    expect(script).toContain(
      '\n# of the machine, not of a namespace: sysctl -w net.netfilter.nf_conntrack_max=',
    )
    expect(script).not.toMatch(/^ip netns exec .* net\.netfilter\.nf_conntrack_max/m)
    const one = cluster.render({ as: 'script', node: 'node-1' })
    expect(one).not.toContain('ip netns add node-2')
    expect(one).not.toContain('default_redis-0')
  })

  it.each([
    [{ to: 'svc/redis' }, 'from: is needed'],
    [{ from: 'stranger', to: 'svc/redis', protocol: 'http' }, 'protocol: "http" is not a protocol'],
    [{ from: 'stranger', to: 'svc/redis', sourcePort: 70_000 }, 'sourcePort: 70000 is not a number from'],
    [
      { from: 'stranger', to: 'svc/redis', prot: 'udp' },
      'prot: is not known here; did you mean from or port?',
    ],
  ])('refuses %j', (request, message) => {
    expect(() => cluster.connect(request as ConnectRequest)).toThrow(message)
  })

  it.each([
    [{ to: 'svc/redis', protocol: 'udp' }, 'to: Service default/redis has no udp port: it has 6379/tcp'],
    [{ to: 'svc/redis', port: 'web' }, 'port: Service default/redis has no port named web: it has 6379/tcp'],
    [{ to: 'svc/redis', protocol: 'icmp', port: 80 }, 'port: icmp has no ports'],
  ] as const)('knows the ports of a Service: %j', (request, message) => {
    expect(() => cluster.connect({ from: 'stranger', ...request })).toThrow(message)
  })

  it('sends to a port that the Service does not have, and says so', () => {
    for (const [request, port] of [
      [{ port: 9999 }, '9999/tcp'],
      [{ port: 6379, protocol: 'udp' }, '6379/udp'],
    ] as const) {
      const flow = cluster.connect({ from: 'stranger', to: 'svc/redis', ...request })
      expect(flow.verdict).not.toBe('delivered')
      expect(flow.reason).toMatch(
        new RegExp(`^Service default/redis has no port ${port} \\(it has 6379/tcp\\): `),
      )
    }
  })

  it.each([
    [{ ports: '80/tcp' }, 'ports: expected a list of ports'],
    [{ ports: [80] }, 'ports[0]: expected an object with port, protocol'],
    [{ ports: [{ port: 80, protocol: 'http' }] }, 'ports[0].protocol: "http" is not a protocol'],
    [{ ports: [{ port: 80, protocol: 'icmp' }] }, 'ports[0].port: icmp has no ports'],
    [{ ports: [{ port: 0, protocol: 'tcp' }] }, 'ports[0].port: "0" is not a port'],
    [{ port: [] }, 'port: is not known here; did you mean ports?'],
    [{ ports: [], by: 'node' }, 'by: "node" is not known: expected workload or pod'],
  ])('refuses the matrix %j', (request, message) => {
    expect(() => cluster.matrix(request as never)).toThrow(message)
    expect(() => cluster.matrix(request as never)).toThrow(Problem)
  })

  it('prints the rules of one family, which a restore takes', () => {
    const v4 = cluster.render({ as: 'iptables-save', node: 'node-1' })
    const v6 = cluster.render({ as: 'iptables-save', node: 'node-1', family: 'ipv6' })
    expect(cluster.render({ as: 'iptables-save', node: 'node-1', family: 'ipv4' })).toBe(v4)
    expect(parseIptablesSave(v4, 'ipv4').tables.get('nat')?.chains.size).toBeGreaterThan(10)
    expect(parseIptablesSave(v6, 'ipv6').tables.get('nat')?.chains.has('KUBE-SERVICES')).toBe(true)
    expect(v6).not.toContain('10.96.')
    expect(() => cluster.render({ as: 'script', family: 'ipv6' })).toThrow(
      'family: script is not of one family',
    )
    expect(() => cluster.render({ as: 'iptables' } as never)).toThrow('as: iptables is not known')
  })

  it('counts what kube-proxy counts by name', () => {
    const counters = (): unknown => cluster.engine.nfacctList('node-1').get('localhost_nps_accepted_pkts')
    const before = counters() as { packets: number; bytes: number }
    cluster.connect({ from: 'node/node-1', to: '127.0.0.1:30080' })
    expect(counters()).toEqual({ packets: before.packets + 1, bytes: before.bytes + 52 })
    expect([...cluster.engine.nfacctList('node-1').keys()]).toEqual([
      'ct_state_invalid_dropped_pkts',
      'localhost_nps_accepted_pkts',
    ])
  })

  it('says who is meant by mistake', () => {
    expect(() => cluster.connect({ from: 'pod/frontend', to: 'svc/redis' })).toThrow(/^from: there is no pod/)
    expect(() => cluster.render({ as: 'script', node: 'node-7' })).toThrow(/^node: there is no node node-7/)
  })
})

describe('a cluster', () => {
  it.each([
    [{ nods: 3 }, 'nods: is not known here; did you mean nodes?'],
    [
      { kubeProxy: { masquerade: true } },
      'kubeProxy.masquerade: is not known here; did you mean masqueradeAll?',
    ],
    [{ seed: -1 }, 'seed: -1 is not a whole number from 0 to 4294967295'],
    [{ zones: 'a' }, 'zones: expected a list of names, one a node'],
    [[], 'expected an object with nodes'],
  ])('refuses the options %j', async (options, message) => {
    await expect(Cluster.create(options as never)).rejects.toThrow(message)
    await expect(Cluster.create(options as never)).rejects.toThrow(Problem)
  })

  it('does not go back in time', async () => {
    const cluster = await Cluster.create({ nodes: 1 })
    const now = cluster.clock.now()
    for (const time of [-5, NaN, Infinity, '5']) {
      expect(() => cluster.advance(time as number)).toThrow(Problem)
    }
    expect(cluster.clock.now()).toBe(now)
    cluster.advance(5)
    expect(cluster.clock.now()).toBe(now + 5)
  })

  it('is a function of its manifests and its seed', async () => {
    const request = { from: 'deploy/frontend', to: 'svc/frontend' }
    const [a, b] = [await guestbook({ seed: 5 }), await guestbook({ seed: 5 })]
    for (let round = 0; round < 5; round++) expect(a.connect(request)).toEqual(b.connect(request))
    expect(a.render({ as: 'script' })).toBe(b.render({ as: 'script' }))
  })

  it('follows a change: a Service loses its endpoints and refuses', async () => {
    const cluster = await guestbook()
    const redis = { name: 'redis', namespace: 'default' }
    const { statefulsets } = await import('../../../src/apiserver/index.ts')
    cluster.client.scale(statefulsets, redis, 0)
    await cluster.settle()
    const flow = cluster.connect({ from: 'stranger', to: 'svc/redis' })
    expect(flow.verdict).toBe('rejected')
    expect(flow.reason).toMatch(/has no endpoints/)
    cluster.client.scale(statefulsets, redis, 1)
    await cluster.settle()
    expect(cluster.connect({ from: 'stranger', to: 'svc/redis' }).verdict).toBe('delivered')
  })

  it('balances over the pods of a Service', async () => {
    const cluster = await guestbook({ nodes: 3 })
    const backends = new Set(
      Array.from(
        { length: 40 },
        () => cluster.connect({ from: 'stranger', to: 'svc/frontend' }).backend?.pod,
      ),
    )
    expect(backends.size).toBe(2)
  })

  it('gives a LoadBalancer an address that is announced, and keeps the client behind Local', async () => {
    const cluster = await Cluster.create({ nodes: 3 })
    await cluster.apply('examples/guestbook')
    await cluster.apply(`apiVersion: v1
kind: Service
metadata: { name: public }
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: { role: frontend }
  ports: [{ port: 80 }]
`)
    await cluster.settle()
    const flow = cluster.connect({ from: '198.51.100.50', to: 'svc/public' })
    expect(flow.verdict).toBe('delivered')
    expect(flow.request.dst).toMatch(/^203\.0\.113\./)
    const arrival = flow.hops.find(
      ({ verdict, direction }) => verdict === 'delivered' && direction === 'request',
    )
    expect(arrival?.packet.src).toBe('198.51.100.50')
  })

  it('keeps the addresses of a load balancer that a manifest gives, and announces them', async () => {
    const cluster = await Cluster.create()
    await cluster.apply('examples/guestbook')
    await cluster.apply(`apiVersion: v1
kind: Service
metadata: { name: public }
spec:
  type: LoadBalancer
  selector: { role: frontend }
  ports: [{ port: 80 }]
status: { loadBalancer: { ingress: [{ ip: 192.0.2.77 }] } }
`)
    await cluster.settle()
    const { verdict, request } = cluster.connect({ from: '198.51.100.50', to: 'svc/public' })
    expect({ verdict, dst: request.dst }).toEqual({ verdict: 'delivered', dst: '192.0.2.77' })
  })

  it('renders a script of one node that loads when another node announces an address', async () => {
    const cluster = await Cluster.create()
    await cluster.apply('examples/guestbook')
    await cluster.apply(`apiVersion: v1
kind: Service
metadata: { name: public }
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  externalIPs: [192.0.2.8]
  selector: { app: redis }
  ports: [{ port: 6379 }]
`)
    await cluster.settle()
    const scripts = ['node-1', 'node-2'].map((node) => cluster.render({ as: 'script', node }))
    expect(scripts.filter((script) => script.includes('192.0.2.8 via')).length).toBe(1)
    for (const script of scripts) expect(() => new Lab().run(script)).not.toThrow()
  })

  it('speaks IPv6 where a Service does', async () => {
    const cluster = await Cluster.create()
    await cluster.apply('examples/guestbook')
    await cluster.apply(
      'apiVersion: v1\nkind: Service\nmetadata: { name: six }\nspec: { ipFamilies: [IPv6], selector: { app: redis }, ports: [{ port: 6379 }] }\n',
    )
    await cluster.settle()
    const flow = cluster.connect({ from: 'deploy/frontend', to: 'svc/six' })
    expect(flow).toMatchObject({ verdict: 'delivered', backend: { pod: 'default/redis-0' } })
    expect(flow.request.dst).toMatch(/^fd00:10:96:/)
  })

  it('warns of what has no effect, with its place', async () => {
    const cluster = await Cluster.create()
    await cluster.apply(`apiVersion: v1
kind: Service
metadata: { name: lost }
spec:
  selector: { app: nobody }
  ports: [{ port: 80 }]
---
apiVersion: v1
kind: Pod
metadata: { name: shy, labels: { app: shy } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: shy }
spec:
  selector: { app: shy }
  ports: [{ port: 80 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny }
spec: { podSelector: {} }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: meant }
spec: { tier: Admin, priority: 1, subject: { namespaces: { matchLabels: { kubernetes.io/metadata.name: default } } } }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: stray }
spec:
  tier: Admin
  priority: 2
  subject:
    pods:
      namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: default } }
      podSelector: { matchLabels: { app: nobody } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody }
spec: { podSelector: { matchLabels: { app: nobody } }, ingress: [{ ports: [{ port: gopher }] }] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: nowhere }
spec:
  tier: Admin
  priority: 3
  subject: { namespaces: { matchLabels: { team: none } } }
`)
    await cluster.settle()
    expect(cluster.warnings().map(({ message, place }) => `${place.line}: ${message}`)).toEqual([
      '5: the selector of Service lost (app=nobody) matches no pod',
      '18: no pod that Service shy selects has a TCP port 80',
      '44: the selector of NetworkPolicy nobody (app=nobody) matches no pod',
      '44: no pod has a TCP port named gopher, which NetworkPolicy nobody names',
      '52: the subject of ClusterNetworkPolicy nowhere matches no pod',
      '36: the subject of ClusterNetworkPolicy stray matches no pod',
    ])
  })

  it.each(readdirSync('test/fixtures/manifests'))('boots %s', async (name) => {
    const cluster = await Cluster.create({ nodes: 3 })
    await cluster.apply(`test/fixtures/manifests/${name}`)
    const { settled } = await cluster.settle()
    expect(settled).toBe(true)
    expect(cluster.view.pods().every(({ status }) => status?.phase === 'Running')).toBe(true)
    const [service] = cluster.view.services()
    const { namespace, name: service1 } = service!.metadata
    const flow = cluster.connect({ from: 'node/node-1', to: `${namespace}/svc/${service1}` })
    expect(flow.verdict).toBe('delivered')
  })

  it.each([
    [{ nodes: 0 }, /^nodes: 0 is not a whole number/],
    [{ proxyMode: 'ipvs' as const }, /^proxyMode: ipvs is not built yet/],
  ])('refuses %j', async (options, message) => {
    await expect(Cluster.create(options)).rejects.toThrow(message)
  })
})
