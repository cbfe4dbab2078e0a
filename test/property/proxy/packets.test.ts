/** Kube-proxy's rules in the engine: connections that are refused or swallowed, hairpins, sticky clients, changes. */
import { describe, expect, it } from 'vitest'
import { EngineNode } from '../../support/proxy/engine-node.ts'
import {
  CLIENT_EXTERNAL,
  CLIENT_NODE,
  CLIENT_POD,
  localEndpoint,
  remoteEndpoint,
} from '../../support/proxy/masquerade-matrix.ts'
import { slice, svc } from '../../support/proxy/objects.ts'
import type { Service } from '../../../src/apiserver/types/index.ts'

const P80 = { name: 'p80', port: 80, protocol: 'TCP' as const }
const HERE = `${localEndpoint(1)}@node-1`
const THERE = `${remoteEndpoint(1)}@node-2`

function serving(
  spec: Partial<Service['spec']>,
  endpoints: readonly string[],
  balancers: readonly string[] = [],
) {
  const node = new EngineNode()
  node.proxy.put(
    svc('ns/svc', { clusterIP: '172.30.0.41', ports: [{ ...P80, nodePort: 3001 }], ...spec }, balancers),
    slice('ns/svc', endpoints),
  )
  node.proxy.listed().settle()
  expect(node.proxy.last.error).toBeUndefined()
  return node
}

describe('a service without endpoints', () => {
  const node = serving({ type: 'LoadBalancer' }, [], ['1.2.3.4'])

  it.each([
    ['pod', CLIENT_POD, '172.30.0.41', 80],
    ['node', CLIENT_NODE, '172.30.0.41', 80],
    ['outside', CLIENT_EXTERNAL, '172.30.0.41', 80],
    ['outside, at the node port', CLIENT_EXTERNAL, CLIENT_NODE, 3001],
    ['outside, at the balancer', CLIENT_EXTERNAL, '1.2.3.4', 80],
  ])('refuses %s', (_, source, destination, port) =>
    expect(node.attempt(source, destination, port)).toMatchObject({
      verdict: 'rejected',
      reply: 'icmp',
      icmp: { type: 3, code: 3 },
    }),
  )
})

describe('policy Local without an endpoint here', () => {
  it('swallows what comes from outside, and serves pods and the node', () => {
    const node = serving({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' }, [THERE], ['1.2.3.4'])
    for (const [destination, port] of [
      [CLIENT_NODE, 3001],
      ['1.2.3.4', 80],
    ] as const) {
      expect(node.attempt(CLIENT_EXTERNAL, destination, port)).toMatchObject({
        verdict: 'dropped',
        reply: 'none',
      })
      for (const source of [CLIENT_POD, CLIENT_NODE])
        expect(node.attempt(source, destination, port).verdict).toBe('delivered')
    }
  })

  it('swallows traffic to the cluster IP when the internal policy is Local', () => {
    const node = serving({ internalTrafficPolicy: 'Local' }, [THERE])
    for (const source of [CLIENT_POD, CLIENT_NODE, CLIENT_EXTERNAL])
      expect(node.attempt(source, '172.30.0.41', 80)).toMatchObject({ verdict: 'dropped', reply: 'none' })
  })
})

describe('source ranges', () => {
  it('let in who is named, at the balancer; node ports are open to all', () => {
    const loadBalancerSourceRanges = ['203.0.113.0/24']
    const node = serving({ type: 'LoadBalancer', loadBalancerSourceRanges }, [HERE], ['1.2.3.4'])
    expect(node.attempt(CLIENT_EXTERNAL, '1.2.3.4', 80).verdict).toBe('delivered')
    expect(node.attempt(CLIENT_POD, '1.2.3.4', 80)).toMatchObject({ verdict: 'dropped', reply: 'none' })
    expect(node.attempt(CLIENT_NODE, '1.2.3.4', 80)).toMatchObject({ verdict: 'dropped', reply: 'none' })
    expect(node.attempt(CLIENT_POD, CLIENT_NODE, 3001).verdict).toBe('delivered')
  })
})

it('a pod reaches itself through its service, and sees the node as the client', () => {
  const node = serving({}, [HERE])
  const result = node.attempt(localEndpoint(1), '172.30.0.41', 80)
  expect(result).toMatchObject({
    verdict: 'delivered',
    reply: 'answer',
    seen: { source: CLIENT_NODE, destination: localEndpoint(1) },
  })
})

it('a sticky client stays with its endpoint, by whatever address it comes', () => {
  const sessionAffinityConfig = { clientIP: { timeoutSeconds: 60 } }
  const node = serving({ type: 'NodePort', sessionAffinity: 'ClientIP', sessionAffinityConfig }, [
    HERE,
    THERE,
  ])
  const backends = (source: string) =>
    Array.from({ length: 12 }, (_, i) => {
      const [destination, port] = i % 2 === 0 ? ['172.30.0.41', 80] : [CLIENT_NODE, 3001]
      return node.attempt(source, destination as string, port as number).seen?.destination
    })
  for (const source of [CLIENT_POD, CLIENT_EXTERNAL]) expect(new Set(backends(source)).size).toBe(1)
})

it('a change reaches packets with the sync after it, not before', () => {
  const node = serving({}, [HERE])
  const backend = () => node.attempt(CLIENT_POD, '172.30.0.41', 80).seen?.destination
  expect(backend()).toBe(localEndpoint(1))
  node.proxy.put(slice('ns/svc', [THERE])).settle()
  node.proxy.put(slice('ns/svc', [`${localEndpoint(2)}@node-1`]))
  node.proxy.clock.advance(999)
  expect(backend()).toBe(remoteEndpoint(1))
  node.proxy.clock.advance(1)
  expect(backend()).toBe(localEndpoint(2))
})

it('what listens on 127.0.0.1 is open to that address only, although route_localnet is on', () => {
  const node = serving({ type: 'NodePort' }, [HERE])
  node.engine.listen('node-1', { protocol: 'tcp', port: 10250 })
  expect(node.engine.sysctlGet('node-1', 'net.ipv4.conf.all.route_localnet')).toBe('1')
  expect(node.attempt('127.0.0.1', '127.0.0.1', 10250).verdict).toBe('delivered')
  expect(node.attempt(CLIENT_NODE, '127.0.0.1', 10250)).toMatchObject({ verdict: 'dropped', reply: 'none' })
})
