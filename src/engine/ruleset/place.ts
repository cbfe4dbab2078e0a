import { Problem } from '../../kernel/problem.ts'
import type { Chain, TableName } from '../../kernel/ruleset.ts'

/** A Problem at a rule: `nat KUBE-SERVICES rule 3`, numbered from 1 as iptables does. */
export function ruleProblem(table: TableName, chain: Chain, index: number, message: string): Problem {
  const field = `${table} ${chain.name} rule ${index + 1}`
  const line = chain.rules[index]!.origin?.line
  return new Problem(message, line === undefined ? { field } : { line, field })
}

/** A place that moves with the work; -1 is no rule. */
export interface RuleMark {
  chain: Chain | undefined
  rule: number
}

/** An error from inside the work on a rule: a Problem is told with the rule's place, unless it has one. */
export function placedAt(error: unknown, table: TableName, { chain, rule }: RuleMark): unknown {
  if (!(error instanceof Problem) || chain === undefined || rule < 0) return error
  const { field } = error.place
  if (field?.startsWith(`${table} `)) return error
  const inner = field === undefined ? '' : `${field}: `
  const { message } = error
  return ruleProblem(table, chain, rule, message.startsWith(inner) ? message.slice(inner.length) : message)
}
