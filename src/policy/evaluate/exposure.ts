/**
 * What a pod is open to that does not exist yet: pods with any labels in any namespace, today's or another. Exact over
 * all labels: the selectors of the rules that police the pod cut the pods to come into cells, and each cell has one
 * answer. Only this pod's side is told: policies that select a pod to come may forbid it more.
 *
 * Of a pod to come neither its address nor its named ports are known. Without the option `address`, a block of addresses
 * holds it only if it is all of the family; as a destination it has none of the ports that a rule names.
 */
import type { Labels } from '../../apiserver/types/index.ts'
import { BITS, holds, readAddress, type Address, type AddressFamily } from './address.ts'
import {
  ALL_CONNECTIONS,
  equalConnections,
  intersectConnections,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
} from './connections.ts'
import { NAMESPACE_NAME_LABEL, type NamespaceFacts } from './facts.ts'
import { labelCells } from './label-cells.ts'
import { partiesOf, type Context } from './party.ts'
import type { AddressBlock, PodSet, PolicyPeer, PolicyRule } from './policy.ts'
import { PolicyError } from './policy-error.ts'
import type { Direction, Endpoint } from './question.ts'
import { connectionsOfRule } from './rule-connections.ts'
import { readSelector, selects, type Selector } from './select.ts'
import { policiesOf, walkTiers } from './set-verdict.ts'

/** Of a group of pods to come. */
export interface Exposed {
  /** What each of them may, whatever else its labels are. */
  readonly every: ConnectionSet
  /** What at least one may. */
  readonly some: ConnectionSet
}

export interface Exposure {
  readonly direction: Direction
  /** A NetworkPolicy isolates the pod for this direction. */
  readonly isolated: boolean
  readonly entireCluster: Exposed
  /** The sets of pods that rules name, where they may more than every pod, or less than some. */
  readonly groups: readonly ExposedGroup[]
  /** The pods to come in parts that have one answer each. */
  readonly cells: readonly ExposedCell[]
}

export interface ExposedGroup extends Exposed {
  /** One namespace by its name, or those that a selector selects; as `backend` or `[namespace with {team=a}]`. */
  readonly namespaces: PodSet['namespaces']
  readonly pods: Selector
  /** `backend/[all pods]`, `[namespace with {team=a}]/[pod with {app=x}]`. */
  readonly text: string
  /** Pods of today that are in the group, `namespace/name`, sorted. */
  readonly today: readonly string[]
}

export interface ExposedCell {
  readonly connections: ConnectionSet
  /** One of the pods. */
  readonly example: {
    readonly namespace: string
    /** Undefined: the namespace exists. */
    readonly namespaceLabels: Labels | undefined
    readonly labels: Labels
  }
}

export interface ExposureOptions {
  /** Of the pods to come. Default: that of the pod's first address. */
  readonly family?: AddressFamily
  /** That of the pods to come, as if all had it. */
  readonly address?: string
}

