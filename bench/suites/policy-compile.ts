/**
 * Network policies from the apiserver's list to one node's rules and sets in the engine: 10,000 pods and 1,000 policies
 * from scratch; then one pod, one label, one policy changes. And a million connections that policies judge.
 */
import {
  ApiClient,
  ApiServer,
  namespaces,
  networkpolicies,
  pods,
  type NetworkPolicy,
  type Pod,
} from '../../src/apiserver/index.ts'
import { NodeKernel } from '../../src/cluster/components/node-kernel.ts'
import { NodePolicy } from '../../src/cluster/components/node-policy.ts'
import { Engine } from '../../src/engine/engine.ts'
import { Cluster } from '../../src/index.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import type { Figure } from '../support/figure.ts'
import { APPS, namespaceName, newPolicy, podStatus } from '../support/policies.ts'

const NODES = 100
const ROUNDS = 21
const NODE = 'node-0'

export function policyCompile(podCount: number, policyCount: number): Figure[] {
  const clock = new VirtualClock()
  const server = new ApiServer({ clock, seed: 1 })
  const admin = new ApiClient(server, 'admin')
  const teams = Math.max(1, podCount / 100)
  for (let index = 0; index < teams; index++)
    admin.create(namespaces, { metadata: { name: namespaceName(index) } })
  const running = Array.from({ length: podCount }, (_, number) => createPod(admin, number, teams))
  const policies = Array.from({ length: policyCount }, (_, index) =>
    admin.create(
      networkpolicies,
      newPolicy(namespaceName(index % teams), Math.floor(index / teams)) as never,
    ),
  )

  const engine = Engine.create({ seed: 1 })
  engine.netnsAdd(NODE)
  const start = performance.now()
  const kernel = new NodeKernel(engine, clock, NODE, [])
  const node = new NodePolicy(kernel, { clock, server, seed: 1, onReady: () => {} })
  clock.runUntilIdle()
  const compiled = performance.now() - start
  if (node.agent.size.policies !== policyCount) throw new Error('not all policies are there')
  const local = engine.setsList(NODE).get('NETPOL-ingress-v4')!.entries.size
  if (local === 0) throw new Error('no pod of the node is selected')

  const has = (address: string): boolean => engine.setsTest(NODE, 'NETPOL-ingress-v4', address)
  const name = `policy-compile/${podCount}x${policyCount}`
  const figure = (what: string, value: number): Figure => ({
    name: `${name}/${what}`,
    value,
    unit: 'ms',
    target: 10,
    better: 'lower',
  })
  return [
    { name: `${name}/from-scratch`, value: compiled, unit: 'ms', target: 3000, better: 'lower' },
    figure(
      'pod-added',
      median((round) => {
        const number = podCount + round
        const pod = newPod(admin, number, teams, NODE)
        return {
          change: () => admin.updateStatus(pods, { ...pod, status: podStatus(number) }),
          check: () => has(podStatus(number).podIP!),
        }
      }, clock),
    ),
    figure(
      'pod-relabelled',
      median((round) => {
        const number = round * 101
        const { metadata } = running[number]!
        const key = { name: metadata.name, namespace: metadata.namespace! }
        const text = `app-${(number + 1) % APPS}`
        return {
          change: () =>
            admin.patch(
              pods,
              key,
              { metadata: { labels: { app: text } } },
              { type: 'application/merge-patch+json' },
            ),
          check: () => admin.get(pods, key.name, key.namespace).metadata.labels?.['app'] === text,
        }
      }, clock),
    ),
    figure(
      'policy-changed',
      median((round) => {
        const { metadata } = policies[(round * 47) % policyCount]!
        const number = 20_000 + round
        const spec: NetworkPolicy['spec'] = {
          podSelector: { matchLabels: { app: `app-${round}` } },
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: number }] }],
        }
        const key = { name: metadata.name, namespace: metadata.namespace! }
        return {
          change: () => admin.patch(networkpolicies, key, { spec }, { type: 'application/merge-patch+json' }),
          check: () => hasPort(engine, number),
        }
      }, clock),
    ),
  ]
}

/** The agent's own rules in front of kube-proxy's: every pod isolated, every connection allowed by a rule. */
export async function policyConnections(podCount: number): Promise<Figure[]> {
  const cluster = await Cluster.create({ nodes: 10, seed: 1 })
  await cluster.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${podCount}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: example.com/web:1, ports: [{ containerPort: 80, name: http }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: http }] }]
  egress: [{ to: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: http }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
`)
  await cluster.settle()
  const start = performance.now()
  const { rows } = cluster.matrix({ ports: [{ port: 80, protocol: 'tcp' }], by: 'pod' })
  const seconds = (performance.now() - start) / 1000
  const delivered = rows.filter(({ verdict }) => verdict === 'delivered').length
  if (delivered !== podCount * podCount) throw new Error(`${delivered} of ${podCount ** 2} were delivered`)
  return [
    { name: `policy-connections/${podCount}-pods`, value: seconds, unit: 's', target: 15, better: 'lower' },
  ]
}

interface Change {
  readonly change: () => void
  /** Whether it has reached the engine. */
  readonly check: () => boolean
}

/** Milliseconds from the request to the apiserver until the engine has it. */
function median(changeOf: (round: number) => Change, clock: VirtualClock): number {
  const times = Array.from({ length: ROUNDS }, (_, round) => {
    const { change, check } = changeOf(round)
    clock.runUntilIdle()
    const before = performance.now()
    change()
    clock.runUntilIdle()
    const took = performance.now() - before
    if (!check()) throw new Error('the change did not reach the engine')
    return took
  })
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!
}

function createPod(admin: ApiClient, number: number, teams: number): Pod {
  const pod = newPod(admin, number, teams, `node-${number % NODES}`)
  return admin.updateStatus(pods, { ...pod, status: podStatus(number) })
}

function newPod(admin: ApiClient, number: number, teams: number, nodeName: string): Pod {
  return admin.create(pods, {
    metadata: {
      name: `pod-${number}`,
      namespace: namespaceName(number % teams),
      labels: { app: `app-${number % APPS}`, tier: number % 2 === 0 ? 'front' : 'back' },
    },
    spec: {
      nodeName,
      containers: [
        { name: 'main', image: 'x', ports: [{ name: 'http', containerPort: 8080 + (number % 3) }] },
      ],
    },
  })
}

function hasPort(engine: Engine, port: number): boolean {
  for (const { rules } of engine.ruleset(NODE, 'ipv4').tables.get('mangle')!.chains.values())
    for (const { matches } of rules)
      for (const match of matches)
        if (match.kind === 'tcp' && match.destinationPort?.value.from === port) return true
  return false
}
