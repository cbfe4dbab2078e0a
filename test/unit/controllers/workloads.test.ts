import { describe, expect, it } from 'vitest'
import {
  daemonsets,
  deployments,
  namespaces,
  nodes,
  pods,
  replicasets,
  services,
  statefulsets,
  configmaps,
  type DaemonSet,
  type New,
  type StatefulSet,
} from '../../../src/apiserver/index.ts'
import { newService } from '../../support/apiserver.ts'
import { briefPod, newDeployment, startCluster } from '../../support/cluster.ts'

const ref = (name: string) => ({ name, namespace: 'default' })
const image = (tag: string) => ({
  spec: { template: { spec: { containers: [{ name: 'main', image: `example.com/app:${tag}` }] } } },
})

function newStatefulSet(
  name: string,
  replicas: number,
  more: Partial<StatefulSet['spec']> = {},
): New<StatefulSet> {
  const { metadata, spec } = newDeployment(name, replicas)
  return {
    metadata,
    spec: { replicas, selector: spec.selector, template: spec.template, serviceName: name, ...more },
  }
}

function newDaemonSet(name: string): New<DaemonSet> {
  const { metadata, spec } = newDeployment(name, 1)
  return { metadata, spec: { selector: spec.selector, template: spec.template } }
}

describe('StatefulSet', () => {
  it('makes pods by ordinal, each when the one before is ready', () => {
    const { client, clock, podNames } = startCluster({ kubelet: { readinessDelay: () => 2000 } })
    client.create(statefulsets, newStatefulSet('db', 3))
    const steps: string[] = []
    while (clock.pending > 0) {
      clock.runUntil(clock.nextTimer()!)
      const now = podNames().join(' ')
      if (steps.at(-1) !== now) steps.push(now)
    }
    expect(steps).toEqual(['', 'db-0', 'db-0 db-1', 'db-0 db-1 db-2'])
    const [first] = client.list(pods).items
    expect(first).toMatchObject({
      metadata: {
        labels: {
          app: 'db',
          'statefulset.kubernetes.io/pod-name': 'db-0',
          'apps.kubernetes.io/pod-index': '0',
        },
      },
      spec: { hostname: 'db-0', subdomain: 'db' },
    })
    expect(client.get(statefulsets, 'db', 'default').status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      updatedReplicas: 3,
    })
  })

  it('makes all at once when told to, beginning at its first ordinal', () => {
    const { client, podNames, settle } = startCluster({ kubelet: { readinessDelay: () => 2000 } })
    client.create(
      statefulsets,
      newStatefulSet('db', 2, { podManagementPolicy: 'Parallel', ordinals: { start: 5 } }),
    )
    const { elapsed } = settle()
    expect(podNames()).toEqual(['db-5', 'db-6'])
    expect(elapsed).toBeLessThan(3000)
  })

  it('goes down from the top, one by one', () => {
    const { client, clock, podNames, settle } = startCluster()
    client.create(statefulsets, newStatefulSet('db', 3))
    settle()
    client.scale(statefulsets, ref('db'), 1)
    const steps: string[] = []
    while (clock.pending > 0) {
      clock.runUntil(clock.nextTimer()!)
      const now = podNames().join(' ')
      if (steps.at(-1) !== now) steps.push(now)
    }
    expect(steps).toEqual(['db-0 db-1 db-2', 'db-0 db-1', 'db-0'])
  })

  it('renews pods from the top, down to the partition', () => {
    const { client, settle } = startCluster()
    client.create(
      statefulsets,
      newStatefulSet('db', 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }),
    )
    settle()
    client.patch(statefulsets, ref('db'), image('2'))
    settle()
    expect(
      client
        .list(pods)
        .items.map(({ metadata, spec }) => `${metadata.name} ${spec.containers[0]!.image!.at(-1)}`),
    ).toEqual(['db-0 1', 'db-1 2', 'db-2 2'])
    expect(client.get(statefulsets, 'db', 'default').status).toMatchObject({
      updatedReplicas: 2,
      currentReplicas: 1,
    })
  })
})

describe('DaemonSet', () => {
  it('has a pod on each node that will have it, also on nodes that come later', () => {
    const { client, settle } = startCluster({ nodes: 3 })
    client.patch(
      nodes,
      { name: 'node-2' },
      { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } },
    )
    client.patch(nodes, { name: 'node-3' }, { spec: { unschedulable: true } })
    client.create(daemonsets, newDaemonSet('agent'))
    settle()
    const where = () =>
      client
        .list(pods)
        .items.map(({ spec }) => spec.nodeName)
        .toSorted()
    // A daemon does not mind a node that takes no new pods.
    expect(where()).toEqual(['node-1', 'node-3'])
    client.patch(nodes, { name: 'node-2' }, { spec: { taints: null } })
    settle()
    expect(where()).toEqual(['node-1', 'node-2', 'node-3'])
    expect(client.get(daemonsets, 'agent', 'default').status).toMatchObject({
      desiredNumberScheduled: 3,
      numberReady: 3,
      numberAvailable: 3,
    })
  })

  it('renews its pods one by one', () => {
    const { client, settle, clock } = startCluster({ nodes: 3 })
    client.create(daemonsets, newDaemonSet('agent'))
    settle()
    client.patch(daemonsets, ref('agent'), image('2'))
    let fewest = 3
    while (clock.pending > 0) {
      clock.runUntil(clock.nextTimer()!)
      fewest = Math.min(
        fewest,
        client.list(pods).items.filter((pod) => briefPod(pod).endsWith(' ready')).length,
      )
    }
    expect(fewest).toBe(2)
    expect(client.list(pods).items.map(({ spec }) => spec.containers[0]!.image)).toEqual(
      Array.from({ length: 3 }, () => 'example.com/app:2'),
    )
  })
})

