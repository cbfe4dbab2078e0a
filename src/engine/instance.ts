/**
 * The Wasm instance and its memory. Views of the memory are void after anything that may make it grow, so they are
 * taken afresh through the getters, which cost one length check.
 */
import { instantiateSync } from '@assemblyscript/loader'
import { Problem } from '../kernel/problem.ts'
import type { EngineExports } from './exports.ts'
import { loadEngine, type CompiledEngine } from './load.ts'

export class Instance {
  readonly exports: EngineExports
  readonly memory: EngineExports['memory']
  #bytes: Uint8Array
  #words: Uint32Array
  #scratch: number

  constructor(wasm?: CompiledEngine) {
    const { instance } = instantiateSync(
      wasm instanceof Uint8Array ? new WebAssembly.Module(wasm as BufferSource) : (wasm ?? loadEngine()),
      {},
    )
    this.exports = instance.exports as unknown as EngineExports
    this.memory = this.exports.memory
    this.#bytes = new Uint8Array(this.memory.buffer)
    this.#words = new Uint32Array(this.memory.buffer)
    this.#scratch = 0
  }

  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.memory.buffer)
    return this.#bytes
  }

  get words(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.memory.buffer)
    return this.#words
  }

  /** A zeroed block; 0 when memory cannot grow. */
  alloc(bytes: number): number {
    return this.exports.arena_alloc(bytes) >>> 0
  }

  free(ptr: number, bytes: number): void {
    this.exports.arena_free(ptr, bytes)
  }

  word(address: number): number {
    return this.words[address >>> 2]!
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value
  }

  /** Zeroed memory for a record of at most 256 bytes that one call reads. */
  record(): number {
    if (this.#scratch === 0) this.#scratch = required(this.alloc(256))
    this.bytes.fill(0, this.#scratch, this.#scratch + 256)
    return this.#scratch
  }
}

/** An address that the engine gave, or the Problem that it has no more memory. */
export function required(address: number): number {
  if (address === 0) throw new Problem('the engine is out of memory')
  return address >>> 0
}
