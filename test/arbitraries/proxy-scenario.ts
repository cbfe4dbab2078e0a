/**
 * Scenarios of kube-proxy: any flags, services of all types and policies with overlapping slices in any condition, and
 * steps in which they come, change and go. Objects are what a real apiserver would have let pass.
 */
import fc from 'fast-check'
import type { Endpoint, EndpointSlice, Service, ServicePort } from '../../src/apiserver/types/index.ts'
import type { Scenario, ScenarioConfig, ScenarioStep } from '../support/proxy/scenario.ts'
import { slice, svc } from '../support/proxy/objects.ts'

const SERVICES = ['ns1/a', 'ns1/b', 'ns2/a', 'ns10/long-name']
const NODES = ['node-1', 'node-2', 'node-3']
const ZONES = ['zone-a', 'zone-b']
const PORTS: readonly ServicePort[] = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: '', port: 53, protocol: 'TCP' },
  { name: 'assoc', port: 132, protocol: 'SCTP' },
]

type Family = 'ipv4' | 'ipv6'

const podAddress = (family: Family): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 1, max: 12 }))
    .map(([node, host]) =>
      family === 'ipv4' ? `10.180.${node}.${host}` : `fd00:10::${node}:${host.toString(16)}`,
    )

const hints = fc.record({
  forZones: fc.subarray(ZONES).map((names) => names.map((name) => ({ name }))),
  forNodes: fc.subarray(NODES).map((names) => names.map((name) => ({ name }))),
})

const conditions = fc.constantFrom(
  undefined,
  undefined,
  { ready: true, serving: true, terminating: false },
  { ready: false, serving: false, terminating: false },
  { ready: false, serving: true, terminating: true },
  { ready: false, serving: false, terminating: true },
  { ready: true, serving: true, terminating: true },
  { ready: false },
)

const endpoint = (family: Family, hinted: boolean): fc.Arbitrary<Endpoint> =>
  fc
    .tuple(podAddress(family), fc.option(fc.constantFrom(...NODES), { nil: undefined }), conditions, hints)
    .map(([address, nodeName, conditions, hints]) => ({
      addresses: [address],
      ...(nodeName !== undefined && { nodeName }),
      ...(conditions !== undefined && { conditions }),
      ...(hinted && { hints }),
    }))

const slicePorts = fc
  .subarray(
    PORTS.map(({ name = '', protocol }, i) => ({ name, protocol: protocol!, port: 8000 + i })),
    {
      minLength: 1,
    },
  )
  .chain((ports) =>
    fc.constantFrom(
      ports,
      ports.map((port) => ({ ...port, port: 9090 })),
    ),
  )

const endpointSlice = (family: Family): fc.Arbitrary<EndpointSlice> =>
  fc.boolean().chain((hinted) =>
    fc
      .tuple(
        fc.constantFrom(...SERVICES),
        fc.constantFrom('1', '2'),
        fc.uniqueArray(endpoint(family, hinted), { maxLength: 6, selector: ({ addresses }) => addresses[0] }),
        slicePorts,
      )
      .map(([path, suffix, endpoints, ports]): EndpointSlice => ({
        ...slice(path, endpoints, { suffix: `${family}-${suffix}`, ports }),
        addressType: family === 'ipv4' ? 'IPv4' : 'IPv6',
      })),
  )

const addresses: Readonly<
  Record<'balancers' | 'externalIPs' | 'loadBalancerSourceRanges', readonly string[]>
> = {
  balancers: ['1.2.3.4', '5.6.7.8', 'Proxy 9.10.11.12', '2001:db8:1::1', 'VIP 2001:db8:1::2'],
  externalIPs: ['192.168.99.11', '192.168.99.012', '2001:db8:2::1'],
  loadBalancerSourceRanges: ['203.0.113.0/25', ' 192.168.0.0/16', '2001:db8::/32', '0.0.0.0/0', 'fd00::1/64'],
}

