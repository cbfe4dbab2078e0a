import { describe, expect, it } from 'vitest'
import {
  deployments,
  endpointslices,
  nodes,
  pods,
  services,
  type EndpointSlice,
  type New,
  type Pod,
  type Service,
} from '../../../src/apiserver/index.ts'
import { newDeployment, startCluster, type ClusterOptions } from '../../support/cluster.ts'
import { newPod, newService } from '../../support/apiserver.ts'

function world(options: ClusterOptions = {}) {
  const cluster = startCluster(options)
  const { client, settle } = cluster
  const slices = () => client.list(endpointslices, { namespace: 'default' }).items
  const addresses = (slice: EndpointSlice | undefined) =>
    (slice?.endpoints ?? []).map(({ addresses }) => addresses[0])
  const conditions = () =>
    slices().flatMap(({ endpoints }) =>
      (endpoints ?? []).map(({ targetRef, conditions: { ready, serving, terminating } = {} }) =>
        [targetRef!.name, ready && 'ready', serving && 'serving', terminating && 'terminating']
          .filter(Boolean)
          .join(' '),
      ),
    )
  const start = (service: New<Service>, ...all: New<Pod>[]) => {
    client.create(services, service)
    for (const pod of all) client.create(pods, pod)
    settle()
  }
  return { ...cluster, slices, addresses, conditions, start }
}

