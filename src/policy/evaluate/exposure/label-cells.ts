/**
 * Which of some selectors a set of labels can satisfy at once: every combination that some labels have, each with such
 * labels. Exact: a key matters only by the values that selectors name, by having some other value, and by being absent.
 */
import type { Labels } from '../../../apiserver/types/index.ts'
import { PolicyError } from '../policy-error.ts'
import { decisiveValues } from './implication.ts'
import { meets, type Selector } from '../select.ts'

export interface LabelCell {
  /** Bit n: selector n selects the labels. */
  readonly selected: bigint
  readonly labels: Labels
}

const MOST_CELLS = 100_000

/** @throws PolicyError when there are more than 100,000 combinations */
export function labelCells(selectors: readonly Selector[]): LabelCell[] {
  const keys = new Set(selectors.flatMap(({ requirements }) => requirements.map(({ key }) => key)))
  let cells: LabelCell[] = [{ selected: (1n << BigInt(selectors.length)) - 1n, labels: {} }]
  for (const key of keys) {
    const choices = choicesOf(key, selectors)
    const next = new Map<bigint, LabelCell>()
    for (const { selected, labels } of cells)
      for (const [value, fulfilled] of choices) {
        const both = selected & fulfilled
        if (!next.has(both))
          next.set(both, {
            selected: both,
            labels: value === undefined ? labels : { ...labels, [key]: value },
          })
      }
    if (next.size > MOST_CELLS)
      throw new PolicyError(
        `selectors with too many independent labels: more than ${MOST_CELLS} combinations`,
      )
    cells = [...next.values()]
  }
  return cells
}

/** The values that make a difference, absence among them, and the selectors whose requirements on the key they meet. */
function choicesOf(
  key: string,
  selectors: readonly Selector[],
): (readonly [value: string | undefined, selected: bigint])[] {
  const about = selectors.map(({ requirements }) => requirements.filter((one) => one.key === key))
  return decisiveValues(about.flat()).map((value) => [
    value,
    about.reduce(
      (bits, requirements, bit) =>
        requirements.every((one) => meets(one, value)) ? bits | (1n << BigInt(bit)) : bits,
      0n,
    ),
  ])
}
