/** What a packet is compared with on its way, as pods and policies grow: the numbers that the README says. */
import { expect, it } from 'vitest'
import { Cluster } from '../../../../src/index.ts'
import { rulesWalked } from '../../../support/policy/walked.ts'

const namespace = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
`
const pod = (name: string, node: number, app: string, space = 'default') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${space}, labels: { app: ${app} } }
spec: { nodeName: node-${node}, containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }
`
const policy = (name: string, app: string, space = 'default') => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${space} }
spec:
  podSelector: { matchLabels: { app: ${app} } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }], ports: [{ port: 80 }] }]
  egress: [{ to: [{ podSelector: {} }] }]
`
const many = (count: number, make: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => make(index))

async function walked(...manifests: string[]): Promise<number> {
  const cluster = await Cluster.create({ nodes: 2 })
  const base = [pod('server', 2, 'server'), pod('client', 1, 'client')]
  await cluster.apply([...base, ...manifests].join('---'))
  await cluster.settle()
  const { hops, verdict } = cluster.connect({ from: 'pod/client', to: 'pod/server', port: 80 })
  expect(verdict).toBe('delivered')
  return rulesWalked(cluster, hops)
}

it('nothing without policies', async () => {
  expect(await walked()).toBe(0)
})

it('as many with 200 pods in a policy as with two', async () => {
  const few = await walked(policy('server', 'server'))
  const more = many(200, (index) =>
    pod(`pod-${index}`, 1 + (index % 2), index % 3 === 0 ? 'client' : 'server'),
  )
  expect(await walked(policy('server', 'server'), ...more)).toBe(few)
  // Of both nodes, what lets replies pass and what checks addresses included.
  expect(few).toBe(18)
})

it('one more for a policy of the namespace that is about other pods', async () => {
  const one = await walked(policy('a', 'server'))
  // Their lines come after that of the policy that allows it, or before.
  expect(await walked(policy('a', 'server'), ...many(20, (index) => policy(`b-${index}`, 'others')))).toBe(
    one,
  )
  expect(await walked(policy('z', 'server'), ...many(20, (index) => policy(`b-${index}`, 'others')))).toBe(
    one + 20,
  )
})

it('its rules and one more for a policy that is about the pod, and lets something else through', async () => {
  const one = await walked(policy('z', 'server'))
  const other = (index: number): string =>
    policy(`b-${index}`, 'server').replace('port: 80 }] }]', 'port: 443 }] }]')
  expect(await walked(policy('z', 'server'), ...many(20, other))).toBe(one + 20 * 2)
})

it('one more for a namespace that has policies, however many', async () => {
  const one = await walked(policy('a', 'server'))
  const others = many(10, (index) => `a-team-${index}`)
  const policies = others.flatMap((space) => many(5, (index) => policy(`p-${index}`, 'server', space)))
  expect(await walked(policy('a', 'server'), ...others.map(namespace), ...policies)).toBe(one + 10)
})
