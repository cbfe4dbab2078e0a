/**
 * What an address and a port mean to a node's kube-proxy, told from Services and EndpointSlices: the Service port and
 * the endpoints that a connection may be sent to from there, and whether its source will be masqueraded. No rule is
 * looked at: this is what the rules are meant to do.
 */
import type { EndpointSlice, Service } from '../../apiserver/types/index.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { Endpoint } from '../../proxy/endpoint.ts'
import { newServicePortInfo, shouldSkipService, type ServicePortInfo } from '../../proxy/service-port.ts'
import { categorizeEndpoints, type EndpointCategories } from '../../proxy/topology.ts'
import type { FlowProtocol } from '../reference.ts'
import { ADDRESS_PLAN, familyOf, isWithin } from '../topology/plan.ts'
import { localAddresses, nameOf, type ClusterView } from '../view.ts'

/** What becomes of a connection at a node. */
export interface Translation {
  /** `namespace/name`. */
  readonly service: string
  /** One of these is chosen; none: the Service has no endpoint for this node, and kube-proxy refuses or drops. */
  readonly backends: readonly Backend[]
  /** The source becomes the node's address on the way out. */
  readonly masquerade: boolean
  /** The ranges that the Service takes connections from, where the source is in none of them. */
  readonly refusedBy?: readonly string[]
}

export interface Backend {
  readonly ip: string
  readonly port: number
}

interface Destination {
  readonly address: string
  readonly port: number
  readonly protocol: FlowProtocol
}

interface Entry {
  readonly service: Service
  readonly info: ServicePortInfo
  readonly reach: 'internal' | 'external'
}

export class ServiceTable {
  readonly #local: ReadonlyMap<string, string>
  /** By `address port protocol`; `family nodePort protocol` for node ports. */
  readonly #entries = new Map<string, Entry>()
  readonly #slices = new Map<string, EndpointSlice[]>()
  readonly #zones = new Map<string, string>()

  /** `local`: which node answers at which address. */
  constructor(view: ClusterView, local: ReadonlyMap<string, string> = localAddresses(view)) {
    this.#local = local
    for (const { metadata } of view.nodes()) {
      this.#zones.set(metadata.name, metadata.labels?.['topology.kubernetes.io/zone'] ?? '')
    }
    for (const slice of view.endpointSlices()) {
      const { namespace = '', labels } = slice.metadata
      const key = `${namespace}/${labels?.['kubernetes.io/service-name'] ?? ''}`
      this.#slices.set(key, [...(this.#slices.get(key) ?? []), slice])
    }
    for (const service of view.services()) if (!shouldSkipService(service)) this.#add(service)
  }

  /** `source` is the address that the packet carries when it comes to `node`. Undefined: it is not translated there. */
  translate(node: string, source: string, destination: Destination): Translation | undefined {
    const { address, port, protocol } = destination
    const entry =
      this.#entries.get(`${address} ${port} ${protocol}`) ??
      (this.#isOf(node, address) ? this.#entries.get(`${familyOf(address)} ${port} ${protocol}`) : undefined)
    if (entry === undefined) return undefined
    const { service, info, reach } = entry
    const family = familyOf(address)
    const name = nameOf(service)
    const categories = this.#categories(entry, family, node)
    const ranges = info.loadBalancerSourceRanges.map(
      ({ network: { address, prefixLength } }) => `${address}/${prefixLength}`,
    )
    const guarded = info.loadBalancerVIPs.includes(address) && !info.externalIPs.includes(address)
    const refused = guarded && ranges.length > 0 && !ranges.some((range) => isWithin(source, range))
    const refusal = refused ? { refusedBy: ranges } : {}
    const isPod = isWithin(source, ADDRESS_PLAN[family].clusterCidr)
    const isLocal = this.#isOf(node, source)
    if (reach === 'internal') {
      const backends = info.internalPolicyLocal ? categories.local : categories.cluster
      return { service: name, backends, masquerade: !isPod }
    }
    if (!info.externalPolicyLocal)
      return { service: name, backends: categories.cluster, masquerade: true, ...refusal }
    return isPod || isLocal
      ? { service: name, backends: categories.cluster, masquerade: isLocal, ...refusal }
      : { service: name, backends: categories.local, masquerade: false, ...refusal }
  }

  /**
   * The Service that keeps `node` from passing on what goes to this address, translated or not: it has no endpoint for
   * that node. Undefined where none does. Rules that refuse look at the packet as it is after the translation.
   */
  shutAt(node: string, { address, port, protocol }: Destination): string | undefined {
    const entry = this.#entries.get(`${address} ${port} ${protocol}`)
    if (entry === undefined) return undefined
    const { cluster, local } = this.#categories(entry, familyOf(address), node)
    const usable = entry.info.externalPolicyLocal ? local : cluster
    return entry.reach === 'external' && usable.length === 0 ? nameOf(entry.service) : undefined
  }

  #categories({ service, info }: Entry, family: Family, node: string): EndpointCategories {
    return categorizeEndpoints(this.#endpoints(nameOf(service), info, family, node), info, {
      nodeName: node,
      zone: this.#zones.get(node) ?? '',
    })
  }

  #add(service: Service): void {
    for (const port of service.spec.ports ?? []) {
      const protocol = (port.protocol ?? 'TCP').toLowerCase()
      for (const family of ['ipv4', 'ipv6'] as const) {
        const info = newServicePortInfo(service, family, port)
        if (info.clusterIP === '') continue
        const put = (address: string, number: number, reach: Entry['reach']): void => {
          const key = `${address} ${number} ${protocol}`
          if (!this.#entries.has(key)) this.#entries.set(key, { service, info, reach })
        }
        put(info.clusterIP, info.port, 'internal')
        for (const address of [...info.externalIPs, ...info.loadBalancerVIPs])
          put(address, info.port, 'external')
        if (info.nodePort !== 0) put(family, info.nodePort, 'external')
      }
    }
  }

  #isOf(node: string, address: string): boolean {
    return this.#local.get(address) === node
  }

  #endpoints(service: string, info: ServicePortInfo, family: Family, node: string): Endpoint[] {
    const found = new Map<string, Endpoint>()
    for (const slice of this.#slices.get(service) ?? []) {
      if (slice.addressType !== (family === 'ipv4' ? 'IPv4' : 'IPv6')) continue
      const port = (slice.ports ?? []).find(
        ({ name = '', protocol = 'TCP' }) =>
          name === info.portName.port && protocol === info.portName.protocol,
      )?.port
      if (port === undefined) continue
      for (const { addresses, conditions = {}, nodeName, hints } of slice.endpoints ?? []) {
        const [ip] = addresses
        if (ip === undefined) continue
        const endpoint = `${ip}:${port}`
        found.set(endpoint, {
          ip,
          port,
          endpoint,
          name: endpoint,
          isLocal: nodeName === node,
          ready: conditions.ready ?? true,
          serving: conditions.serving ?? true,
          terminating: conditions.terminating ?? false,
          zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
          nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
        })
      }
    }
    return [...found.values()].sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1))
  }
}
