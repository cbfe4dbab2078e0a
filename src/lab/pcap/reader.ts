import { Problem } from '../../kernel/problem.ts'

/** Reads numbers of either byte order at increasing offsets, and says where a file ends too early. */
export class Reader {
  readonly file: string
  readonly #bytes: Uint8Array
  readonly #view: DataView
  littleEndian = true
  offset = 0

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.file = file
  }

  get atEnd(): boolean {
    return this.offset >= this.#bytes.length
  }

  get left(): number {
    return this.#bytes.length - this.offset
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what), this.littleEndian)
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what), this.littleEndian)
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, what), this.littleEndian)
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number, what: string): Uint8Array {
    const start = this.#advance(length, what)
    return this.#bytes.slice(start, start + length)
  }

  skip(length: number, what: string): void {
    this.#advance(length, what)
  }

  problem(message: string, offset = this.offset): Problem {
    return new Problem(message, { file: this.file, field: `byte ${offset}` })
  }

  #advance(length: number, what: string): number {
    const start = this.offset
    if (this.#bytes.length - start < length) throw this.problem(`the file ends inside ${what}`, start)
    this.offset = start + length
    return start
  }
}