describe('ReplicaSet', () => {
  it('takes over a pod without controller that it selects, and lets go of one that it no longer selects', () => {
    const { client, settle } = startCluster()
    const { metadata, spec } = newDeployment('web', 2)
    client.create(pods, {
      metadata: { name: 'stray', namespace: 'default', labels: { app: 'web' } },
      spec: spec.template.spec,
    })
    client.create(replicasets, {
      metadata,
      spec: { replicas: 2, selector: spec.selector, template: spec.template },
    })
    settle()
    expect(client.list(pods).items).toHaveLength(2)
    expect(client.get(pods, 'stray', 'default').metadata.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: 'web', controller: true },
    ])
    client.patch(pods, ref('stray'), { metadata: { labels: { app: 'other' } } })
    settle()
    expect(client.get(pods, 'stray', 'default').metadata.ownerReferences ?? []).toEqual([])
    expect(client.list(pods, { labelSelector: 'app=web' }).items).toHaveLength(2)
  })

  it('makes no pod twice when its copy lags', () => {
    const { client, server, settle } = startCluster()
    server.faults.delayWatches(700, ({ resource }) => resource === 'pods')
    client.create(deployments, newDeployment('web', 5))
    settle()
    client.scale(deployments, ref('web'), 8)
    settle()
    client.scale(deployments, ref('web'), 3)
    settle()
    const ever = client.list(pods).items
    expect(ever).toHaveLength(3)
    expect(client.get(deployments, 'web', 'default').status).toMatchObject({ replicas: 3, readyReplicas: 3 })
  })
})

describe('garbage collection', () => {
  const owned = (name: string, owner: { metadata: { name: string; uid: string } }, block = true) => ({
    metadata: {
      name,
      namespace: 'default',
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner.metadata.name,
          uid: owner.metadata.uid,
          blockOwnerDeletion: block,
        },
      ],
    },
  })

  it('takes what the owner leaves, down the line, and what never had one', () => {
    const { client, settle } = startCluster({ nodes: 0 })
    const a = client.create(configmaps, { metadata: ref('a') })
    const b = client.create(configmaps, owned('b', a))
    client.create(configmaps, owned('c', b))
    client.create(configmaps, owned('d', { metadata: { name: 'a', uid: 'another' } }))
    settle()
    expect(client.list(configmaps).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c'])
    client.delete(configmaps, ref('a'))
    settle()
    expect(client.list(configmaps).items).toEqual([])
  })

  it('in the foreground waits for what blocks', () => {
    const { client, settle, clock } = startCluster({ nodes: 0 })
    const a = client.create(configmaps, { metadata: ref('a') })
    client.create(configmaps, {
      ...owned('b', a),
      metadata: { ...owned('b', a).metadata, finalizers: ['example.com/hold'] },
    })
    settle()
    client.delete(configmaps, ref('a'), { propagationPolicy: 'Foreground' })
    settle()
    expect(client.get(configmaps, 'a', 'default').metadata.finalizers).toEqual(['foregroundDeletion'])
    expect(client.get(configmaps, 'b', 'default').metadata.deletionTimestamp).toBeDefined()
    client.patch(configmaps, ref('b'), [{ op: 'remove', path: '/metadata/finalizers/0' }], {
      type: 'application/json-patch+json',
    })
    clock.advance(10_000)
    settle()
    expect(client.list(configmaps).items).toEqual([])
  })

  it('orphans when told to', () => {
    const { client, settle } = startCluster({ nodes: 0 })
    const a = client.create(configmaps, { metadata: ref('a') })
    client.create(configmaps, owned('b', a))
    settle()
    client.delete(configmaps, ref('a'), { propagationPolicy: 'Orphan' })
    settle()
    expect(
      client.list(configmaps).items.map(({ metadata }) => [metadata.name, metadata.ownerReferences ?? []]),
    ).toEqual([['b', []]])
  })
})

describe('Namespace', () => {
  it('is emptied, pods gracefully, and goes', () => {
    const { client, settle, clock, errors } = startCluster()
    client.create(namespaces, { metadata: { name: 'team' } })
    const web = newDeployment('web', 2)
    client.create(deployments, { ...web, metadata: { name: 'web', namespace: 'team' } })
    client.create(services, { ...newService('web'), metadata: { name: 'web', namespace: 'team' } })
    settle()
    const begun = clock.now()
    client.delete(namespaces, { name: 'team' })
    settle()
    expect(client.find(namespaces, 'team')).toBeUndefined()
    expect(client.list(pods, { namespace: 'team' }).items).toEqual([])
    expect(clock.now() - begun).toBeGreaterThanOrEqual(1000)
    expect(errors.filter((error) => !String(error).includes('being terminated'))).toEqual([])
  })
})

describe('LoadBalancer', () => {
  it('gives addresses of its pools and takes them back', () => {
    const { client, settle } = startCluster({ manager: { loadBalancer: { pools: ['198.51.100.0/30'] } } })
    const ips = (name: string) => client.get(services, name, 'default').status?.loadBalancer?.ingress
    for (const name of ['a', 'b']) client.create(services, newService(name, { type: 'LoadBalancer' }))
    settle()
    expect([ips('a'), ips('b')]).toEqual([
      [{ ip: '198.51.100.1', ipMode: 'VIP' }],
      [{ ip: '198.51.100.2', ipMode: 'VIP' }],
    ])
    client.patch(services, ref('a'), { spec: { type: 'ClusterIP' } })
    client.create(services, newService('c', { type: 'LoadBalancer' }))
    settle()
    expect(ips('a')).toBeUndefined()
    expect(['198.51.100.1', '198.51.100.3']).toContain(ips('c')![0]!.ip)
  })
})
