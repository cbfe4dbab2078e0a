/** Problems of rules with the chains around them. */
import type { Problem } from '../../kernel/problem.ts'
import type { Chain, TableName } from '../../kernel/ruleset.ts'
import type { ChainNode } from './chain-node.ts'
import { ruleHooks } from './facts.ts'
import type { Loop } from './graph.ts'
import { ALL_HOOKS, hookList } from './hooks.ts'
import { ruleProblem } from './place.ts'

/** At the first rule of the chain that jumps there. */
function jumpProblem(table: TableName, chain: Chain, to: string, message: string): Problem {
  const index = chain.rules.findIndex(
    ({ target }) => (target?.kind === 'jump' || target?.kind === 'goto') && target.chain === to,
  )
  return ruleProblem(table, chain, index, message)
}

export const missingChain = (table: TableName, chain: Chain, to: string): Problem =>
  jumpProblem(table, chain, to, `chain "${to}" does not exist`)

export const builtInChain = (table: TableName, chain: Chain, to: string): Problem =>
  jumpProblem(table, chain, to, `"${to}" is a built-in chain, which no rule can jump to`)

export const loopProblem = (table: TableName, { from, to }: Loop): Problem =>
  jumpProblem(table, from.version.chain, to.name, `the jump to "${to.name}" makes a loop`)

/** Whether a hook leads to the chain from which one of its rules must not be reached. */
export const misplaced = ({ reach, version }: ChainNode): boolean => (reach & ~version.facts.hooks) !== 0

export function placeProblem(table: TableName, { reach, version: { chain } }: ChainNode): Problem {
  const index = chain.rules.findIndex((rule) => (reach & ~ruleHooks(rule)) !== 0)
  const rule = chain.rules[index]!
  const kind = rule.target && ruleHooks({ ...rule, matches: [] }) !== ALL_HOOKS ? 'target' : 'match'
  const what = kind === 'target' ? rule.target!.kind : rule.matches.map((match) => match.kind).join(', ')
  return ruleProblem(
    table,
    chain,
    index,
    `${kind} ${what} is only valid in ${hookList(ruleHooks(rule))}, and this rule is reached from ${hookList(reach)}`,
  )
}
