/** set (extensions/libxt_set.c, revision 4). */
import { Problem } from '../../problem.ts'
import type { Match } from '../../ruleset.ts'
import { defineMatch, required, type Option } from '../extension.ts'
import { setDirections, setName } from '../sets.ts'
import { bang, withNot } from '../values.ts'

type SetMatch = Extract<Match, { kind: 'set' }>

/** Counters are 64 bits wide in the kernel; the model holds what a number holds exactly. */
function counterOption(key: 'packets' | 'bytes', op: 'eq' | 'lt' | 'gt'): Option<SetMatch> {
  return {
    names: [`${key}-${op}`],
    invertible: op === 'eq',
    read: ([text], { not, option }) => {
      const value = /^\d+$/.test(text!) ? Number(text) : Number.NaN
      if (!Number.isSafeInteger(value))
        throw new Problem(`set: bad value for option "${option}"`, { field: text! })
      return { [key]: withNot({ op, value }, not) }
    },
  }
}

export const set = defineMatch({
  kind: 'set',
  options: [
    {
      names: ['match-set', 'set'],
      arity: 2,
      invertible: true,
      read: ([name, directions], { not }) => ({
        matchSet: withNot(setName(name!), not),
        directions: setDirections(directions!),
      }),
    },
    { names: ['return-nomatch'], arity: 0, read: () => ({ returnNomatch: true }) },
    {
      names: ['update-counters'],
      arity: 0,
      invertible: true,
      read: (_, { not }) => (not ? { updateCounters: { value: true, not: true } } : {}),
    },
    {
      names: ['update-subcounters'],
      arity: 0,
      invertible: true,
      read: (_, { not }) => (not ? { updateSubcounters: { value: true, not: true } } : {}),
    },
    ...(['packets', 'bytes'] as const).flatMap((key) =>
      (['eq', 'lt', 'gt'] as const).map((op) => counterOption(key, op)),
    ),
  ],
  finish: (soFar) => ({
    kind: 'set',
    ...soFar,
    matchSet: required(soFar, 'matchSet', 'set', 'match-set'),
    directions: required(soFar, 'directions', 'set', 'match-set'),
  }),
  print: (match) =>
    `${bang(match.matchSet)} --match-set ${match.matchSet.value} ${match.directions.join(',')}` +
    (match.returnNomatch ? ' --return-nomatch' : '') +
    (match.updateCounters?.not ? ' ! --update-counters' : '') +
    (match.updateSubcounters?.not ? ' ! --update-subcounters' : '') +
    (['packets', 'bytes'] as const)
      .map((key) => {
        const test = match[key]
        return test ? `${bang(test)} --${key}-${test.value.op} ${test.value.value}` : ''
      })
      .join(''),
})
