/**
 * Cluster IPs, node ports and health check ports of services (pkg/registry/core/service/storage/alloc.go). Every
 * allocation of one write is undone when the write does not happen.
 */
import { Random } from '../../sim/random.ts'
import type { FieldError } from '../meta/field-error.ts'
import { invalidValue } from '../meta/field-error.ts'
import { cidrContains, formatCidr, formatIp, parseCidr, parseIp, type Cidr } from '../meta/ip.ts'
import type { Draft } from '../meta/json.ts'
import { internalError, invalid } from '../meta/status.ts'
import { needsHealthCheck, needsNodePort } from '../registry/kinds/service.ts'
import type { IPFamily, Service, ServiceSpec } from '../types/index.ts'
import { defaultFamilies } from './ip-families.ts'
import { RangeAllocator, staticBand } from './range.ts'

export interface ServiceAllocationOptions {
  /** One CIDR, or one a family; the first is the family of services that do not ask. */
  readonly serviceCIDRs: readonly string[]
  /** Both ends included. */
  readonly nodePortRange: readonly [number, number]
  readonly seed: number
}

interface AddressRange {
  readonly cidr: Cidr
  /** Number 0 is the address after the network's own. */
  readonly numbers: RangeAllocator
}

/** Undoes what one write allocated. */
type Undo = () => void

export class ServiceAllocator {
  readonly #ranges = new Map<IPFamily, AddressRange>()
  /** Addresses outside of the ranges that a service may ask for, and whether one has it. */
  readonly #adopted = new Map<string, boolean>()
  readonly #ports: RangeAllocator
  readonly #firstPort: number
  readonly #lastPort: number

