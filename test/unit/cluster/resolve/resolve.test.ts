import { describe, expect, it } from 'vitest'
import { parseReference } from '../../../../src/cluster/reference.ts'
import { resolveDestination, type Wanted } from '../../../../src/cluster/resolve/destination.ts'
import { resolveSource } from '../../../../src/cluster/resolve/source.ts'
import { idleWorkloads, workloads } from '../../../../src/cluster/workload.ts'
import { deployment, node, pod, replicaSet, service, slice, viewOf } from '../../../support/view.ts'

const web = { owner: { kind: 'ReplicaSet', name: 'web-abc' } }
const view = viewOf([
  node('node-1', ['172.18.0.2', 'fd00:172:18::2']),
  node('node-2', ['172.18.0.3', 'fd00:172:18::3']),
  replicaSet('default/web-abc', { kind: 'Deployment', name: 'web' }),
  pod('default/web-abc-zzz', ['10.244.0.3', 'fd00:10:244::3'], web),
  pod('default/web-abc-aaa', ['10.244.1.3', 'fd00:10:244:1::3'], { ...web, node: 'node-2' }),
  pod('default/redis-0', ['10.244.1.2'], {
    owner: { kind: 'StatefulSet', name: 'redis' },
    node: 'node-2',
    ports: [{ name: 'redis', containerPort: 6379 }],
  }),
  pod('default/web', ['10.244.0.9']),
  pod('kube-system/agent', ['172.18.0.2'], { hostNetwork: true }),
  pod('default/done', ['10.244.0.9'], { phase: 'Succeeded' }),
  pod('default/waiting', [], { phase: 'Pending' }),
  pod('shop/twice-0', ['10.244.0.20'], { owner: { kind: 'StatefulSet', name: 'twice' } }),
  pod('shop/twice-x', ['10.244.0.21'], { owner: { kind: 'Job', name: 'twice' } }),
  pod('default/idle-0', [], { phase: 'Pending', owner: { kind: 'StatefulSet', name: 'idle' } }),
  deployment('default/zero', 0),
  service('default/redis', { clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'], ports: [{ port: 6379 }] }),
  service('default/dns', {
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10', 'fd00:10:96::a'],
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'metrics', port: 9153, protocol: 'TCP' },
    ],
  }),
  service('shop/six', { clusterIP: 'fd00:10:96::b', clusterIPs: ['fd00:10:96::b'], ports: [{ port: 80 }] }),
  service('shop/headless', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] }),
  service('shop/empty', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] }),
  slice('shop/headless-1', 'headless', ['10.244.1.7', '10.244.1.8'], 8080, [false, true]),
  service('shop/alias', { type: 'ExternalName', externalName: 'example.com' }),
  service(
    'shop/lb',
    { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20'], ports: [{ port: 80, nodePort: 31000 }] },
    ['203.0.113.5'],
  ),
  service('shop/np', {
    clusterIP: '10.96.0.21',
    clusterIPs: ['10.96.0.21'],
    ports: [{ port: 80, nodePort: 31001 }],
  }),
])

const from = (who: string) => resolveSource(view, parseReference(who, 'from'), 'from')
const to = (where: string, wanted: Wanted = {}, who = 'default/redis-0') =>
  resolveDestination(view, parseReference(where, 'to'), from(who), wanted, 'to')

describe('resolveSource', () => {
  it.each([
    ['redis-0', 'default_redis-0', 'default/redis-0'],
    ['pod/redis-0', 'default_redis-0', 'default/redis-0'],
    ['default/redis-0', 'default_redis-0', 'default/redis-0'],
    ['deploy/web', 'default_web-abc-aaa', 'default/web-abc-aaa'],
    ['rs/web-abc', 'default_web-abc-aaa', 'default/web-abc-aaa'],
    ['sts/redis', 'default_redis-0', 'default/redis-0'],
    ['web-1', 'default_web-abc-zzz', 'default/web-abc-zzz'],
    ['redis', 'default_redis-0', 'default/redis-0'],
    ['default/web[Deployment]', 'default_web-abc-aaa', 'default/web-abc-aaa'],
    ['node/node-2', 'node-2', 'node-2'],
    ['10.244.1.2', 'default_redis-0', 'default/redis-0'],
    ['172.18.0.3', 'node-2', 'node-2'],
    ['kube-system/agent', 'node-1', 'kube-system/agent'],
    ['198.51.100.77', 'outside', '198.51.100.77'],
  ])('%s sends from %s', (who, netns, label) => {
    expect(from(who)).toMatchObject({ netns, label })
  })

  it.each([
    ['redsi-0', 'from: there is no pod default/redsi-0; did you mean default/redis-0?'],
    ['deploy/wbe', 'from: there is no Deployment default/wbe; did you mean default/web?'],
    ['pod/redis', /^from: there is no pod default\/redis; did you mean default\/redis\[StatefulSet\]\?/],
    ['shop/twice', 'did you mean shop/twice[Job] or shop/twice[StatefulSet]?'],
    ['deploy/zero', 'from: Deployment default/zero has no replicas'],
    ['zero', 'from: Deployment default/zero has no replicas'],
    ['sts/idle', 'from: StatefulSet default/idle has no running pod'],
    ['node/node-9', /^from: there is no node node-9; did you mean node\/node-1 or node\/node-2\?/],
    ['203.0.113.9', 'from: nobody can send from 203.0.113.9: 203.0.113.0/24 belongs to the cluster'],
    ['10.244.1.99', /^from: nobody can send from 10\.244\.1\.99: /],
    ['svc/redis', /^from: a Service sends nothing/],
    ['waiting', 'from: pod default/waiting is Pending: it has no network'],
    ['done', 'from: pod default/done is Succeeded: it has no network'],
    ['web-7', /^from: there is no pod default\/web-7/],
  ])('%s is refused', (who, message) => {
    expect(() => from(who)).toThrow(message)
  })
})

