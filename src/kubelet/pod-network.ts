/**
 * Addresses for the pods of one node, as the host-local plugin gives them out: the next free one after the last, around
 * the block; not the network's own, not the first (the node's end of it), and for IPv4 not the broadcast. Other plugins
 * give the lowest free one, so that an address that comes free is somebody else's at once.
 */
import { formatIp, parseCidr, type Cidr } from '../apiserver/meta/ip.ts'

export type AddressOrder = 'next' | 'lowest'

export class PodAddresses {
  readonly podCIDR: string
  readonly #cidr: Cidr
  readonly #order: AddressOrder
  readonly #taken = new Set<bigint>()
  #last = 1n

  /** @throws RangeError when the text is no CIDR */
  constructor(podCIDR: string, order: AddressOrder = 'next') {
    this.podCIDR = podCIDR
    this.#order = order
    const cidr = parseCidr(podCIDR)
    if (cidr === undefined) throw new RangeError(`pod CIDR ${JSON.stringify(podCIDR)} is not a CIDR`)
    this.#cidr = cidr
  }

  /** Undefined when the block is used up. */
  take(): string | undefined {
    const { family, base, size } = this.#cidr
    const end = family === 'IPv4' ? size - 1n : size
    const count = end - 2n
    if (BigInt(this.#taken.size) >= count) return undefined
    let number = this.#order === 'lowest' ? 1n : this.#last
    do number = number + 1n >= end ? 2n : number + 1n
    while (this.#taken.has(number))
    this.#taken.add(number)
    this.#last = number
    return formatIp({ family, value: base + number })
  }

  release(address: string): void {
    const ip = parseCidr(`${address}/${this.#cidr.family === 'IPv4' ? 32 : 128}`)
    if (ip !== undefined) this.#taken.delete(ip.base - this.#cidr.base)
  }
}
