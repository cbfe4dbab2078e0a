/** `--policy-option NAME=VALUE`: what implementations of NetworkPolicy differ in, for the reference evaluator. */
import type { Command } from 'commander'
import { suggest } from '../cluster/reference.ts'
import { Problem } from '../kernel/problem.ts'
import { OPTION_VALUES, type PolicyOptions } from '../policy/evaluate/index.ts'

const FLAG = '--policy-option'

export interface PolicyFlags {
  readonly policyOption?: readonly string[]
}

export function policyOptions(command: Command): Command {
  return command.option(
    `${FLAG} <name=value>`,
    'an option of the reference evaluator, repeatable (docs/network-policy.md lists them)',
    (value: string, all: readonly string[] = []) => [...all, value],
  )
}

/** Of a command whose packets go by the dataplane, which has no options: only its reference answers by them. */
export function parseReferenceOptions(
  flags: PolicyFlags & { readonly reference?: boolean },
): Partial<PolicyOptions> {
  if (flags.policyOption !== undefined && flags.reference !== true) {
    throw new Problem('needs --reference: packets go by the defaults', { field: FLAG })
  }
  return parsePolicyOptions(flags)
}

/** @throws Problem for a name or value that does not exist, with what does */
export function parsePolicyOptions({ policyOption = [] }: PolicyFlags): Partial<PolicyOptions> {
  const names = Object.keys(OPTION_VALUES) as (keyof PolicyOptions)[]
  const given = policyOption.map((text) => text.split('=', 1)[0])
  const twice = given.find((name, index) => given.indexOf(name) < index)
  if (twice !== undefined) throw new Problem(`${twice} is given twice`, { field: FLAG })
  return Object.fromEntries(
    policyOption.map((text) => {
      const [given = '', ...rest] = text.split('=')
      const name = names.find((candidate) => candidate === given)
      if (name === undefined) {
        throw new Problem(`there is no option ${JSON.stringify(given)}${suggest(given, names)}`, {
          field: FLAG,
        })
      }
      const value = rest.join('=')
      const values: readonly (string | boolean)[] = OPTION_VALUES[name]
      const found = values.find((candidate) => String(candidate) === value)
      if (found === undefined) {
        throw new Problem(`${name} is ${values.join(' or ')}, not ${JSON.stringify(value)}`, { field: FLAG })
      }
      return [name, found]
    }),
  )
}
