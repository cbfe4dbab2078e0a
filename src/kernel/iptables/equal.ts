/** Equality of rules, chains and rulesets as plain data. */
import { ZERO_COUNTERS, type Chain, type Counters, type Rule, type Ruleset } from '../ruleset.ts'

/** Whether two values are the same data; a field that is undefined or a `not` that is false counts as absent. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!sameData(a[i], b[i])) return false
    return true
  }
  return covers(a as Plain, b as Plain) && covers(b as Plain, a as Plain)
}

type Plain = Readonly<Record<string, unknown>>

function covers(a: Plain, b: Plain): boolean {
  for (const key in a) {
    const value = a[key]
    if (value === undefined || (key === 'not' && value === false)) continue
    if (!sameData(value, b[key])) return false
  }
  return true
}

/** The same header, matches and target; counters and origin are not looked at. This is what `-D` and `-C` find. */
export function sameRule(a: Rule, b: Rule): boolean {
  return (
    a === b ||
    (sameData(a.target, b.target) && sameData(a.matches, b.matches) && sameData(a.header, b.header))
  )
}

export function sameCounters(a: Counters | undefined, b: Counters | undefined): boolean {
  const x = a ?? ZERO_COUNTERS
  const y = b ?? ZERO_COUNTERS
  return x.packets === y.packets && x.bytes === y.bytes
}

export interface Compare {
  /** Counters of rules and chains must be the same, too. */
  readonly counters?: boolean
}

export function sameChain(a: Chain, b: Chain, { counters = false }: Compare = {}): boolean {
  if (a === b) return true
  if (a.name !== b.name || a.policy !== b.policy || a.rules.length !== b.rules.length) return false
  if (counters && !sameCounters(a.counters, b.counters)) return false
  return a.rules.every((rule, i) => {
    const other = b.rules[i]!
    return sameRule(rule, other) && (!counters || sameCounters(rule.counters, other.counters))
  })
}

/** The same tables with the same chains and rules; the order of tables and of chains in their maps is no matter. */
export function sameRuleset(a: Ruleset, b: Ruleset, compare: Compare = {}): boolean {
  if (a === b) return true
  if (a.family !== b.family || a.tables.size !== b.tables.size) return false
  return [...a.tables.values()].every((table) => {
    const other = b.tables.get(table.name)
    if (!other || table.chains.size !== other.chains.size) return false
    return [...table.chains.values()].every((chain) => {
      const twin = other.chains.get(chain.name)
      return twin !== undefined && sameChain(chain, twin, compare)
    })
  })
}
