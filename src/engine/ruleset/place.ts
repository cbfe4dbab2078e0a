import { Problem } from '../../kernel/problem.ts'
import type { Chain, TableName } from '../../kernel/ruleset.ts'

/** A Problem at a rule: `nat KUBE-SERVICES rule 3`, numbered from 1 as iptables does. */
export function ruleProblem(table: TableName, chain: Chain, index: number, message: string): Problem {
  const field = `${table} ${chain.name} rule ${index + 1}`
  const line = chain.rules[index]!.origin?.line
  return new Problem(message, line === undefined ? { field } : { line, field })
}

/** A run over the rules of a chain; `at.rule` is the index of the one it is at. */
export interface RuleRun {
  readonly table: TableName
  readonly chain: Chain
  readonly at: { rule: number }
}

/** Runs `action`; a Problem from inside it is told again with the rule's place. */
export function atRule(run: RuleRun, action: () => void): void {
  try {
    action()
  } catch (error) {
    const { table, chain, at } = run
    if (!(error instanceof Problem) || error.place.field?.startsWith(`${table} `)) throw error
    const inner = error.place.field === undefined ? '' : `${error.place.field}: `
    const { message } = error
    throw ruleProblem(
      table,
      chain,
      at.rule,
      message.startsWith(inner) ? message.slice(inner.length) : message,
    )
  }
}