const service: fc.Arbitrary<Service> = fc
  .record({
    index: fc.nat({ max: SERVICES.length - 1 }),
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer', 'ExternalName'),
    headless: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    ports: fc.subarray([...PORTS], { minLength: 1 }),
    nodePorts: fc.boolean(),
    externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    internalTrafficPolicy: fc.constantFrom('Cluster', 'Cluster', 'Local'),
    sessionAffinity: fc.constantFrom('None', 'None', 'ClientIP'),
    timeoutSeconds: fc.integer({ min: 1, max: 86400 }),
    healthCheckNodePort: fc.integer({ min: 30000, max: 30010 }),
    families: fc.constantFrom(['IPv4', 'IPv6'], ['IPv6', 'IPv4'], ['IPv4'], ['IPv6']),
    balancers: fc.subarray([...addresses.balancers]),
    externalIPs: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray([...addresses.externalIPs])),
    ranges: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      fc.subarray([...addresses.loadBalancerSourceRanges].slice(0, 3)),
      fc.subarray([...addresses.loadBalancerSourceRanges]),
    ),
  })
  .map((r) => {
    const outside = r.type === 'NodePort' || r.type === 'LoadBalancer'
    const clusterIPs = r.families.map((family) =>
      family === 'IPv4' ? `172.30.0.${40 + r.index}` : `fd00:eb5::${40 + r.index}`,
    )
    const ports = r.ports.map((port, i) => ({
      ...port,
      ...(outside && r.nodePorts && { nodePort: 3000 + 10 * r.index + i }),
    }))
    return svc(
      SERVICES[r.index]!,
      {
        type: r.type as Service['spec']['type'] & string,
        clusterIP: r.headless ? 'None' : clusterIPs[0]!,
        clusterIPs: r.headless ? ['None'] : clusterIPs,
        ipFamilies: r.families as readonly ('IPv4' | 'IPv6')[],
        ports,
        externalTrafficPolicy: r.externalTrafficPolicy as 'Cluster' | 'Local',
        internalTrafficPolicy: r.internalTrafficPolicy as 'Cluster' | 'Local',
        sessionAffinity: r.sessionAffinity as 'None' | 'ClientIP',
        ...(r.sessionAffinity === 'ClientIP' && {
          sessionAffinityConfig: { clientIP: { timeoutSeconds: r.timeoutSeconds } },
        }),
        externalIPs: r.externalIPs,
        ...(r.type === 'LoadBalancer' && {
          loadBalancerSourceRanges: r.ranges,
          healthCheckNodePort: r.healthCheckNodePort,
        }),
      },
      r.type === 'LoadBalancer' ? r.balancers : [],
    )
  })

const config: fc.Arbitrary<ScenarioConfig> = fc.constantFrom<Family>('ipv4', 'ipv6').chain((family) =>
  fc.record({
    family: fc.constant(family),
    masqueradeAll: fc.boolean(),
    masqueradeBit: fc.constantFrom(0, 14, 14, 31),
    // Only the IPv4 proxier is ever given localhost node ports.
    localhostNodePorts: family === 'ipv4' ? fc.boolean() : fc.constant(false),
    nodePortAddresses: fc.constantFrom(
      [],
      [],
      ['192.168.0.0/24', '2001:db8::/64'],
      ['127.0.0.0/8', '10.20.0.0/16'],
      ['0.0.0.0/0', '::/0'],
      ['127.0.0.0/8', '::1/128', '2001:db8::/64', '192.168.0.0/16', '192.168.0.0/24'],
    ),
    detector: fc.constantFrom(family === 'ipv4' ? '10.0.0.0/8' : 'fd00:10::/64', 'none', 'br0', 'cali+'),
    liberal: fc.boolean(),
    randomFully: fc.boolean(),
    nfacct: fc.boolean(),
    zone: fc.constantFrom('', ...ZONES),
  }),
)

const step = (family: Family): fc.Arbitrary<ScenarioStep> =>
  fc
    .record({
      services: fc.uniqueArray(service, { maxLength: 3, selector: ({ metadata }) => path(metadata) }),
      slices: fc.uniqueArray(endpointSlice(family), {
        maxLength: 4,
        selector: ({ metadata }) => path(metadata),
      }),
      remove: fc.subarray([...SERVICES], { maxLength: 2 }),
      removeSlices: fc.uniqueArray(endpointSlice(family), {
        maxLength: 2,
        selector: ({ metadata }) => path(metadata),
      }),
      zone: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.constantFrom('', ...ZONES)),
    })
    .map(({ services, slices, remove, removeSlices, zone }) => ({
      put: [...services, ...slices],
      remove: [...remove.map((name) => svc(name, {})), ...removeSlices],
      ...(zone !== undefined && { zone }),
    }))

function path({ namespace, name }: Service['metadata']): string {
  return `${namespace}/${name}`
}

/** Removals of what is not there are left out, as no watch would report them. */
function plausible(steps: readonly ScenarioStep[]): ScenarioStep[] {
  const there = new Set<string>()
  const key = ({ kind, metadata }: Service | EndpointSlice): string => `${kind} ${path(metadata)}`
  return steps.map(({ put, remove, ...rest }) => {
    for (const object of put) there.add(key(object))
    const gone = remove.filter((object) => there.delete(key(object)))
    return { put, remove: gone, ...rest }
  })
}

export const proxyScenario: fc.Arbitrary<Scenario> = config.chain((config) =>
  fc
    .array(step(config.family!), { minLength: 1, maxLength: 5 })
    .map((steps) => ({ config, steps: plausible(steps) })),
)
