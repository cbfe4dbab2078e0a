/** Neighbours as `ip neigh` adds, deletes and lists them (net/core/neighbour.c). */
import * as N from '../abi/neigh.ts'
import { NETNS_NEIGH } from '../abi/netns.ts'
import type { ListedNeighbour, Neighbour } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import { addressWords } from './address.ts'
import { type Instance, required } from './instance.ts'
import { formatMac, type Links, parseMac } from './links.ts'
import { readAddress } from './tuples.ts'
import { NFPROTO_IPV4, NFPROTO_IPV6 } from '../abi/verdict.ts'

export type NeighbourKey = Pick<Neighbour, 'family' | 'address' | 'dev'>

const STATES = new Map<number, ListedNeighbour['state']>([
  [N.NUD_PERMANENT, 'PERMANENT'],
  [N.NUD_REACHABLE, 'REACHABLE'],
  [N.NUD_INCOMPLETE, 'INCOMPLETE'],
  [N.NUD_FAILED, 'FAILED'],
])

export class Neighbours {
  readonly #instance: Instance
  readonly #netns: number
  readonly #links: Links

  constructor(instance: Instance, netns: number, links: Links) {
    this.#instance = instance
    this.#netns = netns
    this.#links = links
  }

  /** A static entry; one that is there gets the new link-layer address. */
  set({ family, address, dev, lladdr }: Neighbour): void {
    const link = this.#links.address(dev)
    const mac = parseMac(lladdr)
    const record = this.#instance.record()
    this.#instance.words.set(addressWords(address, family), record >>> 2)
    const entry = required(this.#instance.exports.neigh_make(link, record))
    this.#instance.bytes.set(mac, entry + N.NEIGH_MAC)
    this.#instance.setWord(entry + N.NEIGH_STATE, N.NUD_PERMANENT)
    this.#instance.exports.neigh_resolved(entry)
  }

  delete({ family, address, dev }: NeighbourKey): void {
    const link = this.#links.address(dev)
    const record = this.#instance.record()
    this.#instance.words.set(addressWords(address, family), record >>> 2)
    if (this.#instance.exports.neigh_delete(link, record) === 0)
      throw new Problem('RTNETLINK answers: No such file or directory', { field: address })
  }

  has(key: NeighbourKey): boolean {
    return this.list().some(
      ({ family, address, dev }) => family === key.family && address === key.address && dev === key.dev,
    )
  }

  /** IPv4 before IPv6, else in no order. */
  list(): ListedNeighbour[] {
    const { bytes } = this.#instance
    const table = this.#instance.word(this.#netns + NETNS_NEIGH)
    const buckets = this.#instance.word(table + N.NEIGH_TABLE_BUCKETS)
    const count = this.#instance.word(table + N.NEIGH_TABLE_MASK) + 1
    const found: ListedNeighbour[] = []
    for (let i = 0; i < count; i++) {
      let at = this.#instance.word(buckets + 4 * i)
      for (; at !== 0; at = this.#instance.word(at + N.NEIGH_CHAIN)) {
        const state = STATES.get(this.#instance.word(at + N.NEIGH_STATE))
        const dev = this.#links.nameOf(this.#instance.word(at + N.NEIGH_LINK))
        if (state === undefined || dev === undefined) continue
        const mapped = this.#instance.words.subarray(at >>> 2, (at >>> 2) + 3)
        const isV4 = mapped[0] === 0 && mapped[1] === 0 && mapped[2] === 0xffff0000
        const address = readAddress(bytes, at + N.NEIGH_ADDR, isV4 ? NFPROTO_IPV4 : NFPROTO_IPV6)
        if (address === undefined) continue
        const known = state === 'PERMANENT' || state === 'REACHABLE'
        const mac = formatMac(bytes.subarray(at + N.NEIGH_MAC, at + N.NEIGH_MAC + 6))
        found.push({
          family: isV4 ? 'ipv4' : 'ipv6',
          address,
          dev,
          ...(known ? { lladdr: mac } : {}),
          state,
        })
      }
    }
    return found.toSorted((x, y) => Number(x.family === 'ipv6') - Number(y.family === 'ipv6'))
  }
}
