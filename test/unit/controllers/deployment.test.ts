import { describe, expect, it } from 'vitest'
import { deployments, pods, replicasets, type Pod } from '../../../src/apiserver/index.ts'
import { briefPod, newDeployment, startCluster } from '../../support/cluster.ts'

const web = { name: 'web', namespace: 'default' }

describe('Deployment', () => {
  it('becomes a ReplicaSet and pods that run on the nodes', () => {
    const { client, settle, errors } = startCluster()
    client.create(deployments, newDeployment('web', 3))
    settle()
    const all = client.list(pods).items
    expect(all.map(briefPod)).toEqual(
      [
        'node-1 10.244.0.2 Running ready',
        'node-2 10.244.1.2 Running ready',
        'node-1 10.244.0.3 Running ready',
      ].toSorted((a, b) => order(all, a) - order(all, b)),
    )
    const [set] = client.list(replicasets).items
    expect(set!.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]+$/)
    for (const { metadata } of all)
      expect(metadata.name).toMatch(new RegExp(`^${set!.metadata.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`))
    expect(client.get(deployments, 'web', 'default').status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      updatedReplicas: 3,
      unavailableReplicas: 0,
      observedGeneration: 1,
      conditions: [{ type: 'Available', status: 'True' }],
    })
    expect(errors).toEqual([])
  })

  it('gives the same names and addresses for the same seed, others for another', () => {
    const run = (seed: number) => {
      const { client, settle } = startCluster({ seed })
      client.create(deployments, newDeployment('web', 5))
      settle()
      return client.list(pods).items.map((pod) => `${pod.metadata.name} ${pod.metadata.uid} ${briefPod(pod)}`)
    }
    expect(run(3)).toEqual(run(3))
    expect(run(3)).not.toEqual(run(4))
  })

  it('scales down gracefully, the crowded node first', () => {
    const { client, settle } = startCluster()
    client.create(deployments, newDeployment('web', 3))
    settle()
    client.scale(deployments, web, 1)
    const { elapsed } = settle()
    expect(client.list(pods).items).toHaveLength(1)
    // The processes take a second to stop.
    expect(elapsed).toBeGreaterThanOrEqual(1000)
    expect(elapsed).toBeLessThan(1100)
  })

  it('rolls to a new template without ever having fewer than it may', () => {
    const { client, settle, clock } = startCluster({ kubelet: { readinessDelay: () => 3000 } })
    client.create(deployments, newDeployment('web', 4))
    settle()
    const before = new Set(client.list(pods).items.map(({ metadata }) => metadata.uid))
    client.patch(deployments, web, {
      spec: { template: { spec: { containers: [{ name: 'main', image: 'example.com/app:2' }] } } },
    })
    let fewest = Infinity
    let most = 0
    while (clock.pending > 0) {
      clock.runUntil(clock.nextTimer()!)
      const live = client.list(pods).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      fewest = Math.min(fewest, live.filter((pod) => briefPod(pod).endsWith(' ready')).length)
      most = Math.max(most, live.length)
    }
    expect(fewest).toBe(3)
    expect(most).toBe(5)
    const after = client.list(pods).items
    expect(after).toHaveLength(4)
    expect(
      after.every(
        ({ metadata, spec }) => !before.has(metadata.uid) && spec.containers[0]!.image!.endsWith(':2'),
      ),
    ).toBe(true)
    expect(
      client
        .list(replicasets)
        .items.map(({ spec }) => spec.replicas)
        .toSorted(),
    ).toEqual([0, 4])
    expect(client.get(deployments, 'web', 'default').metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '2',
    })
  })

  it('goes back to an old ReplicaSet when the old template comes back', () => {
    const { client, settle } = startCluster()
    client.create(deployments, newDeployment('web', 2))
    settle()
    const image = (tag: string) => ({
      spec: { template: { spec: { containers: [{ name: 'main', image: `example.com/app:${tag}` }] } } },
    })
    const [first] = client.list(replicasets).items
    client.patch(deployments, web, image('2'))
    settle()
    client.patch(deployments, web, image('1'))
    settle()
    expect(client.list(replicasets).items).toHaveLength(2)
    expect(client.get(replicasets, first!.metadata.name, 'default').spec.replicas).toBe(2)
    expect(client.get(deployments, 'web', 'default').metadata.annotations).toEqual({
      'deployment.kubernetes.io/revision': '3',
    })
  })

  it('with Recreate stops all old pods before it starts a new one', () => {
    const { client, settle, clock } = startCluster()
    const spec = newDeployment('web', 3)
    client.create(deployments, { ...spec, spec: { ...spec.spec, strategy: { type: 'Recreate' } } })
    settle()
    client.patch(deployments, web, {
      spec: { template: { spec: { containers: [{ name: 'main', image: 'example.com/app:2' }] } } },
    })
    const images = new Set<string>()
    while (clock.pending > 0) {
      clock.runUntil(clock.nextTimer()!)
      images.add(
        [...new Set(client.list(pods).items.map(({ spec }) => spec.containers[0]!.image!))].join(' '),
      )
    }
    expect([...images]).toEqual(['example.com/app:1', '', 'example.com/app:2'])
    expect(client.list(pods).items).toHaveLength(3)
  })

  it('takes its ReplicaSets and pods along when it is deleted', () => {
    const { client, settle } = startCluster()
    client.create(deployments, newDeployment('web', 2))
    settle()
    client.delete(deployments, web)
    settle()
    expect(client.list(replicasets).items).toEqual([])
    expect(client.list(pods).items).toEqual([])
  })

  it('makes pods anew that somebody deletes', () => {
    const { client, settle } = startCluster()
    client.create(deployments, newDeployment('web', 2))
    settle()
    const [victim] = client.list(pods).items
    client.delete(pods, { name: victim!.metadata.name, namespace: 'default' }, { gracePeriodSeconds: 0 })
    settle()
    const left = client.list(pods).items
    expect(left).toHaveLength(2)
    expect(left.some(({ metadata }) => metadata.uid === victim!.metadata.uid)).toBe(false)
  })
})

function order(all: readonly Pod[], brief: string): number {
  return all.findIndex((pod) => briefPod(pod) === brief)
}
