/**
 * What policies see of a connection. A pod's egress is judged on its own node, once that node's kube-proxy has chosen a
 * backend; a pod's ingress on the node of that pod, where the source is who sent it, unless another node has
 * masqueraded it on the way. So the two judges may see two different connections:
 *
 * ```
 *   pod a ── node-1 ─────────────── node-2 ───────────── node-3 ── pod b
 *            egress of a:           DNAT to b,           ingress of b:
 *            a → node-2:30080       masquerade           node-2 → b:8080
 * ```
 */
import type { Endpoint } from '../../policy/evaluate/question.ts'
import type { FlowProtocol } from '../reference.ts'
import { podWith } from '../resolve/find.ts'
import type { Source } from '../resolve/source.ts'
import { announcedAddresses, announcer, proxiedAddresses } from '../topology/external.ts'
import { clusterRangeOf, familyOf, isWithin } from '../topology/plan.ts'
import { localAddresses, nodeAddresses, serviceAddresses, type ClusterView } from '../view.ts'
import { ServiceTable, type Translation } from './service-table.ts'

export interface Target {
  readonly address: string
  readonly port: number
  readonly protocol: FlowProtocol
}

/** One end as a judge sees it. */
export interface Seen {
  readonly endpoint: Endpoint
  readonly address: string
}

/** What one judge is asked. */
export interface Sight {
  /** Where it is judged; absent where nobody does. */
  readonly node?: string
  readonly from: Seen
  readonly to: Seen
  readonly port: number
  readonly throughService: boolean
}

/** One way that a connection can take: one for every backend that may be chosen. */
export interface PolicyPath {
  /** Who gets it, when it is a pod. */
  readonly backend?: { readonly pod: string; readonly ip: string; readonly port: number }
  /** Services that translated it on its way. */
  readonly services: readonly string[]
  readonly egress: Sight
  readonly ingress: Sight
  /** Why it does not arrive whatever policies say. */
  readonly obstacle?: string
  /** Why no answer comes back although it arrives. */
  readonly unanswered?: string
}

/** To whoever uses them, these mean itself: the loopback, and the unspecified address that stands for it. */
const OWN_HOST = ['127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128']

/** The address that the client sends from, which has the family of the target. */
export function sourceAddress(source: Source, target: Target): string {
  const family = familyOf(target.address)
  const candidates = [...(source.address === undefined ? [] : [source.address]), ...source.addresses]
  const address = candidates.find((own) => familyOf(own) === family)
  if (address === undefined) throw new Error(`sourceAddress: ${source.label} has no ${family} address`)
  return address
}

export class PathFinder {
  readonly #view: ClusterView
  /** Which node answers at which address. */
  readonly #local: ReadonlyMap<string, string>
  readonly #services: ServiceTable

  constructor(view: ClusterView) {
    this.#view = view
    this.#local = localAddresses(view)
    this.#services = new ServiceTable(view, this.#local)
  }

  /** Every way from `source` (one of whose addresses has the family of the target) to `target`. */
  paths(source: Source, target: Target): PolicyPath[] {
    const address = sourceAddress(source, target)
    const from: Seen = {
      address,
      endpoint: source.pod === undefined ? this.#endpoint(address) : { kind: 'pod', ...source.pod },
    }
    if (source.node !== undefined) return this.#walk(new Walk(from, source.node), source.node, from, target)
    const node = this.#entry(target)
    if (node !== undefined) return this.#walk(new Walk(from, undefined), node, from, target)
    const to = this.#seen(target.address)
    const sight = { from, to, port: target.port, throughService: false }
    const obstacle =
      clusterRangeOf(target.address) === undefined
        ? this.#nobody(target)
        : `nothing outside has a route to ${target.address}`
    return [{ services: [], egress: sight, ingress: sight, ...(obstacle === undefined ? {} : { obstacle }) }]
  }

