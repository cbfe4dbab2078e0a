/**
 * Notices that somebody flushed the tables (pkg/util/iptables: Monitor): an empty canary chain stands in each table;
 * when the one in the first table is gone, the others are given 5 s to go too, and then everything is written anew.
 */
import type { TableName } from '../../kernel/ruleset.ts'
import type { Clock, TimerHandle } from '../../sim/clock.ts'
import type { Iptables } from '../node.ts'

const FLUSH_TIMEOUT = 5000
const FLUSH_POLL = 100

export class IptablesMonitor {
  readonly #clock: Clock
  readonly #iptables: Iptables
  readonly #canary: string
  readonly #tables: readonly TableName[]
  readonly #interval: number
  readonly #reload: () => void
  #timer: TimerHandle | undefined

  /** `interval` in milliseconds. */
  constructor(
    clock: Clock,
    iptables: Iptables,
    canary: string,
    tables: readonly TableName[],
    interval: number,
    reload: () => void,
  ) {
    this.#clock = clock
    this.#iptables = iptables
    this.#canary = canary
    this.#tables = tables
    this.#interval = interval
    this.#reload = reload
  }

  /** Puts the canaries up, now, and watches. */
  start(): void {
    this.stop()
    const next = this.#putUp() ? () => this.#poll() : () => this.start()
    this.#after(this.#interval, next)
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  #putUp(): boolean {
    try {
      for (const table of this.#tables) this.#iptables.ensureChain(table, this.#canary)
      return true
    } catch {
      return false
    }
  }

  #poll(): void {
    if (this.#iptables.chainExists(this.#tables[0]!, this.#canary))
      this.#after(this.#interval, () => this.#poll())
    else this.#waitForOthers(this.#clock.now() + FLUSH_TIMEOUT)
  }

  #waitForOthers(until: number): void {
    const left = this.#tables.slice(1).some((table) => this.#iptables.chainExists(table, this.#canary))
    if (left && this.#clock.now() < until) {
      this.#after(FLUSH_POLL, () => this.#waitForOthers(until))
      return
    }
    this.#reload()
    this.start()
  }

  #after(delay: number, then: () => void): void {
    this.#timer = this.#clock.setTimer(delay, then, { background: true })
  }
}
