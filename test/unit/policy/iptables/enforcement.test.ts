/** NetworkPolicies through packets: what is applied is what packets meet. */
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../../src/index.ts'
import { networkpolicies, pods } from '../../../../src/apiserver/index.ts'

const WORKLOADS = `
apiVersion: v1
kind: Pod
metadata: { name: redis, labels: { app: redis } }
spec: { nodeName: node-2, containers: [{ name: c, image: x, ports: [{ containerPort: 6379, name: db }, { containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: front, labels: { app: front } }
spec: { nodeName: node-1, containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: stranger, labels: { app: stranger } }
spec: { nodeName: node-2, containers: [{ name: c, image: x }] }
`

const REDIS_ALLOW = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-allow }
spec:
  podSelector: { matchLabels: { app: redis } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: front } } }]
      ports: [{ port: db }]
`

async function cluster(...manifests: string[]): Promise<Cluster> {
  const made = await Cluster.create({ nodes: 2 })
  await made.apply(manifests.join('---'))
  await made.settle()
  return made
}

describe('a NetworkPolicy', () => {
  it('isolates the pods that it selects, and lets through what it names', async () => {
    const { connect } = verdicts(await cluster(WORKLOADS, REDIS_ALLOW))
    expect(connect('front', 'redis', 6379)).toBe('delivered')
    expect(connect('stranger', 'redis', 6379)).toBe('dropped')
    expect(connect('front', 'redis', 80)).toBe('dropped')
    expect(connect('redis', 'front', 80)).toBe('delivered')
    expect(connect('node/node-2', 'redis', 6379)).toBe('delivered')
    expect(connect('node/node-1', 'redis', 6379)).toBe('dropped')
    expect(connect('198.51.100.10', 'redis', 6379)).toBe('dropped')
  })

  it('says which policy dropped a packet, and the version of the policy', async () => {
    const made = await cluster(WORKLOADS, REDIS_ALLOW)
    const flow = made.connect({ from: 'pod/stranger', to: 'pod/redis', port: 6379 })
    expect(flow.reason).toBe(
      'dropped in node-2: no NetworkPolicy allows default/stranger → default/redis tcp 6379 (isolated for ingress by default/redis-allow)',
    )
    const [policy] = made.view.networkPolicies()
    expect(flow.resourceVersions).toMatchObject({ networkpolicies: policy!.metadata.resourceVersion })
  })

  it('is gone when it is deleted, with all that it brought', async () => {
    const made = await cluster(WORKLOADS)
    const before = made.render({ as: 'script' })
    await made.apply(REDIS_ALLOW)
    await made.settle()
    expect(made.render({ as: 'script' })).not.toBe(before)
    made.client.delete(networkpolicies, { name: 'redis-allow', namespace: 'default' })
    await made.settle()
    expect(made.render({ as: 'script' })).toBe(before)
  })

  it('changes elements of sets only when a pod comes and when it gets other labels', async () => {
    const made = await cluster(WORKLOADS, REDIS_ALLOW)
    const rules = () => made.render({ as: 'iptables-save', node: 'node-2' })
    const before = rules()
    await made.apply(WORKLOADS.split('---')[1]!.replace('name: front', 'name: front-2'))
    await made.settle()
    const { connect } = verdicts(made)
    expect(connect('front-2', 'redis', 6379)).toBe('delivered')
    made.client.patch(
      pods,
      { name: 'front', namespace: 'default' },
      { metadata: { labels: { app: 'other' } } },
      { type: 'application/merge-patch+json' },
    )
    await made.settle()
    expect(connect('front', 'redis', 6379)).toBe('dropped')
    expect(rules().replaceAll(/\[\d+:\d+\]/g, '')).toBe(before.replaceAll(/\[\d+:\d+\]/g, ''))
  })
})

describe('a ClusterNetworkPolicy about nodes', () => {
  it('is not got past with a link-local address, which is for neighbours', async () => {
    const made = await cluster(
      WORKLOADS,
      `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: no-nodes }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ nodes: {} }] }] }
`,
    )
    const node = 'fd00:172:18::2'
    const [own] = made.view.pods().filter(({ metadata }) => metadata.name === 'front')
    const address = own!.status!.podIPs![1]!.ip
    const sent = (source: string): string => {
      const attempt = { netns: 'default_front', protocol: 'tcp', sourcePort: 4000 } as const
      const [result] = made.probe([{ ...attempt, source, destination: node, destinationPort: 10250 }])
      return result!.verdict
    }
    expect(sent(address)).toBe('dropped')
    expect(sent('fe80::9')).toBe('dropped')
    expect(verdicts(made).connect('front', 'redis', 6379)).toBe('delivered')
  })
})

function verdicts(made: Cluster) {
  const name = (who: string): string => (/[/.:]/.test(who) ? who : `pod/${who}`)
  return {
    connect: (from: string, to: string, port: number, protocol: 'tcp' | 'udp' = 'tcp') =>
      made.connect({ from: name(from), to: name(to), port, protocol }).verdict,
  }
}
