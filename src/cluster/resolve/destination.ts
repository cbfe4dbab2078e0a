/**
 * WHERE it goes: an address and a port. What a Service is depends on who asks: its ClusterIP to a pod or a node, the
 * address it has for the world to a client outside; a headless one is the pod that its name resolves to.
 */
import type { Node, Pod, Service, ServicePort } from '../../apiserver/types/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { parsePort, type FlowProtocol, type Reference } from '../reference.ts'
import { familyOf } from '../topology/plan.ts'
import {
  loadBalancerAddresses,
  nodeAddresses,
  podAddresses,
  containerPorts,
  podSockets,
  serviceAddresses,
  type ClusterView,
} from '../view.ts'
import { findNode, findPod, findService, podWith } from './find.ts'
import { nameOf, otherFamily, type Source } from './source.ts'

export interface Destination {
  readonly label: string
  readonly address: string
  readonly port: number
  readonly protocol: FlowProtocol
  /** Nobody in the cluster has this address: the outside host answers as it. */
  readonly outside: boolean
  /** What is odd about the request, for whom it did not come through. */
  readonly note?: string
}

/** What the caller said beside the destination itself. */
export interface Wanted {
  /** A number, or the name of a port. */
  readonly port?: number | string
  readonly protocol?: FlowProtocol
}

interface Asked {
  readonly source: Source
  readonly wanted: Wanted
  readonly field: string
  /** What is wrong when the port is: `port`, unless it is part of the destination's name. */
  readonly portField: string
}

export function resolveDestination(
  view: ClusterView,
  where: Reference,
  source: Source,
  { port, protocol }: Wanted,
  field: string,
): Destination {
  const portField = port === undefined ? field : 'port'
  if (port !== undefined && where.port !== undefined && port !== where.port) {
    throw new Problem(`the port is given twice, as ${where.port} and as ${port}`, { field: portField })
  }
  const chosen = port ?? where.port
  if (protocol === 'icmp' && chosen !== undefined)
    throw new Problem('icmp has no ports', { field: portField })
  if (typeof chosen === 'number') parsePort(String(chosen), portField)
  const asked: Asked = {
    source,
    wanted: {
      ...(chosen === undefined ? {} : { port: chosen }),
      ...(protocol === undefined ? {} : { protocol }),
    },
    field,
    portField,
  }
  switch (where.kind) {
    case 'address':
      return toAddress(view, where.address, asked)
    case 'node': {
      const node = findNode(view, where.name, field)
      return toNode(node, asked)
    }
    case 'service':
      return toService(view, findService(view, where.namespace, where.name, field), asked)
    default:
      return toPod(findPod(view, where, field, source.pod), asked)
  }
}

function toAddress(view: ClusterView, address: string, asked: Asked): Destination {
  const known =
    podWith(view, address) !== undefined ||
    view.nodes().some((node) => nodeAddresses(node).includes(address)) ||
    view.services().some((service) => serviceAddresses(service).includes(address))
  const { source, field } = asked
  if (!source.addresses.some((own) => familyOf(own) === familyOf(address))) {
    if (source.family !== undefined) throw otherFamily(address)
    if (source.address !== undefined) {
      throw new Problem(`${source.address} is of another family than ${address}`, { field: 'from' })
    }
    const family = nameOf(familyOf(address))
    throw new Problem(`${address} is ${family}, and ${source.label} has no such address`, { field })
  }
  return { label: address, address, ...needPort(asked), outside: !known }
}

function toNode(node: Node, asked: Asked): Destination {
  const address = sameFamily(nodeAddresses(node), asked, `node ${node.metadata.name}`)
  return { label: node.metadata.name, address, ...needPort(asked), outside: false }
}