describe('EndpointSlice controller', () => {
  it('writes one slice that names the pods, owned and labelled', () => {
    const { slices, start, client } = world({ zones: ['a', 'b'] })
    start(
      { ...newService('web'), metadata: { name: 'web', namespace: 'default', labels: { tier: 'x' } } },
      newPod('p', { labels: { app: 'web' } }),
    )
    const pod = client.get(pods, 'p', 'default')
    const service = client.get(services, 'web', 'default')
    expect(slices()).toMatchObject([
      {
        addressType: 'IPv4',
        metadata: {
          name: expect.stringMatching(/^web-[a-z0-9]{5}$/) as string,
          labels: {
            tier: 'x',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          },
          annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2024-01-01T00:00:00Z' },
          ownerReferences: [{ kind: 'Service', name: 'web', uid: service.metadata.uid, controller: true }],
        },
        ports: [{ name: '', port: 80, protocol: 'TCP' }],
        endpoints: [
          {
            addresses: ['10.244.0.2'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'node-1',
            zone: 'a',
            targetRef: { kind: 'Pod', name: 'p', namespace: 'default', uid: pod.metadata.uid },
          },
        ],
      },
    ])
    expect(slices()[0]!.endpoints![0]).not.toHaveProperty('hints')
  })

  it('keeps an empty slice for a service that selects nothing, none for one without selector or with a name outside', () => {
    const { slices, start, client, settle } = world()
    start(newService('empty'))
    client.create(services, {
      metadata: { name: 'manual', namespace: 'default' },
      spec: { ports: [{ port: 80 }] },
    })
    client.create(services, newService('outside', { type: 'ExternalName', externalName: 'example.com' }))
    settle()
    expect(slices()).toMatchObject([
      { endpoints: null, ports: null, metadata: { labels: { 'kubernetes.io/service-name': 'empty' } } },
    ])
    // The first endpoint is written over the empty slice.
    const { uid } = slices()[0]!.metadata
    client.create(pods, newPod('p', { labels: { app: 'empty' } }))
    settle()
    expect(slices()).toMatchObject([
      { metadata: { uid }, ports: [{ port: 80 }], endpoints: [{ addresses: ['10.244.0.2'] }] },
    ])
    client.delete(pods, { name: 'p', namespace: 'default' }, { gracePeriodSeconds: 0 })
    settle()
    expect(slices()).toMatchObject([{ metadata: { uid }, endpoints: null, ports: null }])
  })

  it('goes through ready, terminating and gone with the pod', () => {
    const { conditions, start, client, clock, settle, kubelets } = world({
      kubelet: { stopTime: () => 5000 },
    })
    start(newService('web'), newPod('p', { labels: { app: 'web' } }))
    expect(conditions()).toEqual(['p ready serving'])
    for (const kubelet of kubelets) kubelet.setReady({ name: 'p' }, false)
    settle()
    expect(conditions()).toEqual(['p'])
    for (const kubelet of kubelets) kubelet.setReady({ name: 'p' }, true)
    settle()
    client.delete(pods, { name: 'p', namespace: 'default' })
    clock.advance(100)
    expect(conditions()).toEqual(['p serving terminating'])
    settle()
    expect(conditions()).toEqual([])
  })

  it('publishes what is not ready when the service says so', () => {
    const { conditions, client, clock } = world({ kubelet: { readinessDelay: () => 600_000 } })
    client.create(services, newService('web', { publishNotReadyAddresses: true }))
    client.create(pods, newPod('p', { labels: { app: 'web' } }))
    clock.advance(1000)
    expect(conditions()).toEqual(['p ready'])
    client.patch(
      services,
      { name: 'web', namespace: 'default' },
      { spec: { publishNotReadyAddresses: false } },
    )
    clock.advance(1000)
    expect(conditions()).toEqual(['p'])
  })

  it('resolves a port name pod by pod, and separates what differs', () => {
    const { slices, start } = world()
    const named = (name: string, containerPort: number) =>
      newPod(name, {
        labels: { app: 'web' },
        containers: [{ name: 'main', image: 'example.com/app:1', ports: [{ name: 'http', containerPort }] }],
      })
    start(
      newService('web', { ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
      named('a', 8080),
      named('b', 9090),
      newPod('c', { labels: { app: 'web' } }),
    )
    expect(
      slices()
        .map(
          ({ ports, endpoints }) =>
            `${(ports ?? []).map(({ port }) => port).join()} ${endpoints!.map(({ targetRef }) => targetRef!.name).join()}`,
        )
        .toSorted(),
    ).toEqual([' c', '8080 a', '9090 b'])
  })

  it('cuts at 100 a slice, fills what changes and never moves what stays', () => {
    const { slices, start, client, settle, errors } = world({
      manager: { nodeIpam: { clusterCIDRs: ['10.244.0.0/16'], nodeMaskSize: { IPv4: 22 } } },
    })
    start(newService('web'))
    client.create(deployments, newDeployment('web', 250))
    settle()
    const sizes = () =>
      slices()
        .map(({ endpoints }) => endpoints!.length)
        .toSorted((a, b) => b - a)
    expect(sizes()).toEqual([100, 100, 50])
    const home = new Map(
      slices().flatMap(({ metadata, endpoints }) =>
        endpoints!.map(({ targetRef }) => [targetRef!.uid, metadata.name]),
      ),
    )
    client.scale(deployments, { name: 'web', namespace: 'default' }, 230)
    settle()
    expect(sizes().reduce((a, b) => a + b)).toBe(230)
    for (const { metadata, endpoints } of slices())
      for (const { targetRef } of endpoints!) expect(home.get(targetRef!.uid)).toBe(metadata.name)
    client.scale(deployments, { name: 'web', namespace: 'default' }, 260)
    settle()
    expect(slices()).toHaveLength(3)
    expect(sizes().reduce((a, b) => a + b)).toBe(260)
    expect(errors).toEqual([])
  })

  it('writes hints by traffic distribution, on ready endpoints only, and takes them off again', () => {
    const { slices, start, client, settle } = world({ zones: ['a', 'b'] })
    start(
      newService('web', { trafficDistribution: 'PreferSameNode' }),
      newPod('p', { labels: { app: 'web' } }),
      newPod('q', { labels: { app: 'web' }, readinessGates: [{ conditionType: 'never' }] }),
    )
    const hints = () => slices().flatMap(({ endpoints }) => endpoints!.map((endpoint) => endpoint.hints))
    expect(hints()).toEqual([{ forZones: [{ name: 'a' }], forNodes: [{ name: 'node-1' }] }, undefined])
    client.patch(
      services,
      { name: 'web', namespace: 'default' },
      { spec: { trafficDistribution: 'PreferClose' } },
    )
    settle()
    expect(hints()).toEqual([{ forZones: [{ name: 'a' }] }, undefined])
    client.patch(services, { name: 'web', namespace: 'default' }, { spec: { trafficDistribution: null } })
    settle()
    expect(hints()).toEqual([undefined, undefined])
  })

  it('has slices of each family of a dual-stack service', () => {
    const { slices, start, addresses } = world({ dualStack: true })
    start(newService('web', { ipFamilyPolicy: 'PreferDualStack' }), newPod('p', { labels: { app: 'web' } }))
    expect(slices().map((slice) => [slice.addressType, addresses(slice)])).toEqual([
      ['IPv4', ['10.244.0.2']],
      ['IPv6', ['fd00:10:244::2']],
    ])
  })

  it('names pods of a headless service by hostname', () => {
    const { slices, start } = world()
    start(
      newService('web', { clusterIP: 'None' }),
      newPod('p', { labels: { app: 'web' }, hostname: 'first', subdomain: 'web' }),
    )
    expect(slices()).toMatchObject([
      { metadata: { labels: { 'service.kubernetes.io/headless': '' } }, endpoints: [{ hostname: 'first' }] },
    ])
  })

  it('leaves out a pod whose node is unknown and tries again, until the node is there', () => {
    const { slices, start, client, clock, kubelets, errors } = world()
    const lost = newPod('p', { labels: { app: 'web' }, nodeName: 'node-9' })
    start(newService('web'))
    client.create(pods, lost)
    client.patch(
      pods,
      { name: 'p', namespace: 'default' },
      { status: { phase: 'Running', podIP: '10.244.9.2', podIPs: [{ ip: '10.244.9.2' }] } },
      { subresource: 'status' },
    )
    clock.advance(3500)
    void kubelets
    expect(slices()[0]!.endpoints).toBeNull()
    expect(errors.length).toBeGreaterThanOrEqual(2)
    client.create(nodes, { metadata: { name: 'node-9' }, spec: {} })
    clock.advance(10_000)
    expect(slices()[0]!.endpoints).toMatchObject([{ addresses: ['10.244.9.2'], nodeName: 'node-9' }])
  })

  it('puts right what somebody else changed, after a second', () => {
    const { slices, start, client, clock, addresses } = world()
    start(newService('web'), newPod('p', { labels: { app: 'web' } }))
    client.update(endpointslices, { ...slices()[0]!, endpoints: [] })
    clock.advance(500)
    expect(addresses(slices()[0])).toEqual([])
    clock.advance(600)
    expect(addresses(slices()[0])).toEqual(['10.244.0.2'])
  })

  it('does not write twice over a copy that lags behind', () => {
    const { server, slices, client, settle } = world()
    server.faults.delayWatches(2000, ({ resource }) => resource === 'endpointslices')
    client.create(services, newService('web'))
    for (const name of ['p', 'q', 'r']) {
      client.create(pods, newPod(name, { labels: { app: 'web' } }))
      settle()
    }
    expect(slices()).toHaveLength(1)
    expect(slices()[0]!.endpoints).toHaveLength(3)
  })
})
