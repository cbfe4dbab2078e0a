import { describe, expect, it } from 'vitest'
import { nodes, pods, type Pod } from '../../../src/apiserver/index.ts'
import { newPod } from '../../support/apiserver.ts'
import { startCluster, type ClusterOptions } from '../../support/cluster.ts'

function world(options: ClusterOptions = { nodes: 3, zones: ['a', 'a', 'b'] }) {
  const cluster = startCluster(options)
  const { client, settle } = cluster
  const place = (...all: ReturnType<typeof newPod>[]) => {
    for (const pod of all) client.create(pods, pod)
    settle()
    return all
      .map(({ metadata }) => client.get(pods, metadata.name!, 'default').spec.nodeName?.slice(-1) ?? '-')
      .join('')
  }
  const why = (name: string) =>
    client.get(pods, name, 'default').status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return { ...cluster, place, why }
}

const labels = { app: 'x' }
const many = (count: number, spec: Parameters<typeof newPod>[1] = {}) =>
  Array.from({ length: count }, (_, index) => newPod(`p-${index}`, spec))

describe('scheduler', () => {
  it('spreads', () => {
    expect(world().place(...many(7))).toBe('1231231')
  })

  it('honours nodeName, nodeSelector and node affinity', () => {
    const { place } = world()
    expect(
      place(
        newPod('named', { nodeName: 'node-3' }),
        newPod('zone', { nodeSelector: { 'topology.kubernetes.io/zone': 'b' } }),
      ),
    ).toBe('33')
    const notIn = (operator: 'NotIn' | 'Exists', values?: string[]): Pod['spec']['affinity'] => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator, ...(values && { values }) }] },
          ],
        },
      },
    })
    expect(place(newPod('not', { affinity: notIn('NotIn', ['node-1', 'node-3'])! }))).toBe('2')
    expect(place(newPod('any', { affinity: notIn('Exists')! }))).toBe('1')
  })

  it('prefers', () => {
    const { place } = world()
    const affinity: Pod['spec']['affinity'] = {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 1,
            preference: {
              matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['a'] }],
            },
          },
          {
            weight: 5,
            preference: {
              matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['b'] }],
            },
          },
        ],
      },
    }
    expect(place(...many(2, { affinity }))).toBe('33')
  })

  it('keeps away from taints that are not tolerated, and marks what fits nowhere until something changes', () => {
    const { place, why, client, settle, clock } = world()
    for (const name of ['node-1', 'node-2'])
      client.patch(
        nodes,
        { name },
        { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } },
      )
    client.patch(nodes, { name: 'node-3' }, { spec: { unschedulable: true } })
    settle()
    expect(
      place(
        newPod('plain'),
        newPod('gpu', { tolerations: [{ key: 'gpu', operator: 'Equal', value: 'yes' }] }),
      ),
    ).toBe('-1')
    expect(why('plain')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message:
        '0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {gpu: yes}.',
    })
    // Nothing polls.
    expect(clock.pending).toBe(0)
    client.patch(nodes, { name: 'node-3' }, { spec: { unschedulable: null } })
    settle()
    expect(client.get(pods, 'plain', 'default').spec.nodeName).toBe('node-3')
    expect(why('plain')).toMatchObject({ status: 'True' })
  })

  it('gives a host port of a node to one pod', () => {
    const port = (containerPort: number) => [
      { name: 'main', image: 'example.com/app:1', ports: [{ containerPort, hostPort: 8080 }] },
    ]
    const { place, why, client, settle } = world({ nodes: 1 })
    expect(place(newPod('a', { containers: port(1) }), newPod('b', { containers: port(2) }))).toBe('1-')
    expect(why('b')!.message).toContain("didn't have free ports")
    client.delete(pods, { name: 'a', namespace: 'default' })
    settle()
    expect(client.get(pods, 'b', 'default').spec.nodeName).toBe('node-1')
  })

  it('keeps pods apart and together by affinity', () => {
    const term = { topologyKey: 'topology.kubernetes.io/zone', labelSelector: { matchLabels: labels } }
    const apart: Pod['spec']['affinity'] = {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
    }
    const { place } = world()
    expect(place(...many(3, { labels, affinity: apart! }))).toBe('13-')
    const together: Pod['spec']['affinity'] = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { ...term, labelSelector: { matchLabels: { role: 'pair' } } },
        ],
      },
    }
    expect(
      place(
        ...[0, 1, 2].map((index) => newPod(`t-${index}`, { labels: { role: 'pair' }, affinity: together! })),
      ),
    ).toMatch(/^[12]{3}$|^3{3}$/)
  })

  it('keeps the skew that topology spread permits', () => {
    const spread: Pod['spec']['topologySpreadConstraints'] = [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: labels },
      },
    ]
    const zones = world()
      .place(...many(6, { labels, topologySpreadConstraints: spread! }))
      .replaceAll(/[12]/g, 'a')
      .replaceAll('3', 'b')
    expect([...zones].filter((zone) => zone === 'a')).toHaveLength(3)
  })

  it('leaves pods of another scheduler alone', () => {
    expect(world().place(newPod('mine', { schedulerName: 'other' }))).toBe('-')
  })
})

describe('node ipam', () => {
  it('gives each node a block of each family', () => {
    const { client } = world({ nodes: 3, dualStack: true })
    expect(client.list(nodes).items.map(({ spec }) => spec?.podCIDRs)).toEqual([
      ['10.244.0.0/24', 'fd00:10:244::/64'],
      ['10.244.1.0/24', 'fd00:10:244:1::/64'],
      ['10.244.2.0/24', 'fd00:10:244:2::/64'],
    ])
    expect(client.get(nodes, 'node-1').spec?.podCIDR).toBe('10.244.0.0/24')
  })

  it('gives the block of a node that went to the next, and says when there is none left', () => {
    const { client, clock, errors } = world({
      nodes: 2,
      manager: { nodeIpam: { clusterCIDRs: ['10.244.0.0/23'] } },
    })
    client.create(nodes, { metadata: { name: 'late' }, spec: {} })
    clock.advance(1000)
    expect(client.get(nodes, 'late').spec?.podCIDR).toBeUndefined()
    expect(String(errors[0])).toContain('no remaining CIDRs left to allocate')
    client.delete(nodes, { name: 'node-1' })
    clock.advance(60_000)
    expect(client.get(nodes, 'late').spec?.podCIDR).toBe('10.244.0.0/24')
  })

  it('refuses a range that cannot be cut', () => {
    expect(() => world({ manager: { nodeIpam: { clusterCIDRs: ['10.244.0.0/26'] } } })).toThrow(
      'cannot be cut into blocks of /24',
    )
  })
})
