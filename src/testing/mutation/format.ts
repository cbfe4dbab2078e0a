/** A mutation score for people: survivors first, each with the expectation that is missing. */
import type { MissingExpectation } from './missing.ts'
import type { Mutant, MutationScore } from './score.ts'

export function formatMutationScore({ mutants, caught, survived, noEffect, score }: MutationScore): string {
  const of = (outcome: Mutant['outcome']): Mutant[] => mutants.filter((each) => each.outcome === outcome)
  const width = Math.max(0, ...mutants.map(({ fault }) => fault.name.length))
  const line = ({ fault }: Mutant, words: string): string => `  ${fault.name.padEnd(width)}  ${words}`
  const lines = [`${caught} of ${caught + survived} mistakes noticed (${Math.round(score * 100)} %)`]
  const survivors = of('survived')
  if (survivors.length > 0) lines.push('', 'not noticed:')
  for (const mutant of survivors) {
    const { name, description, models } = mutant.fault
    lines.push(line(mutant, description))
    if (models.length > 0)
      lines.push(line(mutant, `as in ${models.join(', ')}`).replace(name, ' '.repeat(name.length)))
    if (mutant.outcome === 'survived')
      lines.push(`  ${' '.repeat(width)}  would notice: ${formatExpectation(mutant.missing)}`)
  }
  if (of('caught').length > 0) lines.push('', 'noticed:')
  for (const mutant of of('caught'))
    lines.push(line(mutant, mutant.outcome === 'caught' ? mutant.message : ''))
  if (noEffect > 0) {
    const names = of('no effect').map(({ fault }) => fault.name)
    lines.push('', `without effect on these manifests (${noEffect}): ${names.join(', ')}`)
  }
  return `${lines.join('\n')}\n`
}

/** As a line of an expectations file. */
export function formatExpectation({ from, to, port, protocol, family, expect }: MissingExpectation): string {
  const quote = (text: string): string => (text.includes(':') ? `'${text}'` : text)
  const on = port === undefined ? `, protocol: ${protocol}` : `, port: ${port}, protocol: ${protocol}`
  const by = family === undefined ? '' : `, family: ${family}`
  return `- { from: ${quote(from)}, to: ${quote(to)}${on}${by}, expect: ${expect} }`
}
