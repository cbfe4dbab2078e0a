/**
 * What one sync feeds to `iptables-restore --noflush --counters`: first table filter, then nat, and in each the chain
 * lines before the rules, in upstream's order (pkg/proxy/iptables: syncProxyRules). Chains of a service that is not
 * written are not named, so they stay as they are.
 */
import type { ChainCommand, RestoreBatch, RestoreChain } from '../../kernel/restore.ts'
import type { Family } from '../../kernel/ruleset.ts'
import type { CompiledServicePort } from './compile.ts'
import type { FixedRules } from './fixed-rules.ts'
import * as rules from './rules.ts'

export class BatchBuilder {
  readonly #fixed: FixedRules
  readonly #filter: ChainCommand[]
  readonly #natChains: RestoreChain[]
  readonly #nat: ChainCommand[]
  #deleted = 0

  constructor(fixed: FixedRules) {
    this.#fixed = fixed
    this.#filter = [...fixed.filterHead]
    this.#natChains = [...fixed.natChains]
    this.#nat = [...fixed.natHead]
  }

  /** Without `chains`, only the rules in chains that all services share. */
  addServicePort(compiled: CompiledServicePort, chains: boolean): void {
    pushAll(this.#filter, compiled.filter)
    pushAll(this.#nat, compiled.dispatch)
    if (!chains) return
    pushAll(this.#natChains, compiled.chainLines)
    pushAll(this.#nat, compiled.chainRules)
  }

  /** A chain line empties the chain, so that it may be deleted. */
  deleteChain(chain: string): void {
    this.#natChains.push(rules.chainLine(chain))
    this.#nat.push({ kind: 'delete-chain', chain })
    this.#deleted++
  }

  addNodePortJumps(jumps: readonly ChainCommand[]): void {
    pushAll(this.#nat, jumps)
  }

  get deletedChains(): number {
    return this.#deleted
  }

  get natRules(): number {
    return this.#nat.length - this.#deleted
  }

  build(family: Family): RestoreBatch {
    const filter = [...this.#filter, ...this.#fixed.filterTail]
    return {
      family,
      noflush: true,
      counters: true,
      tables: [
        { name: 'filter', chains: this.#fixed.filterChains, commands: filter },
        { name: 'nat', chains: this.#natChains, commands: this.#nat },
      ],
    }
  }
}

/** `push(...list)` would overflow the stack with long lists. */
function pushAll<T>(to: T[], list: readonly T[]): void {
  for (const item of list) to.push(item)
}
