/**
 * Every connection that policies allow: between workloads, and between a workload and the addresses that nobody in the
 * cluster has. Pods of one workload are one end; where they differ, what only some of them are allowed is said apart.
 */
import type { Family } from '../../kernel/ruleset.ts'
import {
  equalConnections,
  intersectConnections,
  noConnections,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
} from '../../policy/evaluate/connections.ts'
import type { Evaluator } from '../../policy/evaluate/index.ts'
import type { Direction, Endpoint } from '../../policy/evaluate/question.ts'
import type { Pod } from '../../apiserver/types/index.ts'
import { familyOf } from '../topology/plan.ts'
import { nameOf, podAddresses, type ClusterView } from '../view.ts'
import { externalPeer, workloadPeers, type Peer } from './peers.ts'
import { shareRanges, type SharedRange } from './ranges.ts'

export interface ListRequest {
  /** Default ipv4. */
  readonly family?: Family
  /** Also what the pods of one workload are allowed among each other. Default false, as netpol-analyzer. */
  readonly withinWorkloads?: boolean
}

/** What pods of two ends may. */
export interface Reach {
  /** Of any pair of pods. */
  readonly connections: ConnectionSet
  /** Of every pair of pods; absent where it is the same. */
  readonly everyPair?: ConnectionSet
}

export interface ListedConnection extends Reach {
  readonly src: Peer
  readonly dst: Peer
}

/**
 * Pairs without any connection are left out. Cost: pods that no policy can tell apart are looked at once in each
 * workload.
 */
export function listConnections(
  view: ClusterView,
  evaluator: Evaluator,
  { family = 'ipv4', withinWorkloads = false }: ListRequest = {},
): ListedConnection[] {
  const pairs = evaluator.allPairs({ family })
  const classes = new Map(pairs.classes().flatMap(({ id, pods }) => pods.map((pod) => [pod, id] as const)))
  // To a pod of the host's network, pods of its own node differ from others.
  const hosts = view.pods().some(({ spec }) => spec.hostNetwork === true)
  const kindOf = (pod: Pod): string =>
    `${classes.get(nameOf(pod)) ?? nameOf(pod)} ${hosts ? (pod.spec.nodeName ?? '') : ''}`
  const peers = workloadPeers(view).map((peer) => ({
    peer,
    kinds: kindsOf(
      peer.pods.filter((pod) => hasFamily(pod, family)),
      kindOf,
    ),
  }))
  const listed: ListedConnection[] = []
  for (const { peer: src, kinds: sources } of peers) {
    for (const { peer: dst, kinds: targets } of peers) {
      if (src === dst && !withinWorkloads) continue
      const sets = sources.flatMap(([from]) =>
        targets.flatMap(([to, another]) => {
          const target = to === from ? another : to
          return target === undefined ? [] : [between(evaluator, pairs, from, target, family)]
        }),
      )
      add(listed, src, dst, sets)
    }
    const samples = sources.map(([pod]) => pod)
    for (const direction of ['egress', 'ingress'] as const) {
      for (const { range, some, all } of externalConnections(evaluator, samples, direction, family)) {
        const outside = externalPeer(range)
        if (direction === 'egress') add(listed, src, outside, [some, all])
        else add(listed, outside, src, [some, all])
      }
    }
  }
  return listed
}

/** One pod of each class in a workload, and another one of the class, for connections among each other. */
type Kind = readonly [pod: Pod, another?: Pod]

function kindsOf(pods: readonly Pod[], kindOf: (pod: Pod) => string): Kind[] {
  const kinds = new Map<string, Kind>()
  for (const pod of pods) {
    const id = kindOf(pod)
    const known = kinds.get(id)
    if (known === undefined) kinds.set(id, [pod])
    else if (known.length === 1) kinds.set(id, [known[0], pod])
  }
  return [...kinds.values()]
}

function between(
  evaluator: Evaluator,
  pairs: ReturnType<Evaluator['allPairs']>,
  from: Pod,
  to: Pod,
  family: Family,
): ConnectionSet {
  return (
    pairs.connections(nameOf(from), nameOf(to)) ??
    evaluator.connections(endpointOf(from), endpointOf(to), { family })
  )
}

/** What pods may send to, or receive from, addresses outside of the cluster; the whole address space, in order. */
function externalConnections(
  evaluator: Evaluator,
  pods: readonly Pod[],
  direction: Direction,
  family: Family,
): SharedRange[] {
  if (pods.length === 0) return []
  const lists = pods.map((pod) =>
    evaluator.external(endpointOf(pod), direction, family, { clusterAddresses: 'spanned' }),
  )
  return shareRanges(lists, family)
}

function add(listed: ListedConnection[], src: Peer, dst: Peer, sets: readonly ConnectionSet[]): void {
  if (sets.length === 0) return
  const some = sets.reduce(unionConnections, NO_CONNECTIONS)
  if (noConnections(some)) return
  const all = sets.reduce(intersectConnections)
  listed.push({ src, dst, ...reachOf(some, all) })
}

/** `some` pairs of pods, and `every` one. */
export function reachOf(some: ConnectionSet, every: ConnectionSet): Reach {
  return { connections: some, ...(equalConnections(some, every) ? {} : { everyPair: every }) }
}

export function endpointOf({ metadata }: Pod): Endpoint & { kind: 'pod' } {
  return { kind: 'pod', namespace: metadata.namespace ?? '', name: metadata.name }
}

export function hasFamily(pod: Pod, family: Family): boolean {
  return podAddresses(pod.status).some((address) => familyOf(address) === family)
}