/** @throws PolicyError when there is no such pod, or its policies have too many independent selectors */
export function exposureOf(
  endpoint: Endpoint,
  direction: Direction,
  context: Context,
  options: ExposureOptions = {},
): Exposure {
  const address = options.address === undefined ? undefined : readAddress(options.address)
  if (options.address !== undefined && address === undefined)
    throw new PolicyError(`not an address: ${JSON.stringify(options.address)}`)
  const [party] = partiesOf(endpoint, endpoint, options.family, context)
  const family = address?.family ?? options.family ?? party.address?.family ?? 'ipv4'
  const policies = party.kind === 'pod' ? policiesOf(party.pod, context) : []
  const peers = policies.flatMap((policy) => policy[direction] ?? []).flatMap(({ peers = [] }) => peers)
  const sets = distinct(peers.flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : [])))
  const place = new Map(sets.map((set, bit) => [podSetText(set), 1n << BigInt(bit)]))

  const isPeer = (peer: PolicyPeer, selected: bigint): boolean => {
    if (peer.kind === 'pods') return (selected & place.get(podSetText(peer.set))!) !== 0n
    if (peer.kind === 'nodes' || !context.options.ipBlockMatchesPods) return false
    return peer.blocks.some((block) => inBlock(block, family, address))
  }
  const namedPorts = direction === 'egress' ? [] : party.kind === 'pod' ? party.pod.namedPorts : undefined
  const answer = (selected: bigint): ConnectionSet => {
    if (party.kind !== 'pod') return ALL_CONNECTIONS
    const matched = ({ peers: any, ...rule }: PolicyRule): ConnectionSet =>
      any === undefined || any.some((peer) => isPeer(peer, selected))
        ? connectionsOfRule({ peers: any, ...rule }, namedPorts, context.options)
        : NO_CONNECTIONS
    return walkTiers(direction, party.pod, {}, matched, context)
  }

  const cells = cellsOf(sets, context).map((cell) => ({ ...cell, connections: answer(cell.selected) }))
  const entireCluster = exposed(cells)
  const groups = sets.flatMap((set): ExposedGroup[] => {
    const own = cells.filter(({ selected }) => (selected & place.get(podSetText(set))!) !== 0n)
    if (own.length === 0) return []
    const group = exposed(own)
    if (
      equalConnections(group.every, entireCluster.every) &&
      equalConnections(group.some, entireCluster.some)
    )
      return []
    const today = [...context.index.podsIn(set)].map(({ key }) => key).sort()
    return [{ ...set, ...group, text: podSetText(set), today }]
  })
  return {
    direction,
    isolated: policies.some((one) => one.kind === 'NetworkPolicy' && one[direction] !== undefined),
    entireCluster,
    groups,
    cells: cells.map(({ connections, example }) => ({ connections, example })),
  }
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
  const existing = new Map<string, NamespaceFacts>()
  for (const facts of index.namespaces()) {
    existing.set(facts.name, facts)
    const selected = sets.reduce(
      (bits, { namespaces }, bit) =>
        ('name' in namespaces ? namespaces.name === facts.name : selects(namespaces.selector, facts.labels))
          ? bits | (1n << BigInt(bit))
          : bits,
      0n,
    )
    if (!cells.has(selected))
      cells.set(selected, { selected, namespace: facts.name, namespaceLabels: undefined })
  }
  // A new namespace has a name that no other has, and no set is of it by that name.
  const taken = new Set([
    ...existing.keys(),
    ...sets.flatMap(({ namespaces }) => ('name' in namespaces ? [namespaces.name] : [])),
  ])
  const selectors = sets.map(({ namespaces }) =>
    'name' in namespaces
      ? readSelector({ matchLabels: { [NAMESPACE_NAME_LABEL]: namespaces.name } })
      : namespaces.selector,
  )
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

function exposed(cells: readonly { readonly connections: ConnectionSet }[]): Exposed {
  const sets = cells.map(({ connections }) => connections)
  return { every: sets.reduce(intersectConnections), some: sets.reduce(unionConnections) }
}

function inBlock({ range, except }: AddressBlock, family: AddressFamily, address?: Address): boolean {
  if (address !== undefined) return holds(range, address) && !except.some((hole) => holds(hole, address))
  const whole = range.last - range.first + 1n === 1n << BigInt(BITS[family])
  return range.family === family && whole && except.length === 0
}

function distinct(sets: readonly PodSet[]): PodSet[] {
  return [...new Map(sets.map((set) => [podSetText(set), set])).values()]
}

/** `backend/[all pods]`, `[namespace with {team=a}]/[pod with {app=x}]`. Sets of equal text hold the same pods. */
function podSetText({ namespaces, pods }: PodSet): string {
  const namespace =
    'name' in namespaces
      ? namespaces.name
      : namespaces.selector.text === ''
        ? '[all namespaces]'
        : `[namespace with {${namespaces.selector.text}}]`
  return `${namespace}/${pods.text === '' ? '[all pods]' : `[pod with {${pods.text}}]`}`
}
