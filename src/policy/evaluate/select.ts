/**
 * Label selectors (api: meta/v1 LabelSelector). All requirements must hold. `In` and `Exists` need the label; `NotIn`
 * and `DoesNotExist` also match what lacks it. An empty selector matches everything; what an absent one means is up to
 * the field that holds it, so there is none here.
 */
import type { LabelSelector, LabelSelectorRequirement, Labels } from '../../apiserver/types/index.ts'

export interface Selector {
  /** Selectors of equal text select alike. */
  readonly text: string
  readonly requirements: readonly Requirement[]
}

export interface Requirement {
  readonly key: string
  readonly operator: LabelSelectorRequirement['operator']
  /** Sorted, without repetition. Empty for `Exists` and `DoesNotExist`. */
  readonly values: readonly string[]
}

export function readSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Selector {
  const requirements = [
    ...Object.entries(matchLabels).map(([key, value]) => requirement(key, 'In', [value])),
    ...matchExpressions.map(({ key, operator, values }) => requirement(key, operator, values)),
  ]
  const texts = requirements.map(textOf)
  return { text: [...new Set(texts)].sort().join(','), requirements }
}

/** The empty selector, which matches everything. */
export const ANY_LABELS: Selector = readSelector({})

export function selects({ requirements }: Selector, labels: Labels): boolean {
  return requirements.every((one) => meets(one, Object.hasOwn(labels, one.key) ? labels[one.key] : undefined))
}

/** `value`: that of the requirement's key; undefined when the key is lacking. */
export function meets({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

function requirement(
  key: string,
  operator: Requirement['operator'],
  values: readonly string[] = [],
): Requirement {
  return { key, operator, values: [...new Set(values)].sort() }
}

function textOf({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`
    case 'NotIn':
      return `${key} notin (${values.join(',')})`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
  }
}
