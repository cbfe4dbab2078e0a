/** The links of one namespace as the host knows them: names to addresses in the engine's memory. */
import {
  LINK_CONF4,
  LINK_CONF6,
  LINK_FLAGS,
  LINK_F_WAS_UP,
  LINK_F_CAPTURE,
  LINK_F_UP,
  LINK_ID,
  LINK_IFINDEX,
  LINK_KIND,
  LINK_KIND_DUMMY,
  LINK_KIND_LOOPBACK,
  LINK_KIND_VETH,
  LINK_MAC,
  LINK_MTU,
  LINK_NAME,
  LINK_NAME_SIZE,
  LINK_NETNS,
  LINK_PEER,
} from '../abi/link.ts'
import type { Link, ListedLink } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import { type Instance, required } from './instance.ts'

const KINDS = { loopback: LINK_KIND_LOOPBACK, veth: LINK_KIND_VETH, dummy: LINK_KIND_DUMMY } as const

/** Smallest and largest MTU; Linux takes any number of loopback and dummies. */
const MTUS: Readonly<Record<Link['kind'], readonly [number, number]>> = {
  loopback: [68, 65536],
  veth: [68, 65535],
  dummy: [68, 65535],
}

export class Links {
  readonly #instance: Instance
  readonly #netns: number
  readonly #links = new Map<string, { readonly address: number; readonly kind: Link['kind'] }>()

  constructor(instance: Instance, netns: number, loopback: number) {
    this.#instance = instance
    this.#netns = netns
    this.#links.set('lo', { address: loopback, kind: 'loopback' })
  }

  /** What loopback is called: it can be renamed. */
  get loopback(): string {
    for (const [name, { kind }] of this.#links) if (kind === 'loopback') return name
    throw new Error('engine: a namespace without loopback')
  }

  names(): IterableIterator<string> {
    return this.#links.keys()
  }

  has(name: string): boolean {
    return this.#links.has(name)
  }

  /** Where a link's record is; a Problem when there is none of this name. */
  address(name: string): number {
    return this.#entry(name).address
  }

  #entry(name: string): { readonly address: number; readonly kind: Link['kind'] } {
    const link = this.#links.get(name)
    if (!link) throw new Problem(`Cannot find device "${name}"`, { field: name })
    return link
  }

  /** The other end of a veth pair; 0 when there is none. */
  peer(name: string): number {
    return this.#instance.word(this.address(name) + LINK_PEER)
  }

  macOf(address: number): Uint8Array {
    return this.#instance.bytes.slice(address + LINK_MAC, address + LINK_MAC + 6)
  }

