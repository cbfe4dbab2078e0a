/**
 * Every connection that policies allow: between workloads, and between a workload and the addresses that nobody in the
 * cluster has. Pods of one workload are one end; where they differ, what only some of them may is told apart.
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
import { podAddresses, type ClusterView } from '../view.ts'
import { externalPeer, workloadPeers, type Peer, type WorkloadPeer } from './peers.ts'
import { shareRanges } from './ranges.ts'

export interface ListRequest {
  /** Default ipv4. */
  readonly family?: Family
  /** Also what the pods of one workload may among each other. Default false, as netpol-analyzer. */
  readonly withinWorkloads?: boolean
}

export interface ListedConnection {
  readonly src: Peer
  readonly dst: Peer
  /** Of any pair of pods. */
  readonly connections: ConnectionSet
  /** Of every pair of pods; absent where it is the same. */
  readonly everyPair?: ConnectionSet
}

/** Pairs without any connection are left out. */
export function listConnections(
  view: ClusterView,
  evaluator: Evaluator,
  { family = 'ipv4', withinWorkloads = false }: ListRequest = {},
): ListedConnection[] {
  const peers = workloadPeers(view)
  const listed: ListedConnection[] = []
  for (const src of peers) {
    for (const dst of peers) {
      if (src === dst && !withinWorkloads) continue
      const sets = src.pods.flatMap((from) =>
        dst.pods.flatMap((to) =>
          from === to || !has(from, family) || !has(to, family)
            ? []
            : [evaluator.connections(endpointOf(from), endpointOf(to), { family })],
        ),
      )
      add(listed, src, dst, sets)
    }
    for (const direction of ['egress', 'ingress'] as const) {
      for (const { from, to, some, all } of externalConnections(evaluator, src, direction, family)) {
        const outside = externalPeer(from, to)
        if (direction === 'egress') add(listed, src, outside, [some, all])
        else add(listed, outside, src, [some, all])
      }
    }
  }
  return listed
}

/** What a workload may send to, or get from, addresses outside of the cluster; the whole address space, in order. */
export function externalConnections(
  evaluator: Evaluator,
  { pods }: WorkloadPeer,
  direction: Direction,
  family: Family,
): ReturnType<typeof shareRanges> {
  const lists = pods
    .filter((pod) => has(pod, family))
    .map((pod) => evaluator.external(endpointOf(pod), direction, family, { clusterAddresses: 'spanned' }))
  return lists.length === 0 ? [] : shareRanges(lists, family)
}

function add(listed: ListedConnection[], src: Peer, dst: Peer, sets: readonly ConnectionSet[]): void {
  if (sets.length === 0) return
  const some = sets.reduce(unionConnections, NO_CONNECTIONS)
  if (noConnections(some)) return
  const all = sets.reduce(intersectConnections)
  const same = equalConnections(some, all)
  listed.push({ src, dst, connections: some, ...(same ? {} : { everyPair: all }) })
}

export function endpointOf({ metadata }: Pod): Endpoint & { kind: 'pod' } {
  return { kind: 'pod', namespace: metadata.namespace ?? '', name: metadata.name }
}

export function has(pod: Pod, family: Family): boolean {
  return podAddresses(pod.status).some((address) => familyOf(address) === family)
}
