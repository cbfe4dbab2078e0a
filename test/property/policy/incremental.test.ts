/** Whatever happened before, a node's policy rules and sets are those that the objects of now would give from scratch. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type {
  ClusterNetworkPolicy,
  KubeObject,
  NetworkPolicy,
  Node,
  Pod,
} from '../../../src/apiserver/index.ts'
import {
  arbitraryClusterPolicy,
  arbitraryLabels,
  arbitraryNamespace,
  arbitraryPod,
  arbitraryPolicy,
} from '../../../src/testing/arbitraries/index.ts'
import { agentNode, type AgentNode } from '../../support/policy/agent.ts'

const SEED = 20240101
const NODES = ['node-1', 'node-2']

type Step = { readonly object: KubeObject; readonly gone: boolean } | 'sync'

/** Few addresses, so that pods come to have those of others, and sometimes one at the same time. */
const address = fc.integer({ min: 2, max: 9 })
const phase = fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Succeeded')
const pod = fc
  .record({ pod: arbitraryPod(), node: fc.constantFrom(...NODES), at: address, phase })
  .map(({ pod: drawn, node, at, phase: its }) => ({
    ...drawn,
    spec: { ...drawn.spec, nodeName: node },
    status: { phase: its, podIPs: [{ ip: `10.244.0.${at}` }, { ip: `fd00:10:244::${at}` }] },
  }))
const node = fc
  .record({ name: fc.constantFrom(...NODES), labels: arbitraryLabels(), at: address })
  .map(({ name, labels, at }) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { addresses: [{ type: 'InternalIP', address: `172.18.0.${at}` }] },
  }))
const object = fc.oneof(
  { weight: 4, arbitrary: pod },
  { weight: 4, arbitrary: arbitraryPolicy() },
  { weight: 2, arbitrary: arbitraryClusterPolicy() },
  { weight: 2, arbitrary: arbitraryNamespace() },
  { weight: 1, arbitrary: node },
) as unknown as fc.Arbitrary<KubeObject>
/** Of what is told again, so much goes. */
const oneInFour = fc.nat({ max: 3 }).map((n) => n === 3)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ object, gone: oneInFour }) },
  { weight: 1, arbitrary: fc.constant('sync' as const) },
)

function tell({ agent }: AgentNode, given: KubeObject, gone = false): void {
  switch (given.kind) {
    case 'Pod':
      return gone ? agent.deletePod(given as Pod) : agent.setPod(given as Pod)
    case 'Node':
      return gone ? agent.deleteNode(given as Node) : agent.setNode(given as Node)
    case 'Namespace':
      return gone ? agent.deleteNamespace(given) : agent.setNamespace(given)
    default: {
      const policy = given as NetworkPolicy | ClusterNetworkPolicy
      return gone ? agent.deletePolicy(policy) : agent.setPolicy(policy)
    }
  }
}

it('changes one by one come to what all at once comes to', () => {
  let policies = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      fc.constantFrom('keep' as const, 're-evaluate' as const),
      (steps, liveConnections) => {
        const changed = agentNode('node-1', { liveConnections })
        const now = new Map<string, KubeObject>()
        for (const [index, each] of steps.entries()) {
          if (each === 'sync') {
            changed.agent.sync()
            continue
          }
          const { metadata, kind } = each.object
          const versioned = { ...each.object, metadata: { ...metadata, resourceVersion: String(index + 1) } }
          const key = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
          const gone = each.gone && now.has(key)
          if (gone) now.delete(key)
          else now.set(key, versioned)
          tell(changed, versioned, gone)
        }
        changed.agent.sync()
        const fresh = agentNode('node-1', { liveConnections })
        for (const each of now.values()) tell(fresh, each)
        fresh.agent.sync()
        policies += fresh.agent.size.policies
        expect(changed.text()).toBe(fresh.text())
        expect(changed.agent.size).toEqual(fresh.agent.size)
      },
    ),
    { seed: SEED, numRuns: 150 },
  )
  expect(policies).toBeGreaterThan(150)
})

it('when everything is gone, nothing is left', () => {
  fc.assert(
    fc.property(fc.array(object, { minLength: 1, maxLength: 20, size: 'max' }), (objects) => {
      const changed = agentNode('node-1')
      const empty = changed.text()
      for (const each of objects) tell(changed, each)
      changed.agent.sync()
      for (const each of objects) tell(changed, each, true)
      changed.agent.sync()
      const left = changed
        .text()
        .split('\n')
        .filter((line) => /NETPOL|NP[EI]-|NS[EI]-/.test(line))
      expect(left).toEqual([])
      expect(changed.agent.size).toEqual({ policies: 0, chains: 0, sets: 0 })
      expect(empty).not.toContain('NETPOL')
    }),
    { seed: SEED, numRuns: 100 },
  )
})
