/**
 * How many rules of a table jump to each chain: what `-X` must know. Counted once for a table; a table made from it by
 * commands takes the counts over and adds what changed, so that a small change to a large table stays small.
 */
import type { Chain, Counters, Rule, Table } from '../ruleset.ts'

/** A chain being changed. */
export interface OpenChain {
  readonly name: string
  policy: Chain['policy']
  counters: Counters
  rules: Rule[]
  /** The chain before, whose rules are reused where they are equal. */
  readonly before: Chain | undefined
}

const COUNTS = new WeakMap<Table, Map<string, number>>()

export const jumpOf = ({ target }: Rule): string | undefined =>
  target?.kind === 'jump' || target?.kind === 'goto' ? target.chain : undefined

function count(counts: Map<string, number>, rules: readonly Rule[], sign: 1 | -1): void {
  for (const rule of rules) {
    const target = jumpOf(rule)
    if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + sign)
  }
}

/** References to each chain of a table that is finished. */
export function referencesOf(table: Table): Map<string, number> {
  let counts = COUNTS.get(table)
  if (!counts) {
    counts = new Map()
    for (const { rules } of table.chains.values()) count(counts, rules, 1)
    COUNTS.set(table, counts)
  }
  return counts
}

/** The difference that chains being changed, and chains that are gone, make. */
export function changedReferences(open: Iterable<OpenChain>, gone: Iterable<Chain>): Map<string, number> {
  const changes = new Map<string, number>()
  for (const { rules, before } of open) {
    count(changes, rules, 1)
    if (before) count(changes, before.rules, -1)
  }
  for (const { rules } of gone) count(changes, rules, -1)
  return changes
}

/** Hands the counts of a table to the one made from it. The old table, seldom asked again, counts anew when it is. */
export function inheritReferences(from: Table, to: Table, changes: () => Map<string, number>): void {
  const counts = COUNTS.get(from)
  if (!counts) return
  COUNTS.delete(from)
  for (const [name, change] of changes()) {
    const now = (counts.get(name) ?? 0) + change
    if (now === 0) counts.delete(name)
    else counts.set(name, now)
  }
  COUNTS.set(to, counts)
}