  constructor({ serviceCIDRs, nodePortRange, seed }: ServiceAllocationOptions) {
    for (const text of serviceCIDRs) {
      const cidr = parseCidr(text)
      if (cidr === undefined) throw new RangeError(`service CIDR ${JSON.stringify(text)} is not a CIDR`)
      this.#ranges.set(cidr.family, { cidr, numbers: numbersOf(cidr, seed) })
    }
    if (this.#ranges.size !== serviceCIDRs.length || serviceCIDRs.length === 0)
      throw new RangeError('service CIDRs must be one, or one of each family')
    ;[this.#firstPort, this.#lastPort] = nodePortRange
    const size = this.#lastPort - this.#firstPort + 1
    this.#ports = new RangeAllocator(size, staticBand(size, 32, 128), new Random(seed ^ 0x706f7274))
  }

  /** Families in the order of preference. */
  get families(): readonly IPFamily[] {
    return [...this.#ranges.keys()]
  }

  /**
   * Completes a new service. The function returned undoes it.
   * @throws ApiError 422, 500 with nothing allocated
   */
  allocate(service: Draft<Service>, old?: Service): Undo {
    const undo: Undo[] = []
    try {
      this.#allocateIPs(service, old, undo)
      this.#allocatePorts(service, old, undo)
      this.#allocateHealthCheck(service, old, undo)
    } catch (error) {
      for (const step of undo) step()
      throw error
    }
    return () => undo.forEach((step) => step())
  }

  /** Gives back what `before` had and `after` (absent: deleted) has no more. */
  release(before: Service, after?: Service): void {
    const keptIPs = new Set(addressesOf(after?.spec))
    for (const ip of addressesOf(before.spec)) if (!keptIPs.has(ip)) this.#releaseIP(ip)
    const keptPorts = new Set(portsOf(after?.spec))
    for (const port of portsOf(before.spec))
      if (!keptPorts.has(port)) this.#ports.release(port - this.#firstPort)
  }

  /**
   * From now on a service may ask for this address, of whatever range: what a ServiceCIDR object does for many (KEP-1880).
   * It is for services that bring their address from another cluster.
   */
  adopt(text: string): void {
    const ip = parseIp(text)
    if (ip !== undefined && !this.#adopted.has(formatIp(ip))) this.#adopted.set(formatIp(ip), false)
  }

  /** The address of that number in the first range: 1 is the kubernetes service's. */
  addressAt(number: number): string {
    const { cidr } = this.#ranges.values().next().value!
    return formatIp({ family: cidr.family, value: cidr.base + BigInt(number) })
  }

  #allocateIPs(service: Draft<Service>, old: Service | undefined, undo: Undo[]): void {
    const { spec } = service
    if (spec.type === 'ExternalName') return
    const errors = defaultFamilies(spec, old?.spec, this.families)
    if (errors.length > 0) throw invalidService(service, errors)
    const families = spec.ipFamilies ?? []
    if (spec.clusterIPs?.[0] === 'None') {
      spec.clusterIP = 'None'
      return
    }
    const had = new Set(addressesOf(old?.spec))
    const addresses: string[] = []
    families.forEach((family, index) => {
      const wanted = spec.clusterIPs?.[index] ?? ''
      if (wanted !== '' && had.has(wanted)) addresses.push(wanted)
      else {
        const address = wanted === '' ? this.#anyIP(family) : this.#thisIP(service, family, wanted)
        undo.push(() => this.#releaseIP(address))
        addresses.push(address)
      }
    })
    spec.clusterIPs = addresses
    spec.clusterIP = addresses[0]!
  }

  #anyIP(family: IPFamily): string {
    const range = this.#ranges.get(family)!
    const number = range.numbers.next()
    if (number === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    return formatIp({ family, value: range.cidr.base + BigInt(number) + 1n })
  }

  #thisIP(service: Draft<Service>, family: IPFamily, text: string): string {
    const { cidr, numbers } = this.#ranges.get(family)!
    const ip = parseIp(text)!
    const number = Number(ip.value - cidr.base - 1n)
    const fail = (why: string) =>
      invalidService(service, [
        invalidValue('spec.clusterIPs', service.spec.clusterIPs, `failed to allocate IP ${text}: ${why}`),
      ])
    const isInside = cidrContains(cidr, ip) && number >= 0 && number < numbers.size
    const isTaken = isInside ? !numbers.take(number) : this.#adopted.get(formatIp(ip))
    if (isTaken === undefined)
      throw fail(
        `the provided IP (${text}) is not in the valid range. The range of valid IPs is ${formatCidr(cidr)}`,
      )
    if (isTaken) throw fail('provided IP is already allocated')
    if (!isInside) this.#adopted.set(formatIp(ip), true)
    return formatIp(ip)
  }

  #releaseIP(text: string): void {
    const ip = parseIp(text)
    if (ip !== undefined && this.#adopted.has(formatIp(ip))) this.#adopted.set(formatIp(ip), false)
    const range = ip && this.#ranges.get(ip.family)
    if (range !== undefined && cidrContains(range.cidr, ip!))
      range.numbers.release(Number(ip!.value - range.cidr.base - 1n))
  }

  /** Ports of one service with the same number and different protocols share a node port. */
  #allocatePorts(service: Draft<Service>, old: Service | undefined, undo: Undo[]): void {
    const { spec } = service
    const ports = spec.ports ?? []
    const mine = new Set(portsOf(old?.spec))
    const explicit = (port: number, field: string) => {
      if (mine.has(port)) return
      this.#thisPort(service, port, field)
      mine.add(port)
      undo.push(() => this.#ports.release(port - this.#firstPort))
    }
    ports.forEach(({ nodePort }, index) => {
      if (nodePort) explicit(nodePort, `spec.ports[${index}].nodePort`)
    })
    if (!needsNodePort(spec as ServiceSpec)) return
    for (const port of ports) {
      if (port.nodePort) continue
      const twin = ports.find(
        (other) => other.port === port.port && other.protocol !== port.protocol && other.nodePort,
      )
      if (twin?.nodePort) port.nodePort = twin.nodePort
      else {
        const number = this.#anyPort()
        undo.push(() => this.#ports.release(number - this.#firstPort))
        port.nodePort = number
      }
    }
  }

  #allocateHealthCheck(service: Draft<Service>, old: Service | undefined, undo: Undo[]): void {
    const { spec } = service
    if (!needsHealthCheck(spec as ServiceSpec)) return
    if (spec.healthCheckNodePort && spec.healthCheckNodePort === old?.spec.healthCheckNodePort) return
    if (spec.healthCheckNodePort)
      this.#thisPort(service, spec.healthCheckNodePort, 'spec.healthCheckNodePort')
    else spec.healthCheckNodePort = this.#anyPort()
    const port = spec.healthCheckNodePort
    undo.push(() => this.#ports.release(port - this.#firstPort))
  }

  #anyPort(): number {
    const number = this.#ports.next()
    if (number === undefined) throw internalError('failed to allocate a nodePort: range is full')
    return this.#firstPort + number
  }

  #thisPort(service: Draft<Service>, port: number, field: string): void {
    const fail = (why: string) => invalidService(service, [invalidValue(field, port, why)])
    if (port < this.#firstPort || port > this.#lastPort)
      throw fail(
        `provided port is not in the valid range. The range of valid ports is ${this.#firstPort}-${this.#lastPort}`,
      )
    if (!this.#ports.take(port - this.#firstPort)) throw fail('provided port is already allocated')
  }
}

/** The usable addresses of a CIDR: without the network's own, and for IPv4 without the broadcast. At most 2^32. */
function numbersOf(cidr: Cidr, seed: number): RangeAllocator {
  const size = cidr.size > 1n << 32n ? 2 ** 32 : Number(cidr.size)
  const usable = Math.max(0, size - (cidr.family === 'IPv4' ? 2 : 1))
  return new RangeAllocator(
    usable,
    Math.min(usable, staticBand(size, 16, 256)),
    new Random(seed ^ cidr.prefixLength),
  )
}

function addressesOf(spec: ServiceSpec | undefined): string[] {
  return (spec?.clusterIPs ?? []).filter((ip) => ip !== 'None')
}

function portsOf(spec: ServiceSpec | undefined): number[] {
  if (spec === undefined) return []
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))
  return spec.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports
}

function invalidService(service: Draft<Service>, errors: FieldError[]) {
  return invalid({ group: '', kind: 'Service' }, service.metadata.name, errors)
}