  get(name: string): Link {
    const at = this.address(name)
    const { bytes } = this.#instance
    return {
      name,
      kind: this.#links.get(name)!.kind,
      address: formatMac(bytes.subarray(at + LINK_MAC, at + LINK_MAC + 6)),
      mtu: this.#instance.word(at + LINK_MTU),
      up: (this.#instance.word(at + LINK_FLAGS) & LINK_F_UP) !== 0,
    }
  }

  /** As `ip link` tells it; `whereabouts` knows the links of all namespaces. */
  list(
    name: string,
    whereabouts: (link: number) => { readonly name: string; readonly netns: string } | undefined,
  ): ListedLink {
    const at = this.address(name)
    const link = this.get(name)
    const end = this.#instance.word(at + LINK_PEER)
    const place = end === 0 ? undefined : whereabouts(end)
    const isHere = end !== 0 && this.#instance.word(end + LINK_NETNS) === this.#netns
    return {
      ...link,
      ifindex: this.#instance.word(at + LINK_IFINDEX),
      hasCarrier: this.hasCarrier(at),
      state: this.#state(link, at, end),
      wasUp: (this.#instance.word(at + LINK_FLAGS) & LINK_F_WAS_UP) !== 0,
      ...(end === 0
        ? {}
        : {
            peer: {
              ifindex: this.#instance.word(end + LINK_IFINDEX),
              up: (this.#instance.word(end + LINK_FLAGS) & LINK_F_UP) !== 0,
              isHere,
              ...(place === undefined ? {} : isHere ? { name: place.name } : { netns: place.netns }),
            },
          }),
    }
  }

  /** Up, and for one end of a pair the other end is up as well. */
  hasCarrier(at: number): boolean {
    const up = (link: number): boolean => (this.#instance.word(link + LINK_FLAGS) & LINK_F_UP) !== 0
    if (!up(at)) return false
    if (this.#instance.word(at + LINK_KIND) !== LINK_KIND_VETH) return true
    const end = this.#instance.word(at + LINK_PEER)
    return end !== 0 && up(end)
  }

  /**
   * net/core/link_watch.c: default_operstate. Without a carrier the kernel looks for the lower device by the number of
   * the other end, in this namespace wherever that end is.
   */
  #state({ kind, up }: Link, at: number, end: number): ListedLink['state'] {
    if (!up) return 'DOWN'
    if (kind !== 'veth') return 'UNKNOWN'
    if (this.hasCarrier(at)) return 'UP'
    const number = end === 0 ? 0 : this.#instance.word(end + LINK_IFINDEX)
    if (number === this.#instance.word(at + LINK_IFINDEX)) return 'DOWN'
    for (const { address, kind: of } of this.#links.values())
      if (this.#instance.word(address + LINK_IFINDEX) === number)
        return of !== 'veth' || this.hasCarrier(address) ? 'DOWN' : 'LOWERLAYERDOWN'
    return 'DOWN'
  }

  /** What is wrong with a link that is to be made, if anything. */
  check(link: Link): void {
    if (!/^[^\s/]{1,15}$/.test(link.name) || link.name === '.' || link.name === '..')
      throw new Problem(`"${link.name}" is not a valid interface name`, { field: 'name' })
    if (this.#links.has(link.name)) throw new Problem('RTNETLINK answers: File exists', { field: link.name })
    checkMtu(link.mtu, link.kind)
    checkUnicast(link)
  }

  add(link: Link): number {
    this.check(link)
    const { exports } = this.#instance
    const address = required(exports.link_create(this.#netns, KINDS[link.kind]))
    const { bytes } = this.#instance
    this.#setName(address, link.name)
    bytes.set(parseMac(link.address), address + LINK_MAC)
    this.#instance.setWord(address + LINK_MTU, link.mtu)
    this.#links.set(link.name, { address, kind: link.kind })
    if (link.up) exports.link_set_up(address, 1)
    return address
  }

  /** `ip link set NAME …`. */
  set(
    name: string,
    change: { readonly up?: boolean; readonly address?: string; readonly mtu?: number },
  ): void {
    const at = this.address(name)
    if (change.mtu !== undefined) {
      checkMtu(change.mtu, this.#entry(name).kind)
      this.#instance.setWord(at + LINK_MTU, change.mtu)
    }
    if (change.address !== undefined) {
      checkUnicast({ address: change.address, kind: this.#entry(name).kind })
      this.#instance.bytes.set(parseMac(change.address), at + LINK_MAC)
    }
    if (change.up !== undefined) this.#instance.exports.link_set_up(at, change.up ? 1 : 0)
  }

  /** `ip link set NAME name OTHER`. Linux takes it of a link that is up, too. */
  rename(name: string, to: string): void {
    const link = this.#entry(name)
    this.check({ ...this.get(name), name: to })
    this.#setName(link.address, to)
    this.#links.delete(name)
    this.#links.set(to, link)
  }

  /** `ip link set NAME netns NS`: the link is another namespace's from now on. */
  move(name: string, other: Links): void {
    const link = this.#entry(name)
    if (link.kind === 'loopback')
      throw new Problem('RTNETLINK answers: The interface netns is immutable', { field: name })
    other.check(this.get(name))
    this.#instance.exports.link_move(link.address, other.#netns)
    this.#links.delete(name)
    other.#links.set(name, link)
  }

  /** Removes a link and says where its peer's record was (0 for none). */
  delete(name: string): number {
    const at = this.address(name)
    if (this.#entry(name).kind === 'loopback')
      throw new Problem('RTNETLINK answers: Operation not supported', { field: name })
    const peer = this.#instance.word(at + LINK_PEER)
    this.#instance.exports.link_destroy(at)
    this.#links.delete(name)
    return peer
  }

  nameOf(address: number): string | undefined {
    for (const [name, link] of this.#links) if (link.address === address) return name
    return undefined
  }

  nameOfId(id: number): string | undefined {
    if (id === 0) return undefined
    for (const [name, link] of this.#links)
      if (this.#instance.word(link.address + LINK_ID) === id) return name
    return undefined
  }

  #setName(address: number, text: string): void {
    const name = new Uint8Array(LINK_NAME_SIZE)
    name.set(new TextEncoder().encode(text).subarray(0, LINK_NAME_SIZE - 1))
    this.#instance.bytes.set(name, address + LINK_NAME)
  }

  join(a: number, b: number): void {
    this.#instance.setWord(a + LINK_PEER, b)
    this.#instance.setWord(b + LINK_PEER, a)
  }

  setCapture(name: string, on: boolean): number {
    const at = this.address(name) + LINK_FLAGS
    const flags = this.#instance.word(at)
    this.#instance.setWord(at, on ? flags | LINK_F_CAPTURE : flags & ~LINK_F_CAPTURE)
    return this.id(name)
  }

  /** The number by which captures and traces name the link. */
  id(name: string): number {
    return this.#instance.word(this.address(name) + LINK_ID)
  }

  conf4(name: string): number {
    return this.address(name) + LINK_CONF4
  }

  conf6(name: string): number {
    return this.address(name) + LINK_CONF6
  }
}

function checkMtu(mtu: number, kind: Link['kind']): void {
  const [least, most] = MTUS[kind]
  if (!Number.isInteger(mtu) || mtu < least)
    throw new Problem('Error: mtu less than device minimum.', { field: String(mtu) })
  if (mtu > most) throw new Problem('Error: mtu greater than device maximum.', { field: String(mtu) })
}

/** eth_mac_addr: a station's own address, neither a group's nor zero. */
function checkUnicast({ address, kind }: Pick<Link, 'address' | 'kind'>): void {
  const bytes = parseMac(address)
  if (kind === 'loopback') return
  if ((bytes[0]! & 1) !== 0 || bytes.every((byte) => byte === 0))
    throw new Problem('RTNETLINK answers: Cannot assign requested address', { field: address })
}

/** `aa:bb:cc:dd:ee:ff` as bytes. */
export function parseMac(text: string): Uint8Array {
  const parts = text.split(':')
  if (parts.length !== 6 || parts.some((part) => !/^[0-9a-fA-F]{1,2}$/.test(part)))
    throw new Problem(`"${text}" is invalid lladdr.`, { field: text })
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16))
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
