/** What every writer of rules needs: rules and the commonest targets as model objects. */
import type { Match, Rule, RuleHeader, RuleOrigin, Target } from '../ruleset.ts'

export const ACCEPT: Target = Object.freeze({ kind: 'ACCEPT' })
export const DROP: Target = Object.freeze({ kind: 'DROP' })

export function jump(chain: string): Target {
  return { kind: 'jump', chain }
}

export function rule(
  header: RuleHeader,
  matches: readonly Match[],
  target: Target | null,
  origin?: RuleOrigin,
): Rule {
  return origin === undefined ? { header, matches, target } : { header, matches, target, origin }
}
