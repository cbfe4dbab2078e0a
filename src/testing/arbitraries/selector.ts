/**
 * Label selectors of every form. Biases: the empty selector (everything), `NotIn` and `DoesNotExist` on keys that
 * some objects lack, two requirements (AND), a key and a value that nobody has, a contradiction.
 */
import fc from 'fast-check'
import type { LabelSelector, LabelSelectorRequirement } from '../../apiserver/types/index.ts'
import { optional, present, VOCABULARY, type Vocabulary } from './vocabulary.ts'

/** A key that no drawn object has: `Exists` of it selects nothing, `DoesNotExist` everything. */
const FOREIGN_KEY = 'nobody'
const FOREIGN_VALUE = 'none'

export function arbitraryRequirement({
  labels,
}: Vocabulary = VOCABULARY): fc.Arbitrary<LabelSelectorRequirement> {
  const known = Object.keys(labels)
  return fc
    .record({
      key: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...known) },
        { weight: 1, arbitrary: fc.constant(FOREIGN_KEY) },
      ),
      operator: fc.constantFrom('In' as const, 'NotIn' as const, 'Exists' as const, 'DoesNotExist' as const),
      first: fc.nat({ max: 3 }),
      others: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    })
    .map(({ key, operator, first, others }) => {
      if (operator === 'Exists' || operator === 'DoesNotExist') return { key, operator }
      const values = [...(labels[key] ?? []), FOREIGN_VALUE]
      const chosen = [first, ...others].map((index) => values[index % values.length] ?? FOREIGN_VALUE)
      return { key, operator, values: [...new Set(chosen)] }
    })
}

export interface SelectorSize {
  /** Of `matchExpressions`. Default 2. */
  readonly maxRequirements?: number
}

export function arbitrarySelector(
  vocabulary: Vocabulary = VOCABULARY,
  { maxRequirements = 2 }: SelectorSize = {},
): fc.Arbitrary<LabelSelector> {
  const entries = Object.entries(vocabulary.labels).flatMap(([key, values]) =>
    values.map((value): LabelSelector => ({ matchLabels: { [key]: value } })),
  )
  const one = fc.constantFrom(...entries)
  const requirement = arbitraryRequirement(vocabulary)
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.constant<LabelSelector>({}) },
    { weight: 4, arbitrary: one },
    {
      weight: maxRequirements > 0 ? 4 : 0,
      arbitrary: requirement.map((only): LabelSelector => ({ matchExpressions: [only] })),
    },
    {
      weight: maxRequirements > 0 ? 2 : 0,
      arbitrary: fc
        .record({
          labels: optional(one),
          matchExpressions: fc.array(requirement, {
            minLength: Math.min(1, maxRequirements),
            maxLength: maxRequirements,
          }),
        })
        .map(({ labels, matchExpressions }): LabelSelector =>
          present({ matchLabels: labels?.matchLabels, matchExpressions }),
        ),
    },
  )
}

/** For namespaces also by `kubernetes.io/metadata.name`, which every namespace carries. */
export function arbitraryNamespaceSelector(vocabulary: Vocabulary = VOCABULARY): fc.Arbitrary<LabelSelector> {
  const key = 'kubernetes.io/metadata.name'
  const name = fc.constantFrom(...vocabulary.namespaces)
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: arbitrarySelector(vocabulary) },
    { weight: 2, arbitrary: name.map((value): LabelSelector => ({ matchLabels: { [key]: value } })) },
    {
      weight: 1,
      arbitrary: name.map((value): LabelSelector => ({
        matchExpressions: [{ key, operator: 'NotIn', values: [value] }],
      })),
    },
  )
}
