/**
 * Services of every type that sends packets somewhere. Biases: a port that is not the target port, a target that
 * is a name, policies of traffic that keep it on its node, addresses that somebody outside announces, and one that is a
 * node's own. Two Services never have one address: which of them a proxy would obey is nobody's promise.
 */
import fc from 'fast-check'
import type { IPFamily, Labels, Protocol, Service, ServiceSpec } from '../../apiserver/types/index.ts'
import { nodeAddress } from '../../cluster/topology/plan.ts'
import { arbitraryCidr } from './cidr.ts'
import type { Manifest } from './manifest.ts'
import { mostly, optional, present, protocol, seldom, VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** What a Service is, before it has a name and addresses of its own. */
export interface ServiceShape {
  readonly namespace: string
  readonly selector: Labels
  readonly port: number
  readonly targetPort?: number | string
  readonly protocol?: Protocol
  readonly type: 'ClusterIP' | 'Headless' | 'NodePort' | 'LoadBalancer'
  /** Absent: both. */
  readonly family?: IPFamily
  readonly externalIPs: readonly ExternalIP[]
  readonly externalLocal: boolean
  readonly internalLocal: boolean
  readonly sticky: boolean
  /** Of a load balancer: who may come, and whether it keeps its address to itself (`ipMode: Proxy`). */
  readonly sourceRanges: readonly string[]
  readonly proxied: boolean
}

/** An address that nobody has, or that of the first node. */
type ExternalIP = 'own' | 'node'

export function arbitraryServiceShape(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<ServiceShape> {
  const { labels, namespaces, ports, portNames } = vocabulary
  const pairs = Object.entries(labels).flatMap(([key, values]) =>
    values.map((value): Labels => ({ [key]: value })),
  )
  const rarely = mostly(false, fc.constant(true), 2)
  return fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      selector: fc.constantFrom(...pairs),
      port: fc.constantFrom(80, 8080, 53),
      targetPort: optional(fc.oneof(fc.constantFrom(...ports), fc.constantFrom(...portNames))),
      protocol: optional(protocol),
      type: fc.constantFrom<ServiceShape['type']>('ClusterIP', 'NodePort', 'LoadBalancer', 'Headless'),
      family: seldom(fc.constantFrom<IPFamily>('IPv4', 'IPv6'), 4),
      externalIPs: mostly([], fc.subarray<ExternalIP>(['own', 'node'], { minLength: 1 }), 2),
      externalLocal: rarely,
      internalLocal: rarely,
      sticky: rarely,
      sourceRanges: mostly([], fc.array(arbitraryCidr(vocabulary), { minLength: 1, maxLength: 2 }), 2),
      proxied: rarely,
    })
    .map((shape): ServiceShape => present(shape))
}

/** Of several that a node's own address and one port mean, the first keeps it. */
export function withOwnSockets(shapes: readonly ServiceShape[]): ServiceShape[] {
  const taken = new Set<string>()
  return shapes.map((shape) => {
    if (!shape.externalIPs.includes('node')) return shape
    const socket = `${shape.port}/${shape.protocol ?? 'TCP'}`
    if (!taken.has(socket)) {
      taken.add(socket)
      return shape
    }
    return { ...shape, externalIPs: shape.externalIPs.filter((which) => which !== 'node') }
  })
}

/** A balancer of one's own says in the status where it is. */
type ServiceManifest = Manifest<Service> & Pick<Service, 'status'>

/** `number` tells its addresses from those of others. */
export function serviceOf(shape: ServiceShape, name: string, number = 0): ServiceManifest {
  const { namespace, type, proxied } = shape
  const service: ServiceManifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: specOf(shape, number),
  }
  if (type !== 'LoadBalancer' || !proxied) return service
  const ingress = familiesOf(shape).map((family) => ({
    ip: outsider(family, 200 + number),
    ipMode: 'Proxy' as const,
  }))
  return { ...service, status: { loadBalancer: { ingress } } }
}

/** A field that the type does not know is left out: the apiserver would refuse it. */
function specOf(shape: ServiceShape, number: number): ServiceSpec {
  const { selector, port, targetPort, protocol, type, family, externalLocal, internalLocal, sticky } = shape
  const headless = type === 'Headless'
  const externalIPs = headless ? [] : externalAddresses(shape, number)
  const outside = type === 'NodePort' || type === 'LoadBalancer' || externalIPs.length > 0
  return present({
    type: headless || type === 'ClusterIP' ? undefined : type,
    clusterIP: headless ? 'None' : undefined,
    selector,
    ...(family === undefined ? { ipFamilyPolicy: 'PreferDualStack' as const } : { ipFamilies: [family] }),
    ports: [present({ port, targetPort, protocol })],
    externalIPs: externalIPs.length === 0 ? undefined : externalIPs,
    externalTrafficPolicy: outside && externalLocal ? ('Local' as const) : undefined,
    internalTrafficPolicy: internalLocal ? ('Local' as const) : undefined,
    sessionAffinity: sticky ? ('ClientIP' as const) : undefined,
    loadBalancerSourceRanges:
      type === 'LoadBalancer' && shape.sourceRanges.length > 0 ? shape.sourceRanges : undefined,
  })
}

function externalAddresses(shape: ServiceShape, number: number): string[] {
  return shape.externalIPs.flatMap((which) =>
    familiesOf(shape).map((family) =>
      which === 'own' ? outsider(family, 100 + number) : nodeAddress(family === 'IPv4' ? 'ipv4' : 'ipv6', 1),
    ),
  )
}

function familiesOf({ family }: ServiceShape): readonly IPFamily[] {
  return family === undefined ? ['IPv4', 'IPv6'] : [family]
}

/** Of the documentation's networks, where policies' words have addresses, too (RFC 5737, RFC 3849). */
function outsider(family: IPFamily, number: number): string {
  return family === 'IPv4' ? `192.0.2.${number}` : `2001:db8:5::${number.toString(16)}`
}

/** A Service that the apiserver accepts. */
export function arbitraryService(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<Manifest<Service>> {
  return fc
    .tuple(arbitraryServiceShape(vocabulary), fc.nat({ max: 9 }))
    .map(([shape, number]) => serviceOf(shape, `service-${number}`, number))
}
