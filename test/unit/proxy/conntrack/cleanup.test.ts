import { describe, expect, it } from 'vitest'
import { staleFlows } from '../../../../src/proxy/conntrack/cleanup.ts'
import type { ConntrackFlow } from '../../../../src/proxy/conntrack/cleanup.ts'
import type { EndpointsMap } from '../../../../src/proxy/endpoint-slice-cache.ts'
import { EndpointsChangeTracker } from '../../../../src/proxy/endpoints-change-tracker.ts'
import { ServiceChangeTracker } from '../../../../src/proxy/service-change-tracker.ts'
import type { ServicePortMap } from '../../../../src/proxy/service-change-tracker.ts'
import { FakeHost, ProxierHarness } from '../../../support/proxy/host.ts'
import { slice, svc } from '../../../support/proxy/objects.ts'

const UDP = 17
const TCP = 6
const SCTP = 132
const CLIENT = '10.180.9.9'

/** A flow of `protocol` to `frontend`, answered by `backend`. */
function flow(frontend: string, backend: string, protocol = UDP): ConntrackFlow {
  const [destination, destinationPort] = split(frontend)
  const [source, sourcePort] = split(backend)
  return {
    protocol,
    original: { source: CLIENT, sourcePort: 4711, destination, destinationPort },
    reply: { source, sourcePort, destination: CLIENT, destinationPort: 4711 },
  }
}

function split(text: string): [string, number] {
  const [address, port] = text.split(':') as [string, string]
  return [address, Number(port)]
}

const PORTS = [
  { name: 'udp', port: 8000, protocol: 'UDP' as const, nodePort: 32000 },
  { name: 'tcp', port: 8000, protocol: 'TCP' as const, nodePort: 32000 },
  { name: 'sctp', port: 8000, protocol: 'SCTP' as const },
]
const SLICE_PORTS = PORTS.map(({ name, protocol }) => ({ name, protocol, port: 9090 }))
const service = svc(
  'ns/s',
  { clusterIP: '172.30.1.1', type: 'LoadBalancer', externalIPs: ['192.168.99.1'], ports: PORTS },
  ['1.2.3.4'],
)

function stateOf(endpoints: readonly string[]): [ServicePortMap, EndpointsMap] {
  const services: ServicePortMap = new Map()
  const map: EndpointsMap = new Map()
  const tracker = new ServiceChangeTracker('ipv4')
  tracker.update(undefined, service)
  tracker.applyTo(services)
  const slices = new EndpointsChangeTracker('ipv4', 'node-1', () => '')
  slices.endpointSliceUpdate(slice('ns/s', endpoints, { ports: SLICE_PORTS }), false)
  slices.applyTo(map)
  return [services, map]
}

describe('stale conntrack entries', () => {
  const [services, endpoints] = stateOf(['10.240.0.4', '10.240.0.5!', '10.240.0.6~'])
  const stale = (...flows: ConntrackFlow[]) => staleFlows(flows, services, endpoints)

  it.each(['172.30.1.1:8000', '1.2.3.4:8000', '192.168.99.1:8000', '192.168.0.2:32000', '127.0.0.1:32000'])(
    'are those of %s that do not lead to a serving endpoint',
    (frontend) => {
      expect(stale(flow(frontend, '10.240.0.4:9090'))).toEqual([])
      expect(stale(flow(frontend, '10.240.0.6:9090'))).toEqual([])
      for (const backend of ['10.240.0.5:9090', '10.240.0.7:9090', '10.240.0.4:9091'])
        expect(stale(flow(frontend, backend))).toHaveLength(1)
    },
  )

  it('are also those that were never translated', () => {
    const black = flow('172.30.1.1:8000', '172.30.1.1:8000')
    expect(stale(black)).toEqual([black])
  })

  it('are never of another protocol, another port, another address', () => {
    for (const protocol of [TCP, SCTP])
      expect(stale(flow('172.30.1.1:8000', '10.240.0.7:9090', protocol))).toEqual([])
    expect(stale(flow('172.30.1.1:3000', '10.240.0.7:9090'))).toEqual([])
    expect(stale(flow('172.30.1.2:8000', '10.240.0.7:9090'))).toEqual([])
  })

  it('of a service that lost all its endpoints stay, unless the 1.37 behaviour is asked for', () => {
    const [services, none] = stateOf([])
    const flows = [flow('172.30.1.1:8000', '10.240.0.4:9090'), flow('192.168.0.2:32000', '10.240.0.4:9090')]
    expect(staleFlows(flows, services, none)).toEqual([])
    expect(staleFlows(flows, services, none, { includeServicesWithoutEndpoints: true })).toEqual(flows)
  })
})

describe('conntrack cleanup', () => {
  const setUp = () => {
    const host = new FakeHost()
    const harness = new ProxierHarness({ host })
    harness
      .put(service, slice('ns/s', ['10.240.0.4'], { ports: SLICE_PORTS }))
      .listed()
      .settle()
    return { host, harness }
  }

  it('runs after a sync in which endpoints of a UDP port changed', () => {
    const { host, harness } = setUp()
    const kept = flow('172.30.1.1:8000', '10.240.0.5:9090')
    host.flows.push(flow('172.30.1.1:8000', '10.240.0.4:9090'), kept)
    harness.put(slice('ns/s', ['10.240.0.5'], { ports: SLICE_PORTS })).settle()
    expect(host.flows).toEqual([kept])
    expect(harness.last.deletedFlows).toBe(1)
  })

  it('does not run when only a service changed, or only TCP', () => {
    const { host, harness } = setUp()
    const stale = flow('172.30.1.1:8000', '10.240.0.9:9090')
    host.flows.push(stale)
    harness.put({ ...service, spec: { ...service.spec, externalTrafficPolicy: 'Local' } }).settle()
    harness.put(
      svc('ns/t', { clusterIP: '172.30.1.9', ports: [{ name: 'p80', port: 80 }] }),
      slice('ns/t', ['10.0.0.1']),
    )
    harness.settle()
    expect(host.flows).toEqual([stale])
  })
})
