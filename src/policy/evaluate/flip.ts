/** Which options would turn a verdict over: each is tried with its other values, the rest as they are. */
import type { Context } from './party.ts'
import type { PolicyOptions } from './options.ts'
import { OPTION_VALUES } from './options.ts'
import { PolicyError } from './policy-error.ts'
import type { Flip, PolicyVerdict, Question } from './question.ts'
import { verdict } from './verdict.ts'

export function flips(question: Question, context: Context): Flip[] {
  const { allowed } = verdict(question, context)
  return (Object.keys(OPTION_VALUES) as (keyof PolicyOptions)[]).flatMap((option) =>
    OPTION_VALUES[option].flatMap((value): Flip[] => {
      if (value === context.options[option]) return []
      const other = verdictUnder({ ...context.options, [option]: value }, question, context)
      return other === undefined || other.allowed === allowed
        ? []
        : [{ option, value, allowed: other.allowed }]
    }),
  )
}

/** Undefined where the options make the question an error. */
function verdictUnder(
  options: PolicyOptions,
  question: Question,
  { index }: Context,
): PolicyVerdict | undefined {
  try {
    return verdict(question, { index, options })
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}
