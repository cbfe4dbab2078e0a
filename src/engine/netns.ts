/** One network namespace: what `ip`, `sysctl` and a listening program do to it. */
import { NETNS_CT, NETNS_ID, NETNS_LOOPBACK } from '../abi/netns.ts'
import * as S from '../abi/socket.ts'
import { Problem } from '../kernel/problem.ts'
import type { Family } from '../kernel/ruleset.ts'
import { Addresses } from './addresses.ts'
import { familyNumber } from './family.ts'
import { type Instance, required } from './instance.ts'
import { Links } from './links.ts'
import { Neighbours } from './neighbours.ts'
import { Routes } from './routes.ts'
import { addressWords } from './address.ts'
import { Sysctls } from './sysctls.ts'

export interface Listener {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly port: number
  /** Any address of either family when absent. */
  readonly address?: string
  /** Takes data and says nothing. */
  readonly silent?: boolean
}

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const
export class Netns {
  readonly name: string
  readonly address: number
  readonly id: number
  readonly links: Links
  readonly routes: Routes
  readonly addresses: Addresses
  readonly neighbours: Neighbours
  readonly sysctls: Sysctls
  readonly #instance: Instance
  readonly #sockets: { readonly address: number; readonly listener: Listener }[] = []

  constructor(instance: Instance, name: string) {
    this.name = name
    this.#instance = instance
    this.address = required(instance.exports.netns_create())
    this.id = instance.word(this.address + NETNS_ID) & 0xffff
    this.links = new Links(instance, this.address, instance.word(this.address + NETNS_LOOPBACK))
    this.routes = new Routes(instance, this.address, this.links)
    this.addresses = new Addresses(instance, this.links, this.routes)
    this.neighbours = new Neighbours(instance, this.address, this.links)
    this.sysctls = new Sysctls(instance, this.address, this.links)
  }

  /** Address of the namespace's conntrack block. */
  get conntrack(): number {
    return this.#instance.word(this.address + NETNS_CT)
  }

  listen(listener: Listener): void {
    if (!Number.isInteger(listener.port) || listener.port < 1 || listener.port > 65535)
      throw new Problem(`port ${listener.port} is not in 1..65535`, { field: 'port' })
    const record = this.#instance.record()
    if (listener.address !== undefined) {
      const family = listener.address.includes(':') ? 'ipv6' : 'ipv4'
      this.#address(record + S.SOCKET_ADDR, listener.address, family)
      this.#instance.setWord(record + S.SOCKET_FAMILY, familyNumber(family))
    }
    const swapped = ((listener.port & 255) << 8) | (listener.port >> 8)
    this.#instance.setWord(record + S.SOCKET_PORT, swapped | (PROTOCOLS[listener.protocol] << 16))
    if (listener.silent) this.#instance.setWord(record + S.SOCKET_FLAGS, S.SOCKET_F_SILENT)
    const address = required(this.#instance.exports.socket_add(this.address, record))
    this.#sockets.push({ address, listener })
  }

  /** Stops listening; nothing happens when nobody listens. */
  unlisten(listener: Listener): void {
    const at = this.#sockets.findIndex(
      ({ listener: { protocol, port, address } }) =>
        protocol === listener.protocol && port === listener.port && address === listener.address,
    )
    if (at < 0) return
    this.#instance.exports.socket_remove(this.address, this.#sockets[at]!.address)
    this.#sockets.splice(at, 1)
  }

  #address(at: number, text: string, family: Family): void {
    this.#instance.words.set(addressWords(text, family), at >>> 2)
  }
}
