/** Linear memory as sets use it: views that survive its growth, and one block in which records are handed over. */
import { SETELEM_SIZE } from '../../abi/ipset.ts'
import { Problem } from '../../kernel/problem.ts'

/** The exports this mechanism calls. Addresses and counts are u32; they arrive signed. */
export interface IpsetExports {
  arena_alloc(bytes: number): number
  arena_free(ptr: number, bytes: number): void
  ipset_create(type: number, family: number, flags: number, timeout: number, limit: number): number
  ipset_destroy(set: number): void
  ipset_reserve(set: number, count: number): number
  ipset_flush(set: number): void
  ipset_add(set: number, elements: number, count: number): number
  ipset_del(set: number, elements: number, count: number): void
  ipset_members(set: number, members: number, count: number): number
  ipset_probe(set: number, element: number, whole: number): number
}

export interface IpsetHost {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly exports: IpsetExports
  /** Virtual milliseconds since the epoch. */
  now(): number
}

/** Elements handed over at a time. */
export const BATCH = 1024

export class SetMemory {
  readonly exports: IpsetExports
  readonly #host: IpsetHost
  #words: Uint32Array
  #buffer = 0
  #bufferBytes = 0

  constructor(host: IpsetHost) {
    this.#host = host
    this.exports = host.exports
    this.#words = new Uint32Array(host.memory.buffer)
  }

  get now(): number {
    return this.#host.now()
  }

  /** Void after anything that may make memory grow. */
  get words(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.#host.memory.buffer)
    return this.#words
  }

  get view(): DataView {
    return new DataView(this.#host.memory.buffer)
  }

  alloc(bytes: number): number {
    const ptr = this.exports.arena_alloc(bytes) >>> 0
    if (ptr === 0) throw new Problem('no memory left for sets')
    return ptr
  }

  free(ptr: number, bytes: number): void {
    this.exports.arena_free(ptr, bytes)
  }

  /** A block that no set owns, with room for a batch at least; asked for more it grows, which may fail. */
  scratch(bytes = BATCH * SETELEM_SIZE): number {
    if (bytes <= this.#bufferBytes) return this.#buffer
    const buffer = this.alloc(bytes)
    this.free(this.#buffer, this.#bufferBytes)
    this.#buffer = buffer
    this.#bufferBytes = bytes
    return buffer
  }
}
