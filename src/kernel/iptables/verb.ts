/** What a command does: its chain, its number, its rules. */
import { Problem } from '../problem.ts'
import type { ChainCommand } from '../restore.ts'
import type { Rule } from '../ruleset.ts'
import { RULE_VERBS, type Verb } from './base-options.ts'
import { findTarget, isOtherTarget } from './extensions.ts'
import { parseUint } from './numbers.ts'
import type { RuleDraft } from './rule-draft.ts'

const MAX_CHAIN_NAME = 28

/** The commands that a verb, its arguments and the rule behind them come to. */
export function commandsOf(
  verb: Verb,
  [chain, second]: readonly string[],
  draft: RuleDraft,
  lineNumber: number | undefined,
): ChainCommand[] {
  const line = lineNumber === undefined ? {} : { line: lineNumber }
  const hasRule = !draft.isEmpty
  const rules = (): Rule[] => draft.rules(lineNumber)
  if (hasRule && !RULE_VERBS.has(verb)) throw new Problem(`Illegal option with this command: ${verb}`)
  switch (verb) {
    case 'append':
    case 'check':
      return rules().map((rule) => ({ kind: verb, chain: chain!, rule, ...line }))
    case 'delete':
      if (second !== undefined) {
        if (hasRule) throw new Problem('a rule number and a rule do not go together', { field: second })
        return [{ kind: 'delete-number', chain: chain!, number: ruleNumber(second), ...line }]
      }
      return rules().map((rule) => ({ kind: verb, chain: chain!, rule, ...line }))
    case 'insert': {
      const number = second === undefined ? 1 : ruleNumber(second)
      // Each goes to the same place, so several come out last first.
      return rules().map((rule) => ({ kind: verb, chain: chain!, number, rule, ...line }))
    }
    case 'replace': {
      const [rule, ...more] = rules()
      if (rule === undefined || more.length > 0)
        throw new Problem('Replacement rule does not specify a unique address')
      return [{ kind: verb, chain: chain!, number: ruleNumber(second!), rule, ...line }]
    }
    case 'flush':
    case 'delete-chain':
      return [{ kind: verb, ...(chain !== undefined && { chain }), ...line }]
    case 'zero':
      return [
        {
          kind: verb,
          ...(chain !== undefined && { chain }),
          ...(second !== undefined && { number: ruleNumber(second) }),
          ...line,
        },
      ]
    case 'new-chain':
      checkChainName(chain!)
      return [{ kind: verb, chain: chain!, ...line }]
    case 'rename-chain':
      checkChainName(second!)
      return [{ kind: verb, chain: chain!, to: second!, ...line }]
    case 'policy': {
      if (second !== 'ACCEPT' && second !== 'DROP') throw new Problem('Bad policy name', { field: second! })
      const counters = draft.counters
      return [{ kind: verb, chain: chain!, policy: second, ...(counters && { counters }), ...line }]
    }
    default:
      return verb satisfies never
  }
}

function ruleNumber(text: string): number {
  const number = parseUint(text, 0x7fffffff)
  if (number === undefined || number === 0)
    throw new Problem(`Invalid rule number \`${text}'`, { field: text })
  return number
}

export function checkChainName(name: string): void {
  if (name.length > MAX_CHAIN_NAME)
    throw new Problem(`chain name \`${name}' too long (must be under ${MAX_CHAIN_NAME + 1} chars)`, {
      field: name,
    })
  if (name === '' || name.startsWith('-') || name.startsWith('!'))
    throw new Problem("chain name not allowed to start with `-'", { field: name })
  if (findTarget(name, 'ipv4') ?? findTarget(name, 'ipv6') ?? isOtherTarget(name))
    throw new Problem('chain name may not clash with target name', { field: name })
}
