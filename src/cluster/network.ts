/**
 * The network of the cluster in the engine: pieces go in, pieces come out, and what is there can be printed. It is the
 * only place where the pieces' objects become calls of the engine.
 */
import type { Engine } from '../engine/index.ts'
import type { NetnsObjects, Piece, Socket, Wire } from './topology/piece.ts'

export class Network {
  readonly #engine: Engine
  readonly #pieces = new Map<string, Piece>()
  readonly #listening = new Set<string>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  has(key: string): boolean {
    return this.#pieces.has(key)
  }

  piece(key: string): Piece | undefined {
    return this.#pieces.get(key)
  }

  /** In the order in which they came; of one node: the node's, and those that belong to none. */
  pieces(node?: string): Piece[] {
    return [...this.#pieces.values()].filter(
      (piece) => node === undefined || piece.node === undefined || piece.node === node,
    )
  }

  add(piece: Piece): void {
    const { key, netns, wires, objects } = piece
    if (netns !== undefined) {
      this.#engine.netnsAdd(netns)
      this.#engine.linkSet(netns, 'lo', { up: true })
    }
    for (const each of objects) this.#sysctls(each)
    for (const wire of wires) this.#join(wire)
    for (const each of objects) this.#addObjects(each)
    this.#pieces.set(key, piece)
  }

  /** With its namespace go the namespace's links, the other ends of its wires, and the routes through them. */
  remove(key: string): void {
    const piece = this.#pieces.get(key)
    if (piece === undefined) return
    this.#pieces.delete(key)
    if (piece.netns === undefined) {
      for (const { netns, routes = [], addresses = [] } of piece.objects) {
        for (const route of routes) this.#engine.routeDelete(netns, route)
        for (const address of addresses) this.#engine.addrDelete(netns, address)
      }
      return
    }
    this.#engine.netnsDelete(piece.netns)
    for (const id of this.#listening) if (id.startsWith(`${piece.netns} `)) this.#listening.delete(id)
  }

  /** Sockets beside those that the piece came with; one that is there already stays. */
  listen(key: string, sockets: readonly Socket[]): void {
    const netns = this.#pieces.get(key)?.netns
    if (netns !== undefined) this.#open(netns, sockets)
  }

  #join({ a, b }: Wire): void {
    this.#engine.linkPair(a.netns, a.link, b.netns, b.link)
  }

  #sysctls({ netns, sysctls = {} }: NetnsObjects): void {
    for (const [key, value] of Object.entries(sysctls)) this.#engine.sysctlSet(netns, key, value)
  }

  #addObjects({ netns, addresses = [], neighbours = [], routes = [], sockets = [] }: NetnsObjects): void {
    for (const address of addresses) this.#engine.addrAdd(netns, address)
    for (const neighbour of neighbours) this.#engine.neighAdd(netns, neighbour)
    for (const route of routes) this.#engine.routeAdd(netns, route)
    this.#open(netns, sockets)
  }

  #open(netns: string, sockets: readonly Socket[]): void {
    for (const { protocol, port } of sockets) {
      const id = `${netns} ${protocol}/${port}`
      if (this.#listening.has(id)) continue
      this.#listening.add(id)
      this.#engine.listen(netns, { protocol, port })
    }
  }
}
