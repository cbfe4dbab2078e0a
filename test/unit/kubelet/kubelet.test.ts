import { describe, expect, it } from 'vitest'
import { nodes, pods } from '../../../src/apiserver/index.ts'
import { PodAddresses } from '../../../src/kubelet/pod-network.ts'
import { newPod } from '../../support/apiserver.ts'
import { briefPod, startCluster, type ClusterOptions } from '../../support/cluster.ts'

function world(options: ClusterOptions = {}) {
  const log: string[] = []
  const cluster = startCluster({
    nodes: 1,
    ...options,
    kubelet: {
      observer: {
        started: ({ metadata }, { ips, hostNetwork, nodeName }) =>
          void log.push(`+${metadata.name} ${nodeName} ${ips.join()}${hostNetwork ? ' host' : ''}`),
        stopping: ({ metadata }) => void log.push(`~${metadata.name}`),
        stopped: ({ metadata }) => void log.push(`-${metadata.name}`),
      },
      ...options.kubelet,
    },
  })
  const { client } = cluster
  const brief = (name: string) => briefPod(client.get(pods, name, 'default'))
  return { ...cluster, log, brief }
}

const p = { name: 'p', namespace: 'default' }

describe('Kubelet', () => {
  it('registers its node', () => {
    const { client } = world({ zones: ['a'], dualStack: true })
    expect(client.get(nodes, 'node-1')).toMatchObject({
      metadata: {
        labels: {
          'kubernetes.io/hostname': 'node-1',
          'kubernetes.io/os': 'linux',
          'topology.kubernetes.io/zone': 'a',
        },
      },
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.168.0.1' },
          { type: 'InternalIP', address: 'fd00::1' },
          { type: 'Hostname', address: 'node-1' },
        ],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    })
  })

  it('runs a pod: first its network, then the news', () => {
    const { client, log, settle, brief } = world({ dualStack: true })
    client.create(pods, newPod('p'))
    client.create(pods, newPod('h', { hostNetwork: true }))
    settle()
    expect(log).toEqual(['+p node-1 10.244.0.2,fd00:10:244::2', '+h node-1 192.168.0.1,fd00::1 host'])
    expect(brief('p')).toBe('node-1 10.244.0.2 Running ready')
    expect(client.get(pods, 'p', 'default').status).toMatchObject({
      podIPs: [{ ip: '10.244.0.2' }, { ip: 'fd00:10:244::2' }],
      hostIPs: [{ ip: '192.168.0.1' }, { ip: 'fd00::1' }],
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0 }],
    })
    expect(client.get(pods, 'h', 'default').status).toMatchObject({
      podIP: '192.168.0.1',
      hostIP: '192.168.0.1',
    })
  })

  it('takes a pod that has finished off the network, whose status keeps its address', () => {
    const { client, log, settle, brief } = world({ kubelet: { podAddresses: 'lowest' } })
    const job = client.create(pods, newPod('p'))
    settle()
    const { resourceVersion: _version, ...metadata } = job.metadata
    const { status = {} } = client.get(pods, 'p', 'default')
    client.updateStatus(pods, { ...job, metadata, status: { ...status, phase: 'Succeeded' } })
    settle()
    expect(client.get(pods, 'p', 'default').status).toMatchObject({ phase: 'Succeeded', podIP: '10.244.0.2' })
    client.create(pods, newPod('q'))
    settle()
    expect(brief('q')).toBe('node-1 10.244.0.2 Running ready')
    client.delete(pods, p)
    settle()
    expect(client.find(pods, 'p', 'default')).toBeUndefined()
    expect(log).toEqual(['+p node-1 10.244.0.2', '-p', '+q node-1 10.244.0.2'])
  })

  it('waits for readiness as long as the probe says', () => {
    const { client, clock, settle, brief } = world()
    const container = {
      name: 'main',
      image: 'example.com/app:1',
      readinessProbe: { initialDelaySeconds: 10 },
    }
    client.create(pods, newPod('p', { containers: [container] }))
    clock.advance(9000)
    expect(brief('p')).toBe('node-1 10.244.0.2 Running unready')
    settle()
    expect(brief('p')).toBe('node-1 10.244.0.2 Running ready')
    const ready = client.get(pods, 'p', 'default').status!.conditions!.find(({ type }) => type === 'Ready')!
    expect(ready.lastTransitionTime).toBe('2024-01-01T00:00:10Z')
  })

  it('does as it is told about readiness, also before the pod runs', () => {
    const { client, kubelets, settle, brief } = world()
    kubelets[0]!.setReady(p, false)
    client.create(pods, newPod('p'))
    settle()
    expect(brief('p')).toContain('unready')
    kubelets[0]!.setReady(p, true)
    settle()
    expect(brief('p')).toBe('node-1 10.244.0.2 Running ready')
  })

  it('stops a pod within its grace period, reports, and gives the address to others later', () => {
    const { client, clock, log, settle, brief } = world({ kubelet: { stopTime: () => 60_000 } })
    client.create(pods, newPod('p', { terminationGracePeriodSeconds: 20 }))
    settle()
    client.delete(pods, p)
    clock.advance(19_000)
    expect(log.slice(1)).toEqual(['~p'])
    expect(brief('p')).toBe('node-1 10.244.0.2 Running ready terminating')
    clock.advance(2000)
    expect(client.find(pods, 'p', 'default')).toBeUndefined()
    client.create(pods, newPod('q'))
    settle()
    // host-local goes on after the last address.
    expect(log.at(-1)).toBe('+q node-1 10.244.0.3')
  })

  it('ends at once a pod that is deleted by force, and runs another of the same name', () => {
    const { client, log, settle, brief } = world()
    client.create(pods, newPod('p'))
    settle()
    client.delete(pods, p, { gracePeriodSeconds: 0 })
    client.create(pods, newPod('p'))
    settle()
    expect(log).toEqual(['+p node-1 10.244.0.2', '-p', '+p node-1 10.244.0.3'])
    expect(brief('p')).toBe('node-1 10.244.0.3 Running ready')
  })

  it('keeps a pod waiting while it has no address for it', () => {
    const { client, settle, brief } = world({
      manager: { nodeIpam: { clusterCIDRs: ['10.244.0.0/30'], nodeMaskSize: { IPv4: 30 } } },
    })
    client.create(pods, newPod('p'))
    client.create(pods, newPod('q'))
    settle()
    expect([brief('p'), brief('q')]).toEqual(['node-1 10.244.0.2 Running ready', 'node-1 - Pending unready'])
    client.delete(pods, p)
    settle()
    expect(brief('q')).toBe('node-1 10.244.0.2 Running ready')
  })
})

describe('PodAddresses', () => {
  it('gives every address but the network, the first and the broadcast, and comes around', () => {
    const block = new PodAddresses('10.244.3.0/29')
    const all = Array.from({ length: 6 }, () => block.take())
    expect(all).toEqual(['10.244.3.2', '10.244.3.3', '10.244.3.4', '10.244.3.5', '10.244.3.6', undefined])
    block.release('10.244.3.3')
    block.release('10.244.3.5')
    expect([block.take(), block.take(), block.take()]).toEqual(['10.244.3.3', '10.244.3.5', undefined])
  })

  it('gives the lowest free one where that is wanted', () => {
    const block = new PodAddresses('10.244.3.0/29', 'lowest')
    expect([block.take(), block.take()]).toEqual(['10.244.3.2', '10.244.3.3'])
    block.release('10.244.3.2')
    expect([block.take(), block.take()]).toEqual(['10.244.3.2', '10.244.3.4'])
  })
})
