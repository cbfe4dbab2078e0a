/**
 * The service ports of one proxier with their endpoints and compiled rules. Incremental: a port is compiled again only
 * when its service, its endpoints, or something that all ports share has changed; all others hand out the very same
 * rule objects. Ports are kept in the order of their names, so a ruleset is a function of the objects, not of history
 * (upstream walks a Go map, in any order).
 */
import type { Endpoint } from '../endpoint.ts'
import type { EndpointsMap } from '../endpoint-slice-cache.ts'
import type { ServiceChange } from '../service-change-tracker.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { compileServicePort } from './compile.ts'
import type { CompiledServicePort } from './compile.ts'
import { servicePortChains } from './names.ts'
import type { ServicePortChains } from './names.ts'
import type { CompileContext } from './plan.ts'

export interface PortEntry {
  readonly key: string
  /** `namespace/name` */
  readonly service: string
  readonly chains: ServicePortChains
  info: ServicePortInfo
  endpoints: readonly Endpoint[]
  compiled: CompiledServicePort | undefined
  /** What `compiled` was made with. */
  context: CompileContext | undefined
}

const NO_ENDPOINTS: readonly Endpoint[] = []

/** This many new ports are put in their place one by one; more are sorted in. */
const FEW = 32

export class PortTable {
  readonly #byService = new Map<string, Map<string, PortEntry>>()
  #order: PortEntry[] = []
  /** Chains that were needed once, are not any more, and may still be there. */
  readonly #retiredChains = new Set<string>()
  #endpointCount = 0
  #natRules = 0

  /** In the order of their names. */
  get entries(): readonly PortEntry[] {
    return this.#order
  }

  /** Endpoints of all ports together. */
  get endpointCount(): number {
    return this.#endpointCount
  }

  /** Rules in nat of all ports together, as last compiled. */
  get natRules(): number {
    return this.#natRules
  }

  /** Names of the chains in nat that the compiled ports need. Made at each call. */
  activeChains(): Set<string> {
    const chains = new Set<string>()
    for (const { compiled } of this.#order)
      for (const { name } of compiled?.chainLines ?? []) chains.add(name)
    return chains
  }

  /** Chains no longer needed, since they were last taken. */
  takeRetiredChains(): string[] {
    const chains = [...this.#retiredChains]
    this.#retiredChains.clear()
    return chains
  }

  update(changes: ReadonlyMap<string, ServiceChange>): void {
    const added: PortEntry[] = []
    let removed = false
    for (const [service, { previous, current }] of changes) {
      const ports = this.#byService.get(service) ?? new Map<string, PortEntry>()
      for (const key of previous.keys())
        if (!current.has(key) && ports.has(key)) {
          this.#forget(ports.get(key)!)
          removed = ports.delete(key)
        }
      for (const [key, info] of current) {
        const entry = ports.get(key)
        if (entry !== undefined) entry.info = info
        else {
          const created = newEntry(key, service, info)
          ports.set(key, created)
          added.push(created)
        }
      }
      if (ports.size === 0) this.#byService.delete(service)
      else this.#byService.set(service, ports)
    }
    if (removed)
      this.#order = this.#order.filter(({ key, service }) => this.#byService.get(service)?.has(key))
    this.#insert(added)
  }

  /** Takes the endpoints of the services' ports from `endpoints`, and has these ports compiled anew. */
  refresh(services: Iterable<string>, endpoints: EndpointsMap): void {
    for (const service of services)
      for (const entry of this.#byService.get(service)?.values() ?? []) {
        const list = endpoints.get(entry.key) ?? NO_ENDPOINTS
        this.#endpointCount += list.length - entry.endpoints.length
        entry.endpoints = list
        entry.context = undefined
      }
  }

  /** The rules of the port for the context: those from before when nothing has changed. */
  compile(entry: PortEntry, context: CompileContext, sliceVersions: string | undefined): CompiledServicePort {
    if (entry.compiled !== undefined && entry.context === context) return entry.compiled
    this.#retract(entry)
    const origin = {
      resourceVersions: {
        services: entry.info.resourceVersion,
        ...(sliceVersions === undefined ? {} : { endpointslices: sliceVersions }),
      },
    }
    const compiled = compileServicePort(
      {
        info: entry.info,
        endpoints: entry.endpoints,
        chains: entry.chains,
        origin,
      },
      context,
    )
    entry.compiled = compiled
    entry.context = context
    if (this.#retiredChains.size > 0)
      for (const { name } of compiled.chainLines) this.#retiredChains.delete(name)
    this.#natRules += compiled.dispatch.length + compiled.chainRules.length
    return compiled
  }

  #retract({ compiled }: PortEntry): void {
    if (compiled === undefined) return
    for (const { name } of compiled.chainLines) this.#retiredChains.add(name)
    this.#natRules -= compiled.dispatch.length + compiled.chainRules.length
  }

  #forget(entry: PortEntry): void {
    this.#retract(entry)
    this.#endpointCount -= entry.endpoints.length
  }

  #insert(added: PortEntry[]): void {
    if (added.length > FEW) {
      this.#order.push(...added)
      this.#order.sort(byKey)
      return
    }
    for (const entry of added) {
      let low = 0
      let high = this.#order.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (this.#order[middle]!.key < entry.key) low = middle + 1
        else high = middle
      }
      this.#order.splice(low, 0, entry)
    }
  }
}

function byKey(a: PortEntry, b: PortEntry): number {
  return a.key < b.key ? -1 : 1
}

function newEntry(key: string, service: string, info: ServicePortInfo): PortEntry {
  return {
    key,
    service,
    info,
    chains: servicePortChains(info),
    endpoints: NO_ENDPOINTS,
    compiled: undefined,
    context: undefined,
  }
}
