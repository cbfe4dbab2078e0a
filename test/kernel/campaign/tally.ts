import type { Comparison } from '../harness/compare.ts'
import { count, type MaskCounts } from '../harness/masks.ts'
import type { Plan } from './session.ts'

/** What a campaign has compared. */
export class Tally {
  #rulesets = 0
  #rules = 0
  #flows = 0
  #sent = 0
  #captured = 0
  readonly #masks: MaskCounts = new Map()

  add({ ipv4, ipv6, flows }: Plan, { framesSent, framesCaptured, masks }: Comparison): void {
    this.#rulesets += 2
    this.#flows += flows.length
    this.#sent += framesSent
    this.#captured += framesCaptured
    for (const { tables } of [ipv4, ipv6]) {
      for (const { chains } of tables.values()) {
        for (const { rules } of chains.values()) this.#rules += rules.length
      }
    }
    for (const [name, times] of masks) for (let i = 0; i < times; i++) count(this.#masks, name)
  }

  /** A case that cannot be compared, because the kernel drew a port. */
  skip(): void {
    count(this.#masks, 'random-port')
  }

  text(): string {
    const masks = [...this.#masks].map(([name, times]) => `${name} ${times}`).join(', ')
    return (
      `${this.#rulesets} rulesets with ${this.#rules} rules, ${this.#flows} flows, ${this.#sent} packets sent, ` +
      `${this.#captured} received and compared; masked: ${masks || 'nothing'}`
    )
  }
}
