/** The links of one namespace as the host knows them: names to addresses in the engine's memory. */
import {
  LINK_CONF4,
  LINK_CONF6,
  LINK_FLAGS,
  LINK_F_CAPTURE,
  LINK_F_UP,
  LINK_ID,
  LINK_KIND_DUMMY,
  LINK_KIND_LOOPBACK,
  LINK_KIND_VETH,
  LINK_MAC,
  LINK_MTU,
  LINK_NAME,
  LINK_NAME_SIZE,
  LINK_PEER,
} from '../abi/link.ts'
import type { Link } from '../kernel/net.ts'
import { Problem } from '../kernel/problem.ts'
import { type Instance, required } from './instance.ts'

const KINDS = { loopback: LINK_KIND_LOOPBACK, veth: LINK_KIND_VETH, dummy: LINK_KIND_DUMMY } as const

/** Smallest and largest MTU that `ip link set mtu` takes for these kinds of link. */
const MTU_MIN = 68
const MTU_MAX = 65535

export class Links {
  readonly #instance: Instance
  readonly #netns: number
  readonly #links = new Map<string, { readonly address: number; readonly kind: Link['kind'] }>()

  constructor(instance: Instance, netns: number, loopback: number) {
    this.#instance = instance
    this.#netns = netns
    this.#links.set('lo', { address: loopback, kind: 'loopback' })
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

  /** What is wrong with a link that is to be made, if anything. */
  check(link: Link): void {
    if (!/^[^\s/]{1,15}$/.test(link.name) || link.name === '.' || link.name === '..')
      throw new Problem(`"${link.name}" is not a valid interface name`, { field: 'name' })
    if (this.#links.has(link.name)) throw new Problem('RTNETLINK answers: File exists', { field: link.name })
    checkMtu(link.mtu, link.name)
    parseMac(link.address)
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
      checkMtu(change.mtu, name)
      this.#instance.setWord(at + LINK_MTU, change.mtu)
    }
    if (change.address !== undefined) this.#instance.bytes.set(parseMac(change.address), at + LINK_MAC)
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
    if (name === 'lo')
      throw new Problem('RTNETLINK answers: The interface netns is immutable', { field: name })
    other.check(this.get(name))
    this.#instance.exports.link_move(link.address, other.#netns)
    this.#links.delete(name)
    other.#links.set(name, link)
  }

  /** Removes a link and says where its peer's record was (0 for none). */
  delete(name: string): number {
    const at = this.address(name)
    if (name === 'lo') throw new Problem('RTNETLINK answers: Operation not supported', { field: name })
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

function checkMtu(mtu: number, name: string): void {
  if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > (name === 'lo' ? 65536 : MTU_MAX))
    throw new Problem(`MTU ${mtu} is not in ${MTU_MIN}..${MTU_MAX}`, { field: name })
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
