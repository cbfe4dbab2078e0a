/** Which options would flip a verdict: each is tried with its other values, the rest as they are. */
import { OPTION_VALUES, type PolicyOptions } from './options.ts'
import { PolicyError } from './policy-error.ts'
import type { Flip } from './question.ts'

/** `allowed`: the verdict under other options; it may throw PolicyError where they make the question an error. */
export function flipsOf(options: PolicyOptions, allowed: (options: PolicyOptions) => boolean): Flip[] {
  const now = allowed(options)
  return (Object.keys(OPTION_VALUES) as (keyof PolicyOptions)[]).flatMap((option) =>
    OPTION_VALUES[option].flatMap((value): Flip[] => {
      if (value === options[option]) return []
      const other = verdictOrNone(() => allowed({ ...options, [option]: value }))
      return other === undefined || other === now ? [] : [{ option, value, allowed: other }]
    }),
  )
}

/** Undefined where the question is an error: no verdict, so none that is flipped. */
function verdictOrNone(ask: () => boolean): boolean | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}