  /** `node` is where the packet is, `from` whom it seems to come from. */
  #walk(walk: Walk, node: string, from: Seen, target: Target): PolicyPath[] {
    const translation = this.#services.translate(node, from.address, target)
    if (translation !== undefined) return this.#translated(walk, node, from, target, translation)
    const owner = this.#nodeOf(target.address)
    const to = this.#met(node, from, target.address)
    const next = walk.leaving(node, to, target.port)
    if (owner !== undefined && owner !== node && to.endpoint.kind !== 'pod') {
      const there = this.#services.translate(owner, from.address, target)
      if (there !== undefined) return this.#translated(next, owner, from, target, there)
    }
    const path = next.arrive(owner ?? node, from, to, target.port)
    const obstacle = owner === undefined ? this.#nobody(target) : undefined
    return [obstacle === undefined ? path : { ...path, obstacle }]
  }

  /** Why nobody is there, inside or outside. */
  #nobody({ address, port, protocol }: Target): string | undefined {
    const service = this.#view.services().find((each) => serviceAddresses(each).includes(address))
    if (service !== undefined && proxiedAddresses(service).includes(address)) {
      const { namespace, name } = service.metadata
      return `${address} is the balancer of Service ${namespace}/${name} itself (ipMode Proxy), which is not emulated`
    }
    if (service === undefined && clusterRangeOf(address) === undefined) return undefined
    return `nothing in the cluster has ${address} port ${port}/${protocol}`
  }

  #translated(
    walk: Walk,
    node: string,
    from: Seen,
    target: Target,
    { service, backends, masquerade, refusedBy }: Translation,
  ): PolicyPath[] {
    const through = walk.through(service)
    if (backends.length === 0) {
      const to = this.#seen(target.address)
      return [
        {
          ...through.leaving(node, to, target.port).arrive(node, from, to, target.port),
          obstacle: noEndpoint(service, node),
        },
      ]
    }
    const refusal =
      refusedBy === undefined ? undefined : `Service ${service} takes only ${refusedBy.join(', ')}`
    return backends.flatMap(({ ip, port }) => {
      const next = through.leaving(node, this.#seen(ip), port)
      const owner = this.#nodeOf(ip)
      // Who reaches himself is masqueraded, too. It is the last thing that a node does: its own policies see who it was.
      const masked = masquerade || ip === from.address
      const seen = masked && owner !== node ? this.#masqueraded(node, ip) : from
      const backend = { address: ip, port, protocol: target.protocol }
      // What a node sends to others itself, or masquerades, passes no rule that refuses.
      const waved = owner !== node && (masked || this.#local.get(from.address) === node)
      const shut = waved ? undefined : this.#services.shutAt(node, backend)
      const obstacle = refusal ?? (shut === undefined ? undefined : noEndpoint(shut, node))
      const passed = !masked && owner !== node && this.#nodeOf(from.address) !== node
      return this.#arrive(next, node, seen, backend).map((path) => ({
        ...path,
        ...(obstacle === undefined ? {} : { obstacle }),
        ...(passed
          ? { unanswered: `the answer of ${ip} does not come back by ${node}, which alone can translate it` }
          : {}),
      }))
    })
  }

  /** Where a backend is a node, that node's kube-proxy has a say of its own. */
  #arrive(walk: Walk, node: string, from: Seen, { address, port, protocol }: Target): PolicyPath[] {
    const to = this.#seen(address)
    const owner = this.#nodeOf(address)
    if (owner !== undefined && owner !== node && to.endpoint.kind !== 'pod') {
      const target = { address, port, protocol }
      const there = this.#services.translate(owner, from.address, target)
      if (there !== undefined) return this.#translated(walk, owner, from, target, there)
    }
    const path = walk.arrive(owner ?? node, from, to, port)
    if (to.endpoint.kind !== 'pod') return [path]
    return [{ ...path, backend: { pod: `${to.endpoint.namespace}/${to.endpoint.name}`, ip: address, port } }]
  }

  /** The node to which the fabric sends what comes from outside; undefined where no node is concerned. */
  #entry({ address }: Target): string | undefined {
    const owner = this.#nodeOf(address)
    if (owner !== undefined) return owner
    const names = this.#view.nodes().map(({ metadata }) => metadata.name)
    for (const service of this.#view.services()) {
      if (!announcedAddresses(service).includes(address)) continue
      const { namespace, name } = service.metadata
      const slices = this.#view
        .endpointSlices()
        .filter(
          ({ metadata }) =>
            metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
        )
      return announcer(service, slices, names)
    }
    return undefined
  }

  #masqueraded(node: string, towards: string): Seen {
    const own = this.#view.nodes().find(({ metadata }) => metadata.name === node)
    const addresses = own === undefined ? [] : nodeAddresses(own)
    const address = addresses.find((candidate) => familyOf(candidate) === familyOf(towards)) ?? ''
    return { address, endpoint: { kind: 'node', name: node } }
  }

  #seen(address: string): Seen {
    return { address, endpoint: this.#endpoint(address) }
  }

  /** Some addresses mean something to some only: a pod's loopback is the pod, and on a node the pods' gateway is the node. */
  #met(node: string, from: Seen, address: string): Seen {
    if (from.endpoint.kind === 'pod' && OWN_HOST.some((range) => isWithin(address, range)))
      return { address, endpoint: from.endpoint }
    const seen = this.#seen(address)
    const isGateway = seen.endpoint.kind === 'address' && this.#nodeOf(address) === node
    return isGateway ? { address, endpoint: { kind: 'node', name: node, address } } : seen
  }

  #endpoint(address: string): Endpoint {
    const pod = podWith(this.#view, address)
    if (pod !== undefined) {
      return { kind: 'pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }
    }
    const node = this.#view.nodes().find((candidate) => nodeAddresses(candidate).includes(address))
    return node === undefined ? { kind: 'address', address } : { kind: 'node', name: node.metadata.name }
  }

  /** Where the pod with this address runs, or the node that has it. */
  #nodeOf(address: string): string | undefined {
    return podWith(this.#view, address)?.spec.nodeName ?? this.#local.get(address)
  }
}

function noEndpoint(service: string, node: string): string {
  return `Service ${service} has no endpoint for ${node}`
}

/** What has been seen of the connection so far. */
class Walk {
  readonly #from: Seen
  /** The node of the source; undefined when it comes from outside. */
  readonly #home: string | undefined
  readonly #services: readonly string[]
  readonly #egress: Sight | undefined

  constructor(
    from: Seen,
    home: string | undefined,
    services: readonly string[] = [],
    egress: Sight | undefined = undefined,
  ) {
    this.#from = from
    this.#home = home
    this.#services = services
    this.#egress = egress
  }

  through(service: string): Walk {
    return new Walk(this.#from, this.#home, [...this.#services, service], this.#egress)
  }

  /** At the source's own node its egress is judged, by what the packet has become there. */
  leaving(node: string, to: Seen, port: number): Walk {
    if (node !== this.#home || this.#egress !== undefined) return this
    const throughService = this.#services.length > 0
    const egress: Sight = { node, from: this.#from, to, port, throughService }
    return new Walk(this.#from, this.#home, this.#services, egress)
  }

  arrive(node: string, from: Seen, to: Seen, port: number): PolicyPath {
    const ingress: Sight = { node, from, to, port, throughService: this.#services.length > 0 }
    return { services: this.#services, egress: this.#egress ?? ingress, ingress }
  }
}
