/**
 * What a pod is open to that does not exist yet, exact over all labels and namespaces: the selectors of the rules that
 * police the pod cut the pods to come into cells, and each cell has one answer.
 */
import type { Labels } from '../../../apiserver/types/index.ts'
import { NAMESPACE_NAME_LABEL } from '../facts.ts'
import type { Context } from '../party.ts'
import type { PodSet } from '../policy.ts'
import type { Direction, Endpoint } from '../question.ts'
import { readSelector, selects, type Selector } from '../select.ts'
import { labelCells } from './label-cells.ts'
import { EVERYTHING_OPEN, openConnections, type OpenConnections } from './open-connections.ts'
import { byName, namespaceSelector, podSetText } from './pod-sets.ts'
import { readSubject, type ExposureOptions } from './subject.ts'

/** Pods to come that have one answer. */
export interface ExposedCell extends OpenConnections {
  /** One of the pods. */
  readonly example: {
    readonly namespace: string
    /** Undefined: the namespace exists. */
    readonly namespaceLabels: Labels | undefined
    readonly labels: Labels
  }
}

/**
 * Every pod to come is in one of the cells.
 * @throws PolicyError when there is no such pod, or its rules have more than 100,000 combinations of independent labels
 */
export function exposedCells(
  endpoint: Endpoint,
  direction: Direction,
  context: Context,
  options: ExposureOptions = {},
): ExposedCell[] {
  const { pod, sets, portNames, coming } = readSubject(endpoint, direction, options, context)
  const bits = new Map(sets.map((set, bit) => [podSetText(set), 1n << BigInt(bit)]))
  return cellsOf(sets, context).map(({ selected, example }) => {
    if (pod === undefined) return { ...EVERYTHING_OPEN, example }
    // A set that no pod can be in has no bit.
    const isPeer = ({ set }: { readonly set: PodSet }): boolean =>
      (selected & (bits.get(podSetText(byName(set))) ?? 0n)) !== 0n
    return { ...openConnections(direction, pod, portNames, coming, isPeer, context), example }
  })
}

interface Cell {
  /** Bit n: pods of the cell are in set n. */
  readonly selected: bigint
  readonly example: ExposedCell['example']
}

/** A namespace (today's, or a new one) and labels, for every combination of sets that a pod can be in. */
function cellsOf(sets: readonly PodSet[], context: Context): Cell[] {
  const cells = new Map<bigint, Cell>()
  const pods = labelCells(sets.map((set) => set.pods))
  for (const { selected: home, ...namespace } of namespaceCells(sets, context))
    for (const { selected: own, labels } of pods) {
      const selected = home & own
      if (!cells.has(selected)) cells.set(selected, { selected, example: { ...namespace, labels } })
    }
  return [...cells.values()]
}

interface NamespaceCell {
  readonly selected: bigint
  readonly namespace: string
  readonly namespaceLabels: Labels | undefined
}

function namespaceCells(sets: readonly PodSet[], { index }: Context): NamespaceCell[] {
  const cells = new Map<bigint, NamespaceCell>()
  const selectors = sets.map(({ namespaces }) => namespaceSelector(namespaces))
  const taken = new Set<string>()
  for (const { name, labels } of index.namespaces()) {
    taken.add(name)
    const selected = selectors.reduce(
      (bits, selector, bit) => (selects(selector, labels) ? bits | (1n << BigInt(bit)) : bits),
      0n,
    )
    if (!cells.has(selected)) cells.set(selected, { selected, namespace: name, namespaceLabels: undefined })
  }
  // A new namespace has a name that no other has.
  const anyName: Selector = readSelector({
    matchExpressions: [
      { key: NAMESPACE_NAME_LABEL, operator: 'Exists' },
      { key: NAMESPACE_NAME_LABEL, operator: 'NotIn', values: [...taken] },
    ],
  })
  const isNew = 1n << BigInt(selectors.length)
  for (const { selected: bits, labels } of labelCells([...selectors, anyName])) {
    if ((bits & isNew) === 0n) continue
    const selected = bits & ~isNew
    const namespace = labels[NAMESPACE_NAME_LABEL]!
    if (!cells.has(selected)) cells.set(selected, { selected, namespace, namespaceLabels: labels })
  }
  return [...cells.values()]
}
