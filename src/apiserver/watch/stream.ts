/**
 * The server's side of one watch in process: a queue of events that the consumer gets in batches, from a timer, never
 * from within the write that caused them. The queue can be made to lag, and the stream can be cut: what a slow network
 * or a restarting server does to a client.
 *
 * ```
 *   push ──▶ [ (due, event) … ] ──timer at due──▶ consumer.events(batch) … consumer.closed()
 * ```
 */
import type { Clock, TimerHandle } from '../../sim/clock.ts'
import type { WatchEvent } from './event.ts'

export interface WatchConsumer {
  /** At least one event; the array is the consumer's. */
  events(batch: WatchEvent[]): void
  /** No event comes any more; not called after `stop`. */
  closed(): void
}

export class WatchStream {
  readonly #clock: Clock
  readonly #lag: () => number
  readonly #onEnd: () => void
  #events: WatchEvent[] = []
  /** When each event may be delivered; never falls. */
  #due: number[] = []
  #consumer: WatchConsumer | undefined
  #timer: TimerHandle | undefined
  #state: 'open' | 'ending' | 'over' = 'open'

  /** `lag`: milliseconds from now until an event pushed now may be delivered. `onEnd` releases what feeds the stream. */
  constructor(clock: Clock, lag: () => number, onEnd: () => void) {
    this.#clock = clock
    this.#lag = lag
    this.#onEnd = onEnd
  }

  /** Events waiting to be delivered. */
  get backlog(): number {
    return this.#events.length
  }

  /** Begins delivery. A stream has one consumer. */
  subscribe(consumer: WatchConsumer): void {
    if (this.#consumer !== undefined) throw new Error('WatchStream: already has a consumer')
    this.#consumer = consumer
    this.#schedule()
  }

  push(event: WatchEvent): void {
    if (this.#state !== 'open') return
    const due = this.#clock.now() + this.#lag()
    this.#events.push(event)
    this.#due.push(Math.max(due, this.#due.at(-1) ?? 0))
    this.#schedule()
  }

  /** Ends the stream from the server's side: what is queued is still delivered, then `closed`. */
  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#onEnd()
    this.#schedule()
  }

  /** Cuts the stream as a lost connection does: what is queued is lost. */
  cut(): void {
    this.#events = []
    this.#due = []
    this.end()
    this.#reschedule()
  }

  /** Ends the stream from the client's side: nothing more is delivered. */
  stop(): void {
    if (this.#state === 'over') return
    if (this.#state === 'open') this.#onEnd()
    this.#state = 'over'
    this.#events = []
    this.#due = []
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #reschedule(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#consumer === undefined || this.#state === 'over') return
    if (this.#events.length === 0 && this.#state === 'open') return
    const delay = Math.max(0, (this.#due[0] ?? 0) - this.#clock.now())
    this.#timer = this.#clock.setTimer(delay, () => this.#deliver())
  }

  #deliver(): void {
    this.#timer = undefined
    const now = this.#clock.now()
    let count = 0
    while (count < this.#due.length && this.#due[count]! <= now) count++
    if (count > 0) {
      const batch = count === this.#events.length ? this.#events : this.#events.slice(0, count)
      this.#events = count === this.#events.length ? [] : this.#events.slice(count)
      this.#due = this.#due.slice(count)
      this.#consumer!.events(batch)
    }
    if ((this.#state as string) === 'ending' && this.#events.length === 0) {
      this.#state = 'over'
      this.#consumer!.closed()
    } else this.#schedule()
  }
}
