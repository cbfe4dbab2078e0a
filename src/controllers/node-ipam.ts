/**
 * Gives each node its part of the cluster's pod addresses (pkg/controller/nodeipam: range allocator): the lowest free
 * block of each cluster CIDR, in the order in which nodes appear.
 */
import { nodes, type Node } from '../apiserver/index.ts'
import { formatCidr, parseCidr, type Cidr } from '../apiserver/meta/ip.ts'
import { keyOf, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'

export interface NodeIpamOptions {
  /** One CIDR, or one a family. */
  readonly clusterCIDRs: readonly string[]
  /** Prefix length of a node's block. Default 24 for IPv4, 64 for IPv6. */
  readonly nodeMaskSize?: { readonly IPv4?: number; readonly IPv6?: number }
}

const DEFAULT_MASK = { IPv4: 24, IPv6: 64 } as const

/** @throws RangeError when the CIDRs cannot be cut that way */
export function startNodeIpamController(context: ControllerContext, options: NodeIpamOptions): void {
  const { client, informers, clock, onError } = context
  const ranges = options.clusterCIDRs.map((text) => new BlockRange(text, options.nodeMaskSize ?? {}))
  if (new Set(ranges.map(({ cidr }) => cidr.family)).size !== ranges.length)
    throw new RangeError('cluster CIDRs must be one, or one of each family')
  const informer = informers.informer(nodes)
  const queue = new WorkQueue({ clock, work: assign, ...(onError && { onError }) })
  informer.addHandler({
    added: (node) => {
      for (const cidr of node.spec?.podCIDRs ?? []) for (const range of ranges) range.occupy(cidr)
      queue.add(keyOf(node))
    },
    updated: (_old, node) => queue.add(keyOf(node)),
    deleted: (node) => {
      for (const cidr of node.spec?.podCIDRs ?? []) for (const range of ranges) range.release(cidr)
    },
  })

  function assign(key: string): void {
    const node = informer.lister.getByKey(key)
    if (node === undefined || (node.spec?.podCIDRs ?? []).length > 0) return
    const blocks = ranges.map((range) => range.take())
    try {
      client.patch<Node>(
        nodes,
        { name: node.metadata.name },
        { spec: { podCIDR: blocks[0], podCIDRs: blocks } },
      )
    } catch (error) {
      ranges.forEach((range, index) => range.release(blocks[index]!))
      throw error
    }
  }
}

/** A CIDR cut into equal blocks. */
class BlockRange {
  readonly cidr: Cidr
  readonly #mask: number
  readonly #count: bigint
  readonly #taken = new Set<bigint>()

  constructor(text: string, masks: { readonly IPv4?: number; readonly IPv6?: number }) {
    const cidr = parseCidr(text)
    if (cidr === undefined) throw new RangeError(`cluster CIDR ${JSON.stringify(text)} is not a CIDR`)
    this.cidr = cidr
    this.#mask = masks[cidr.family] ?? DEFAULT_MASK[cidr.family]
    if (this.#mask < cidr.prefixLength || this.#mask > (cidr.family === 'IPv4' ? 32 : 128))
      throw new RangeError(`cluster CIDR ${text} cannot be cut into blocks of /${this.#mask}`)
    this.#count = 1n << BigInt(this.#mask - cidr.prefixLength)
  }

  take(): string {
    for (let number = 0n; number < this.#count; number++)
      if (!this.#taken.has(number)) {
        this.#taken.add(number)
        const base = this.cidr.base + number * this.#blockSize
        return formatCidr({ ...this.cidr, base, prefixLength: this.#mask })
      }
    throw new Error(
      'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range',
    )
  }

  occupy(text: string): void {
    const number = this.#numberOf(text)
    if (number !== undefined) this.#taken.add(number)
  }

  release(text: string): void {
    const number = this.#numberOf(text)
    if (number !== undefined) this.#taken.delete(number)
  }

  get #blockSize(): bigint {
    return this.cidr.size / this.#count
  }

  #numberOf(text: string): bigint | undefined {
    const block = parseCidr(text)
    if (block === undefined || block.family !== this.cidr.family || block.prefixLength !== this.#mask)
      return undefined
    const number = (block.base - this.cidr.base) / this.#blockSize
    return number >= 0n && number < this.#count ? number : undefined
  }
}