function toPod(pod: Pod, asked: Asked): Destination {
  const label = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`
  const address = sameFamily(podAddresses(pod.status), asked, label)
  const { port, protocol = 'tcp' } = asked.wanted
  if (protocol === 'icmp') return { label, address, port: 0, protocol, outside: false }
  if (typeof port === 'string') {
    const named = containerPorts(pod).find(({ name }) => name === port)
    if (named === undefined) {
      throw new Problem(`${label} has no port named ${port}: ${portsOfPod(pod)}`, { field: asked.portField })
    }
    const declared = (named.protocol ?? 'TCP').toLowerCase() as FlowProtocol
    return { label, address, port: named.containerPort, protocol: declared, outside: false }
  }
  const [only, ...others] = podSockets(pod)
  if (port === undefined && only !== undefined && others.length === 0) {
    return {
      label,
      address,
      port: only.port,
      protocol: asked.wanted.protocol ?? only.protocol,
      outside: false,
    }
  }
  return { label, address, ...needPort(asked, ` (${portsOfPod(pod)})`), outside: false }
}

function portsOfPod(pod: Pod): string {
  const texts = containerPorts(pod).map(
    ({ containerPort, protocol = 'TCP', name }) =>
      `${containerPort}/${protocol.toLowerCase()}${name === undefined ? '' : ` (${name})`}`,
  )
  return texts.length === 0 ? 'it has none' : `it has ${texts.join(', ')}`
}

function toService(view: ClusterView, service: Service, asked: Asked): Destination {
  const { spec, metadata } = service
  const label = `${metadata.namespace ?? ''}/${metadata.name}`
  if (spec.type === 'ExternalName') {
    throw new Problem(
      `Service ${label} is only a name for ${spec.externalName ?? 'something'} outside: nothing to send to`,
      { field: asked.field },
    )
  }
  const servicePort = portOfService(service, asked)
  const note = noteOn(service, servicePort, asked)
  const protocol = asked.wanted.protocol ?? protocolOf(servicePort)
  const port = protocol === 'icmp' ? 0 : (servicePort?.port ?? Number(asked.wanted.port))
  if (spec.clusterIP === 'None') return toHeadless(view, service, servicePort, port, protocol, asked)
  if (asked.source.kind === 'outside') {
    const published = [...loadBalancerAddresses(service), ...(spec.externalIPs ?? [])]
    if (published.length > 0) {
      return {
        label,
        address: sameFamily(published, asked, `Service ${label}`),
        port,
        protocol,
        outside: false,
        ...note,
      }
    }
    const [node] = view.nodes()
    if (servicePort?.nodePort !== undefined && node !== undefined) {
      const address = sameFamily(nodeAddresses(node), asked, `node ${node.metadata.name}`)
      return { label, address, port: servicePort.nodePort, protocol, outside: false }
    }
  }
  return {
    label,
    address: sameFamily(spec.clusterIPs ?? [], asked, `Service ${label}`),
    port,
    protocol,
    outside: false,
    ...note,
  }
}

/**
 * DNS answers with the addresses of the endpoints and nobody translates: what a client dials is what it wrote. Only one
 * that asks for a port by its name (an SRV record) learns the number that the endpoints have.
 */
function toHeadless(
  view: ClusterView,
  service: Service,
  servicePort: ServicePort | undefined,
  port: number,
  protocol: FlowProtocol,
  asked: Asked,
): Destination {
  const { namespace = '', name } = service.metadata
  const label = `${namespace}/${name}`
  for (const slice of view.endpointSlices()) {
    const { labels } = slice.metadata
    if (slice.metadata.namespace !== namespace || labels?.['kubernetes.io/service-name'] !== name) continue
    const target = slice.ports?.find(
      (candidate) => (candidate.name ?? '') === (servicePort?.name ?? ''),
    )?.port
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const [address] = addresses
      if (address === undefined || conditions?.ready === false) continue
      if (!asked.source.addresses.some((own) => familyOf(own) === familyOf(address))) continue
      if (protocol === 'icmp') return { label, address, port: 0, protocol, outside: false }
      const dialled = typeof asked.wanted.port === 'string' ? (target ?? port) : port
      const note =
        servicePort === undefined || target === undefined || target === dialled
          ? noteOn(service, servicePort, asked)
          : {
              note: `headless Service ${label} translates no ports: its endpoints have ${target}, not ${dialled}`,
            }
      return { label, address, port: dialled, protocol, outside: false, ...note }
    }
  }
  const { family, addresses } = asked.source
  const its = service.spec.ipFamilies ?? []
  const unfit = its.length > 0 && !addresses.some((own) => its.includes(nameOf(familyOf(own))))
  const why = unfit
    ? `is ${its.join(' and ')} only: its name resolves to no ${familiesOf(asked.source)} address`
    : `has no ready ${family === undefined ? '' : `${nameOf(family)} `}endpoint: its name resolves to nothing`
  throw new Problem(`headless Service ${label} ${why}`, { field: asked.field })
}

function portOfService(
  { spec, metadata }: Service,
  { wanted, field, portField }: Asked,
): ServicePort | undefined {
  const ports = spec.ports ?? []
  const label = `${metadata.namespace ?? ''}/${metadata.name}`
  if (wanted.protocol === 'icmp') return ports[0]
  if (wanted.port === undefined) {
    const candidates = ports.filter((port) => speaks(port, wanted.protocol))
    const [only, ...others] = candidates
    if (only !== undefined && others.length === 0) return only
    throw new Problem(
      only === undefined
        ? `Service ${label} has no ${wanted.protocol ?? ''} port: ${listPorts(ports)}`
        : `Service ${label} has ${candidates.length} ports: choose one of ${candidates.map(portText).join(', ')}`,
      { field },
    )
  }
  if (typeof wanted.port === 'string') {
    const named = ports.filter(({ name }) => name === wanted.port)
    const meant = named.find((port) => speaks(port, wanted.protocol))
    if (meant !== undefined) return meant
    const what = `port named ${wanted.port}${named.length === 0 ? '' : ` that is ${wanted.protocol ?? ''}`}`
    throw new Problem(`Service ${label} has no ${what}: ${listPorts(ports)}`, { field: portField })
  }
  // Any other number is sent as it is: what happens to it is worth seeing.
  return ports.find((port) => port.port === wanted.port && speaks(port, wanted.protocol))
}

/** A port that the Service does not have explains why nothing came through. */
function noteOn(
  { spec, metadata }: Service,
  servicePort: ServicePort | undefined,
  { wanted: { port, protocol = 'tcp' } }: Asked,
): { note?: string } {
  if (servicePort !== undefined || protocol === 'icmp') return {}
  const label = `${metadata.namespace ?? ''}/${metadata.name}`
  return { note: `Service ${label} has no port ${port}/${protocol} (${listPorts(spec.ports ?? [])})` }
}

function speaks(port: ServicePort, protocol: FlowProtocol | undefined): boolean {
  return protocol === undefined || protocolOf(port) === protocol
}

function portText(port: ServicePort): string {
  return `${port.port}/${protocolOf(port)}${port.name === undefined ? '' : ` (${port.name})`}`
}

function listPorts(ports: readonly ServicePort[]): string {
  return ports.length === 0 ? 'it has none' : `it has ${ports.map(portText).join(', ')}`
}

function protocolOf(port: ServicePort | undefined): FlowProtocol {
  return (port?.protocol ?? 'TCP').toLowerCase() as FlowProtocol
}

function needPort(
  { wanted: { port, protocol = 'tcp' }, field, portField }: Asked,
  known = '',
): { port: number; protocol: FlowProtocol } {
  if (protocol === 'icmp') return { port: 0, protocol }
  if (typeof port === 'number') return { port, protocol }
  if (port !== undefined) throw new Problem(`no port is named ${port} there`, { field: portField })
  throw new Problem(`needs a port: give one, or write NAME:PORT${known}`, { field })
}

/** The first of `addresses`, those of `whose`, in a family the source has too. */
function sameFamily(addresses: readonly string[], { source, field }: Asked, whose: string): string {
  const own = new Set(source.addresses.map(familyOf))
  const address = addresses.find((candidate) => own.has(familyOf(candidate)))
  if (address !== undefined) return address
  if (addresses.length === 0) throw new Problem('has no address yet', { field })
  const its = addresses.join(', ')
  if (source.family === undefined && source.address !== undefined) {
    // An address that was named as the source is what does not fit.
    throw new Problem(`${source.label} is of another family than ${its}`, { field: 'from' })
  }
  const why = source.family === undefined ? `, and ${source.label} has no other` : ''
  throw new Problem(`${whose} has no ${familiesOf(source)} address (${its})${why}`, { field })
}

/** Those that were asked for, or all that there are to ask from. */
function familiesOf(source: Source): string {
  return [...new Set(source.addresses.map(familyOf))].map(nameOf).join(' or ')
}
