/** What a change of policies means for connections that are there. UDP: any datagram of the two ports is of the one. */
import { describe, expect, it } from 'vitest'
import { networkpolicies } from '../../../../src/apiserver/index.ts'
import { Cluster } from '../../../../src/index.ts'

const PODS = `
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec: { nodeName: node-1, containers: [{ name: c, image: x, ports: [{ containerPort: 5000, protocol: UDP }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: server, labels: { app: server } }
spec: { nodeName: node-2, containers: [{ name: c, image: x, ports: [{ containerPort: 53, protocol: UDP }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: server }
spec: { selector: { app: server }, clusterIP: 10.96.0.53, ports: [{ port: 53, protocol: UDP }] }
`

const deny = (direction: 'Ingress' | 'Egress', app: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny }
spec: { podSelector: { matchLabels: { app: ${app} } }, policyTypes: [${direction}] }
`
/** In force for all, so that what is tested is a change of policies, not their first appearance. */
const ALLOW = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny }
spec: { podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}] }
`

async function started(liveConnections?: 'keep' | 're-evaluate') {
  const cluster = await Cluster.create({ nodes: 2, ...(liveConnections && { policy: { liveConnections } }) })
  await cluster.apply([PODS, ALLOW].join('---'))
  await cluster.settle()
  const ask = (to = 'pod/server', sourcePort = 5000) =>
    cluster.connect({ from: 'pod/client', to, port: 53, protocol: 'udp', sourcePort })
  return {
    cluster,
    ask,
    /** A datagram of the other side. */
    answer: () =>
      cluster.connect({ from: 'pod/server', to: 'pod/client', port: 5000, protocol: 'udp', sourcePort: 53 }),
    change: async (manifest?: string) => {
      if (manifest === undefined)
        cluster.client.delete(networkpolicies, { name: 'deny', namespace: 'default' })
      else await cluster.apply(manifest)
      await cluster.settle()
    },
  }
}

describe.each([
  ['ingress of the server', deny('Ingress', 'server')],
  ['egress of the client', deny('Egress', 'client')],
])('a change that denies the %s', (_, manifest) => {
  it('by default leaves connections that are there, and stops new ones', async () => {
    const { ask, answer, change } = await started()
    expect(ask().verdict).toBe('delivered')
    await change(manifest)
    expect(ask().verdict).toBe('delivered')
    expect(answer().verdict).toBe('delivered')
    expect(ask('pod/server', 5001).verdict).toBe('dropped')
  })

  it('stops them at the next packet, and their replies, where connections are policed again', async () => {
    const { ask, answer, change } = await started('re-evaluate')
    expect(ask().verdict).toBe('delivered')
    await change(manifest)
    const asked = ask()
    expect(asked.verdict).toBe('dropped')
    expect(asked.reason).toMatch(
      /no NetworkPolicy allows default\/client → default\/server udp 53 .*by default\/deny/,
    )
    const answered = answer()
    expect(answered.verdict).toBe('dropped')
    expect(answered.reason).toMatch(
      /no NetworkPolicy allows default\/client → default\/server udp 53, to which this is a reply .*by default\/deny/,
    )
  })

  it('stops a reply that comes first, and lets it go on when it is allowed again', async () => {
    const { ask, answer, change } = await started('re-evaluate')
    expect(ask().verdict).toBe('delivered')
    await change(manifest)
    expect(answer().verdict).toBe('dropped')
    await change(ALLOW)
    expect(answer().verdict).toBe('delivered')
    await change(manifest)
    expect(ask().verdict).toBe('dropped')
    // No policy at all, and then one that is about somebody else: nothing is left of the denial.
    await change()
    expect(answer().verdict).toBe('delivered')
    await change(deny('Ingress', 'nobody'))
    expect(answer().verdict).toBe('delivered')
  })

  it('lets them go on when what denied them is gone', async () => {
    const { ask, answer, change } = await started('re-evaluate')
    expect(ask().verdict).toBe('delivered')
    await change(manifest)
    expect(ask().verdict).toBe('dropped')
    expect(answer().verdict).toBe('dropped')
    await change(ALLOW)
    expect(ask().verdict).toBe('delivered')
    expect(answer().verdict).toBe('delivered')
  })

  it('polices connections to a Service by the pod that they were sent to', async () => {
    const { ask, change } = await started('re-evaluate')
    expect(ask('svc/server').verdict).toBe('delivered')
    await change(manifest)
    expect(ask('svc/server').verdict).toBe('dropped')
    await change()
    expect(ask('svc/server').verdict).toBe('delivered')
  })
})

it('replies pass that no rule allows as connections of their own, however connections are policed', async () => {
  for (const live of ['keep', 're-evaluate'] as const) {
    const { ask, answer, change } = await started(live)
    // The server may not begin anything.
    await change(deny('Egress', 'server'))
    expect(ask().verdict).toBe('delivered')
    expect(ask().reply.verdict).toBe('delivered')
    expect(answer().verdict).toBe('delivered')
  }
})
