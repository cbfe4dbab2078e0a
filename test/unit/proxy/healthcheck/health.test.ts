import { describe, expect, it } from 'vitest'
import type { Node } from '../../../../src/apiserver/types/index.ts'
import { ProxyHealthServer, TO_BE_DELETED_TAINT } from '../../../../src/proxy/healthcheck/proxy-health.ts'
import { ServiceHealthServer } from '../../../../src/proxy/healthcheck/service-health.ts'
import { VirtualClock } from '../../../../src/sim/virtual-clock.ts'
import { ProxierHarness } from '../../../support/proxy/host.ts'
import { node, slice, svc } from '../../../support/proxy/objects.ts'

describe('kube-proxy’s own health', () => {
  const setUp = () => {
    const clock = new VirtualClock()
    const state: { node: Node | undefined } = { node: node('node-1', []) }
    return { clock, state, health: new ProxyHealthServer(clock, 60_000, () => state.node) }
  }

  it('fails when an update of either family has waited for the timeout', () => {
    const { clock, health } = setUp()
    health.updated('IPv4')
    health.updated('IPv6')
    clock.advance(3_600_000)
    expect(health.respond('/healthz').status).toBe(200)
    health.queuedUpdate('IPv4')
    clock.advance(30_000)
    health.queuedUpdate('IPv4')
    clock.advance(29_999)
    expect(health.respond('/healthz').status).toBe(200)
    clock.advance(1)
    expect(health.respond('/healthz').status).toBe(503)
    expect(health.health().status).toMatchObject({ IPv4: { healthy: false }, IPv6: { healthy: true } })
    health.updated('IPv6')
    expect(health.respond('/livez').status).toBe(503)
    health.updated('IPv4')
    expect(health.respond('/livez').status).toBe(200)
  })

  it('looks at the node for /healthz only', () => {
    const { state, health } = setUp()
    const tainted = node('node-1', [])
    const gone = { ...tainted.metadata, deletionTimestamp: '2024-01-01T00:00:00Z' }
    for (const bad of [
      { ...tainted, spec: { taints: [{ key: TO_BE_DELETED_TAINT, effect: 'NoSchedule' as const }] } },
      { ...tainted, metadata: gone },
      undefined,
    ]) {
      state.node = bad
      expect(health.respond('/healthz').status).toBe(503)
      expect(JSON.parse(health.respond('/healthz').body)).toMatchObject({
        nodeEligible: false,
        healthy: true,
      })
      expect(health.respond('/livez').status).toBe(200)
      expect(JSON.parse(health.respond('/livez').body)).not.toHaveProperty('nodeEligible')
    }
  })
})

describe('health check node ports', () => {
  const service = (port: number, name = 'svc') =>
    svc(
      `ns/${name}`,
      {
        clusterIP: '172.30.0.41',
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: port,
        ports: [
          { name: 'p80', port: 80, nodePort: 3001 },
          { name: 'p443', port: 443, nodePort: 3002 },
        ],
      },
      ['1.2.3.4'],
    )
  const ports = [
    { name: 'p80', port: 80, protocol: 'TCP' as const },
    { name: 'p443', port: 443, protocol: 'TCP' as const },
  ]
  const setUp = () => {
    const state = { healthy: true }
    const opened: unknown[] = []
    const serviceHealth = new ServiceHealthServer(
      () => state.healthy,
      (open) => opened.push(open),
    )
    const harness = new ProxierHarness({ serviceHealth })
    return { state, opened, serviceHealth, harness }
  }

  it('count addresses of ready endpoints of this node, once each', () => {
    const { harness, serviceHealth } = setUp()
    const endpoints = [
      '10.0.0.1@node-1',
      '10.0.0.2@node-1',
      '10.0.0.3@node-1~',
      '10.0.0.4@node-1!',
      '10.0.0.5@node-2',
    ]
    harness
      .put(service(30000), slice('ns/svc', endpoints, { ports }))
      .listed()
      .settle()
    const response = serviceHealth.respond('ns/svc')!
    expect(response.status).toBe(200)
    expect(response.headers['X-Load-Balancing-Endpoint-Weight']).toBe('2')
    expect(JSON.parse(response.body)).toEqual({
      service: { namespace: 'ns', name: 'svc' },
      localEndpoints: 2,
      serviceProxyHealthy: true,
    })
  })

  it('answer 503 when only terminating ones are left, though these still get traffic', () => {
    const { harness, serviceHealth } = setUp()
    harness
      .put(service(30000), slice('ns/svc', ['10.0.0.3@node-1~'], { ports }))
      .listed()
      .settle()
    expect(serviceHealth.respond('ns/svc')).toMatchObject({ status: 503 })
    expect(harness.text).toMatch(/-A KUBE-SVL-\w+ .* -j KUBE-SEP-/)
  })

  it('answer 503 when kube-proxy is not healthy', () => {
    const { harness, serviceHealth, state } = setUp()
    harness
      .put(service(30000), slice('ns/svc', ['10.0.0.3@node-1'], { ports }))
      .listed()
      .settle()
    expect(serviceHealth.respond('ns/svc')!.status).toBe(200)
    state.healthy = false
    expect(serviceHealth.respond('ns/svc')!.status).toBe(503)
  })

  it('open and close with their services', () => {
    const { harness, opened, serviceHealth } = setUp()
    harness.put(service(30000)).listed().settle()
    harness.put(service(30001)).settle()
    harness.put(service(30001), slice('ns/svc', [], { ports })).settle()
    harness.remove(service(30001)).settle()
    expect(opened).toEqual([[{ service: 'ns/svc', port: 30000 }], [{ service: 'ns/svc', port: 30001 }], []])
    expect(serviceHealth.respond('ns/svc')).toBeUndefined()
  })
})
