/** The twin's walk over a ruleset model (ip_tables.c: ipt_do_table), its counters and its targets. */
import { NF_ACCEPT, NF_DROP, NF_UNKNOWN } from '../../../src/abi/verdict.ts'
import type { Chain, Match, Rule, Ruleset, TableName, Target } from '../../../src/kernel/ruleset.ts'
import type { WalkPacket } from '../../support/netfilter/bench.ts'
import { headerMatches, matches } from './matches.ts'
import { TwinPacket } from './packet.ts'
import { RecentLists } from './recent.ts'
import { applyTarget } from './targets.ts'
import type { MatchState, TwinWorld } from './world.ts'

const MASK = (1n << 64n) - 1n

export class XtablesTwin {
  /** Packets and bytes of each rule, and of each built-in chain's policy. */
  readonly counters = new Map<Rule | Chain, { packets: number; bytes: number }>()
  readonly #ruleset: Ruleset
  readonly #states = new Map<Rule, Map<Match, MatchState>>()
  readonly #recent = new RecentLists()
  #random: bigint
  #jiffies = 0

  constructor(ruleset: Ruleset, seed: number) {
    this.#ruleset = ruleset
    this.#random =
      ((1442695040888963407n + BigInt(seed)) * 6364136223846793005n + 1442695040888963407n) & MASK
    for (const { chains } of ruleset.tables.values())
      for (const { rules } of chains.values())
        for (const rule of rules)
          for (const match of rule.matches)
            if (match.kind === 'recent') this.#recent.declare(match, ruleset.family)
  }

  /** Milliseconds since the epoch. */
  advanceTo(ms: number): void {
    this.#jiffies = Math.floor(ms / 4)
  }

  walk(table: TableName, base: string, input: WalkPacket): { verdict: number; packet: TwinPacket } {
    const packet = new TwinPacket(input)
    const chains = this.#ruleset.tables.get(table)!.chains
    return { verdict: this.#walk(chains, chains.get(base)!, packet), packet }
  }

  #walk(chains: ReadonlyMap<string, Chain>, base: Chain, packet: TwinPacket): number {
    const stack: { chain: Chain; next: number }[] = []
    let at = { chain: base, next: 0 }
    for (;;) {
      const rule = at.chain.rules[at.next]
      if (!rule) {
        const back = stack.pop()
        if (back) {
          at = back
          continue
        }
        this.#count(base, packet)
        return base.policy === 'DROP' ? NF_DROP : NF_ACCEPT
      }
      at.next++
      const hit = this.#hits(rule, packet)
      if (hit === 'unknown') return NF_UNKNOWN
      if (packet.hotdrop) return NF_DROP
      if (!hit) continue
      this.#count(rule, packet)
      const target: Target | null = rule.target
      if (target === null) continue
      if (target.kind === 'jump' || target.kind === 'goto') {
        if (target.kind === 'jump') stack.push(at)
        at = { chain: chains.get(target.chain)!, next: 0 }
      } else if (target.kind === 'RETURN') at = { chain: at.chain, next: at.chain.rules.length }
      else {
        const verdict = applyTarget(target, packet)
        if (verdict !== undefined) return verdict
      }
    }
  }

  #hits(rule: Rule, packet: TwinPacket): boolean | 'unknown' {
    if (!headerMatches(rule.header, packet)) return false
    for (const match of rule.matches) {
      const answer = matches(match, rule, packet, this.#world(packet))
      if (answer !== true) return answer
    }
    return true
  }

  #world(packet: TwinPacket): TwinWorld {
    return {
      hasOut: packet.input.outdev !== undefined,
      random: () => this.#draw(),
      jiffies: () => this.#jiffies,
      recent: this.#recent,
      state: (rule, match) => {
        let states = this.#states.get(rule)
        if (!states) this.#states.set(rule, (states = new Map()))
        let state = states.get(match)
        if (!state) states.set(match, (state = { last: this.#loaded }))
        return state
      },
    }
  }

  /** Jiffies when the rules were loaded: limit counts from there. */
  #loaded = 0

  loadedAt(ms: number): void {
    this.advanceTo(ms)
    this.#loaded = this.#jiffies
  }

  #count(key: Rule | Chain, packet: TwinPacket): void {
    const counter = this.counters.get(key) ?? { packets: 0, bytes: 0 }
    this.counters.set(key, { packets: counter.packets + 1, bytes: counter.bytes + packet.bytes.length })
  }

  /** PCG-XSH-RR 64/32. */
  #draw(): number {
    const old = this.#random
    this.#random = (old * 6364136223846793005n + 1442695040888963407n) & MASK
    const xorshifted = Number((((old >> 18n) ^ old) >> 27n) & 0xffffffffn)
    const rotation = Number(old >> 59n)
    return ((xorshifted >>> rotation) | (xorshifted << (-rotation & 31))) >>> 0
  }
}
