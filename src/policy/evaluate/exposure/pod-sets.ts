/** Sets of pods as rules name them, seen as sets of all pods that there may ever be. */
import type { Labels } from '../../../apiserver/types/index.ts'
import { NAMESPACE_NAME_LABEL } from '../facts.ts'
import type { PodSet } from '../policy.ts'
import { ANY_LABELS, readSelector, selects, type Selector } from '../select.ts'
import { implies, satisfiable } from './implication.ts'

export const EVERY_POD: PodSet = { namespaces: { selector: ANY_LABELS }, pods: ANY_LABELS }

/** Some pod may be in it. */
export function canHold({ namespaces, pods }: PodSet): boolean {
  return satisfiable(pods) && ('name' in namespaces || satisfiable(namespaces.selector))
}

/** Every pod that may come into `inner` is also in `outer`. `labelsOf`: of a namespace that exists. */
export function isWithin(
  inner: PodSet,
  outer: PodSet,
  labelsOf: (namespace: string) => Labels | undefined,
): boolean {
  return implies(inner.pods, outer.pods) && namespacesWithin(inner.namespaces, outer.namespaces, labelsOf)
}

function namespacesWithin(
  inner: PodSet['namespaces'],
  outer: PodSet['namespaces'],
  labelsOf: (namespace: string) => Labels | undefined,
): boolean {
  if ('name' in inner && 'name' in outer) return inner.name === outer.name
  const labels = 'name' in inner ? labelsOf(inner.name) : undefined
  if (labels !== undefined) return selects(namespaceSelector(outer), labels)
  return implies(namespaceSelector(inner), namespaceSelector(outer))
}

export function namespaceSelector(namespaces: PodSet['namespaces']): Selector {
  return 'name' in namespaces
    ? readSelector({ matchLabels: { [NAMESPACE_NAME_LABEL]: namespaces.name } })
    : namespaces.selector
}

/** A selector of one namespace by its name is that namespace. */
export function byName({ namespaces, pods }: PodSet): PodSet {
  if ('name' in namespaces) return { namespaces, pods }
  const [only, ...others] = namespaces.selector.requirements
  const [name, ...names] = only?.operator === 'In' && only.key === NAMESPACE_NAME_LABEL ? only.values : []
  const one = name !== undefined && names.length === 0 && others.length === 0
  return one ? { namespaces: { name }, pods } : { namespaces, pods }
}

/** `backend/[all pods]`, `[namespace with {team=a}]/[pod with {app=x}]`. Sets of equal text hold the same pods. */
export function podSetText({ namespaces, pods }: PodSet): string {
  const namespace =
    'name' in namespaces
      ? namespaces.name
      : namespaces.selector.text === ''
        ? '[all namespaces]'
        : `[namespace with {${namespaces.selector.text}}]`
  return `${namespace}/${pods.text === '' ? '[all pods]' : `[pod with {${pods.text}}]`}`
}

/** Each once. */
export function distinct(sets: readonly PodSet[]): PodSet[] {
  return [...new Map(sets.map((set) => [podSetText(set), set])).values()]
}
