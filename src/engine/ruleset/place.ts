import { Problem } from '../../kernel/problem.ts'
import type { Rule, TableName } from '../../kernel/ruleset.ts'

/** Where a rule is, for a Problem: `nat KUBE-SERVICES rule 3`, numbered from 1 as iptables does. */
export interface RulePlace {
  readonly table: TableName
  readonly chain: string
  readonly index: number
  readonly rule: Rule
}

export function ruleProblem(place: RulePlace, message: string): Problem {
  const field = `${place.table} ${place.chain} rule ${place.index + 1}`
  const line = place.rule.origin?.line
  return new Problem(message, line === undefined ? { field } : { line, field })
}

/** Runs `action`; a Problem from inside it is told again with the rule's place. */
export function atRule<T>(place: RulePlace, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof Problem) || error.place.field?.startsWith(`${place.table} `)) throw error
    const inner = error.place.field === undefined ? '' : `${error.place.field}: `
    throw ruleProblem(
      place,
      error.message.startsWith(inner) ? error.message.slice(inner.length) : error.message,
    )
  }
}
