/** Frames in and out, and virtual time. */
import { CAPTURE_HEAD, CAPTURE_LENGTH, CAPTURE_LINK, CAPTURE_TIME } from '../abi/capture.ts'
import { Problem } from '../kernel/problem.ts'
import type { Instance } from './instance.ts'

/** Pieces of work between two looks at what has to be emptied. */
const BUDGET = 100_000
/** Work after which a run is taken for a loop: packets that answer one another for ever. */
const ENDLESS = 50_000_000
const LARGEST_FRAME = 65_535 + 14

export interface CapturedFrame {
  /** Number of the link (LINK_ID). */
  readonly link: number
  /** Milliseconds since the epoch, with microseconds as the fraction. */
  readonly time: number
  readonly frame: Uint8Array
}

export class Packets {
  readonly #instance: Instance
  #now = 0

  constructor(instance: Instance) {
    this.#instance = instance
  }

  get now(): number {
    return this.#now
  }

  inject(link: number, frame: Uint8Array): void {
    if (frame.length > LARGEST_FRAME)
      throw new Problem(`a frame of ${frame.length} bytes is longer than any link takes`)
    const { exports } = this.#instance
    const skb = exports.frame_alloc(frame.length) >>> 0
    if (skb === 0) throw new Problem('the engine is out of memory')
    this.#instance.bytes.set(frame, exports.frame_data(skb) >>> 0)
    exports.frame_inject(skb, link, frame.length)
  }

  /** Works until nothing is waiting but timers; how many pieces of work that were. */
  run(): number {
    let total = 0
    for (;;) {
      const done = this.#instance.exports.engine_run(BUDGET)
      total += done
      if (done < BUDGET) return total
      if (total > ENDLESS) throw new Problem('packets go round in a circle without end')
    }
  }

  /** Moves time forward, stopping at each timer on the way. */
  advanceTo(ms: number): void {
    if (!(ms >= this.#now)) throw new Problem(`time cannot go back to ${ms} from ${this.#now}`)
    const { exports } = this.#instance
    this.run()
    for (;;) {
      const next = exports.timers_next()
      if (next === 0 || next > ms) break
      this.#set(Math.max(next, this.#now))
      exports.timers_run()
      this.run()
    }
    this.#set(ms)
    exports.ct_gc()
  }

  takeCaptured(): CapturedFrame[] {
    const { words, bytes } = this.#instance
    const buffer = this.#instance.exports.capture_buffer() >>> 2
    const data = words[buffer]!
    const used = words[buffer + 2]!
    const lost = words[buffer + 3]!
    const frames: CapturedFrame[] = []
    for (let at = data; at < data + used;) {
      const length = words[(at + CAPTURE_LENGTH) >>> 2]!
      const time = words[(at + CAPTURE_TIME) >>> 2]! + words[(at + CAPTURE_TIME + 4) >>> 2]! * 2 ** 32
      const start = at + CAPTURE_HEAD
      frames.push({
        link: words[(at + CAPTURE_LINK) >>> 2]!,
        time: time / 1000,
        frame: bytes.slice(start, start + length),
      })
      at = start + ((length + 7) & ~7)
    }
    words[buffer + 2] = 0
    words[buffer + 3] = 0
    if (lost !== 0) throw new Problem(`${lost} captured frames did not fit into memory`)
    return frames
  }

  #set(ms: number): void {
    this.#now = ms
    this.#instance.exports.clock_set(ms)
  }
}
