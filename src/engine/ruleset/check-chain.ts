/** What is wrong with a chain and its rules, apart from what depends on other chains: the first Problem. */
import type { Chain, Family, TableName } from '../../kernel/ruleset.ts'
import { Problem } from '../../kernel/problem.ts'
import { ruleFault } from './check.ts'
import { ruleProblem, type RuleMark } from './place.ts'

/** `key` is what the table has the chain under. */
export function checkChain(table: TableName, key: string, chain: Chain, hook: number | undefined): void {
  const problem = (message: string): Problem => new Problem(message, { field: `${table} ${chain.name}` })
  if (chain.name !== key) throw problem('the chain is filed under another name')
  if (hook !== undefined && chain.policy === null) throw problem('a built-in chain has a policy')
  if (hook === undefined && chain.policy !== null)
    throw problem(`table ${table} has no built-in chain "${chain.name}"`)
  if (chain.name.length > 28) throw problem('the name of a chain has at most 28 characters')
}

/** Checks the rules that the chain before did not have, as `reusedRules` tells. */
export function checkRules(
  table: TableName,
  family: Family,
  chain: Chain,
  reuse: Int32Array | undefined,
  at: RuleMark,
): void {
  const { rules } = chain
  for (let i = 0; i < rules.length; i++) {
    if (reuse !== undefined && reuse[i]! >= 0) continue
    at.rule = i
    const fault = ruleFault(rules[i]!, table, chain, family)
    if (fault !== undefined) throw ruleProblem(table, chain, i, fault)
  }
}
