/** Chains to write and to delete, as one batch a family; a chain that already holds the same rules is left alone. */
import type { RestoreBatch } from '../../kernel/restore.ts'
import type { Family, Rule } from '../../kernel/ruleset.ts'
import { TABLE } from './fixed-chains.ts'

export class ChainWriter {
  readonly #family: Family
  /** As the kernel has them. */
  readonly #chains = new Map<string, readonly Rule[]>()
  readonly #written = new Map<string, readonly Rule[]>()
  readonly #deleted = new Set<string>()

  constructor(family: Family) {
    this.#family = family
  }

  /** Chains in the kernel. */
  get size(): number {
    return this.#chains.size
  }

  write(chain: string, rules: readonly Rule[]): void {
    this.#deleted.delete(chain)
    this.#written.set(chain, rules)
  }

  delete(chain: string): void {
    this.#written.delete(chain)
    if (this.#chains.has(chain)) this.#deleted.add(chain)
  }

  deleteAll(): void {
    for (const chain of [...this.#written.keys(), ...this.#chains.keys()]) this.delete(chain)
  }

  /** Undefined: nothing to do. What is in it counts as done. */
  take(): RestoreBatch | undefined {
    const written = [...this.#written].filter(([name, rules]) => !sameList(this.#chains.get(name), rules))
    const deleted = [...this.#deleted]
    this.#written.clear()
    this.#deleted.clear()
    if (written.length + deleted.length === 0) return undefined
    for (const [name, rules] of written) this.#chains.set(name, rules)
    for (const name of deleted) this.#chains.delete(name)
    return {
      family: this.#family,
      noflush: true,
      counters: true,
      tables: [
        {
          name: TABLE,
          chains: [...written.map(([name]) => name), ...deleted].map((name) => ({ name, policy: null })),
          commands: [
            ...written.flatMap(([chain, rules]) =>
              rules.map((rule) => ({ kind: 'append', chain, rule }) as const),
            ),
            ...deleted.map((chain) => ({ kind: 'delete-chain', chain }) as const),
          ],
        },
      ],
    }
  }
}

function sameList(a: readonly Rule[] | undefined, b: readonly Rule[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, index) => rule === b[index])
}