describe('resolveDestination', () => {
  it.each<[string, Wanted, string, object]>([
    ['svc/redis', {}, 'deploy/web', { address: '10.96.0.11', port: 6379, protocol: 'tcp' }],
    ['svc/dns:53', {}, 'redis-0', { address: '10.96.0.10', port: 53, protocol: 'udp' }],
    ['svc/dns', { port: 'metrics' }, 'redis-0', { port: 9153, protocol: 'tcp' }],
    ['svc/dns', { port: 53, protocol: 'tcp' }, 'redis-0', { port: 53, protocol: 'tcp' }],
    ['svc/redis', { port: 1 }, 'redis-0', { address: '10.96.0.11', port: 1, protocol: 'tcp' }],
    ['svc/redis', { protocol: 'icmp' }, 'redis-0', { address: '10.96.0.11', port: 0, protocol: 'icmp' }],
    ['shop/svc/headless', {}, 'redis-0', { address: '10.244.1.8', port: 80 }],
    [
      'shop/svc/headless',
      { port: 80 },
      'redis-0',
      {
        port: 80,
        note: 'headless Service shop/headless translates no ports: its endpoints have 8080, not 80',
      },
    ],
    ['shop/svc/lb', {}, 'redis-0', { address: '10.96.0.20', port: 80 }],
    ['shop/svc/lb', {}, '198.51.100.1', { address: '203.0.113.5', port: 80 }],
    ['shop/svc/np', {}, '198.51.100.1', { address: '172.18.0.2', port: 31001 }],
    ['redis-0', {}, 'deploy/web', { address: '10.244.1.2', port: 6379 }],
    ['redis-0', { port: 'redis' }, 'deploy/web', { address: '10.244.1.2', port: 6379 }],
    ['deploy/web', { port: 80 }, 'redis-0', { address: '10.244.1.3', port: 80 }],
    ['node/node-2:30080', {}, 'redis-0', { address: '172.18.0.3', port: 30080 }],
    ['8.8.8.8:53', { protocol: 'udp' }, 'redis-0', { address: '8.8.8.8', port: 53, outside: true }],
    ['10.96.0.11:6379', {}, 'redis-0', { address: '10.96.0.11', outside: false }],
    ['[fd00:172:18::2]:80', {}, 'deploy/web', { address: 'fd00:172:18::2', outside: false }],
  ])('%s %j from %s', (where, wanted, who, expected) => {
    expect(to(where, wanted, who)).toMatchObject(expected)
  })

  it.each<[string, Wanted, string | RegExp]>([
    ['svc/dns', {}, 'to: Service default/dns has 2 ports: choose one of 53/udp (dns), 9153/tcp (metrics)'],
    ['svc/dns', { port: 'http' }, /^port: Service default\/dns has no port named http: it has 53\/udp/],
    ['svc/rdis', {}, 'to: there is no Service default/rdis; did you mean default/svc/redis?'],
    ['shop/svc/alias', {}, /^to: Service shop\/alias is only a name for example\.com/],
    ['shop/svc/empty', {}, /^to: headless Service shop\/empty has no ready endpoint/],
    ['deploy/web', {}, /^to: needs a port: give one, or write NAME:PORT \(it has none\)/],
    ['node/node-1', {}, /^to: needs a port/],
    ['redis-0', { port: 'http' }, 'port: default/redis-0 has no port named http: it has 6379/tcp (redis)'],
    ['8.8.8.8:53', { port: 54 }, 'port: the port is given twice, as 53 and as 54'],
    ['redis-0', { port: 65536 }, 'port: "65536" is not a port'],
    ['redis-0', { port: 80, protocol: 'icmp' }, 'port: icmp has no ports'],
    ['redis-0:80', { protocol: 'icmp' }, 'to: icmp has no ports'],
    [
      'shop/svc/six',
      {},
      'to: Service shop/six has no IPv4 address (fd00:10:96::b), and default/redis-0 has no other',
    ],
    ['fd00::99', { port: 80 }, /^to: fd00::99 is IPv6, and default\/redis-0 has no such address/],
  ])('%s %j is refused', (where, wanted, message) => {
    expect(() => to(where, wanted)).toThrow(message)
  })
})

describe('an address that sends', () => {
  it.each(['10.96.0.11:80', 'svc/redis'])('is what does not fit %s', (where) => {
    expect(() => to(where, {}, '2001:db8::1')).toThrow(
      /^from: 2001:db8::1 is of another family than 10\.96\.0\.11/,
    )
  })
})

describe('workloads', () => {
  it('groups running pods under what made them, and tells namesakes apart', () => {
    expect(workloads(view).map(({ label, pods }) => [label, pods.length])).toEqual([
      ['default/redis', 1],
      ['default/web [Deployment]', 2],
      ['default/web [Pod]', 1],
      ['kube-system/agent', 1],
      ['shop/twice [Job]', 1],
      ['shop/twice [StatefulSet]', 1],
    ])
  })

  it('knows those of which no pod runs, the finished left out', () => {
    expect(idleWorkloads(view).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`)).toEqual([
      'Deployment default/zero',
      'Pod default/waiting',
      'StatefulSet default/idle',
    ])
  })
})
