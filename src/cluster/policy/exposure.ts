/** What each workload is open to that does not exist yet: the evaluator's answer for its pods, a line a peer. */
import type { Family } from '../../kernel/ruleset.ts'
import {
  equalConnections,
  equalOpen,
  formatOpenConnections,
  intersectConnections,
  noConnections,
  unionConnections,
  type ConnectionSet,
  type Direction,
  type Evaluator,
  type OpenConnections,
} from '../../policy/evaluate/index.ts'
import type { ClusterView } from '../view.ts'
import { endpointOf, hasFamily } from './listing.ts'
import { workloadPeers, type WorkloadPeer } from './peers.ts'

export interface ExposureLine {
  readonly workload: WorkloadPeer
  readonly direction: Direction
  /** `entire-cluster`, `shop/[all pods]`, `[namespace with {team=blue}]/[pod with {app=x}]`. */
  readonly peer: string
  /** What any pod of the workload is open to. */
  readonly open: OpenConnections
  /** What each of them is; absent where it is the same. */
  readonly every?: OpenConnections
}

export interface ExposureReport {
  readonly lines: readonly ExposureLine[]
  readonly unprotected: readonly Unprotected[]
}

/** A workload with pods that no policy is about in that direction. */
export interface Unprotected {
  readonly workload: WorkloadPeer
  readonly direction: Direction
  /** Policies are about others of its pods. */
  readonly somePods: boolean
}

const DIRECTIONS = ['egress', 'ingress'] as const
export const ENTIRE_CLUSTER = 'entire-cluster'

/** Pods of the host's network are nodes to policies, and left out. */
export function exposureOf(view: ClusterView, evaluator: Evaluator, family: Family = 'ipv4'): ExposureReport {
  const lines: ExposureLine[] = []
  const unprotected: Unprotected[] = []
  for (const peer of workloadPeers(view)) {
    for (const direction of DIRECTIONS) {
      const { answers, policed } = exposureOfWorkload(peer, direction, evaluator, family)
      if (answers.length === 0) continue
      if (policed.has(false)) unprotected.push({ workload: peer, direction, somePods: policed.has(true) })
      lines.push(...linesOf(peer, direction, answers))
    }
  }
  return { lines, unprotected }
}

/** What pods of a workload are open to, by peer. */
type OpenByPeer = ReadonlyMap<string, OpenConnections>

/** The different answers that pods of the workload have: most often one. */
function exposureOfWorkload(
  { pods }: WorkloadPeer,
  direction: Direction,
  evaluator: Evaluator,
  family: Family,
): { answers: OpenByPeer[]; policed: ReadonlySet<boolean> } {
  const answers = new Map<string, OpenByPeer>()
  const policed = new Set<boolean>()
  for (const pod of pods) {
    if (!hasFamily(pod, family) || pod.spec.hostNetwork === true) continue
    const exposure = evaluator.exposure(endpointOf(pod), direction, { family })
    const { entireCluster, groups } = exposure
    policed.add(exposure.policed)
    const answer = new Map<string, OpenConnections>([[ENTIRE_CLUSTER, entireCluster]])
    for (const { text, ...open } of groups) answer.set(text, open)
    answers.set(
      [...answer].map(([peer, open]) => `${peer} ${formatOpenConnections(open)}`).join('\n'),
      answer,
    )
  }
  return { answers: [...answers.values()], policed }
}

function linesOf(
  workload: WorkloadPeer,
  direction: Direction,
  answers: readonly OpenByPeer[],
): ExposureLine[] {
  const peers = new Set(answers.flatMap((answer) => [...answer.keys()]))
  return [...peers].flatMap((peer): ExposureLine[] => {
    // A group that a pod's rules do not tell apart is open to what the entire cluster is.
    const opens = answers.map((answer) => answer.get(peer) ?? answer.get(ENTIRE_CLUSTER)!)
    const [open, every] = [together(opens, unionConnections), together(opens, intersectConnections)]
    // What is closed to everybody needs no line; a group that is closed when others are open does.
    if (isClosed(open) && peer === ENTIRE_CLUSTER) return []
    return [{ workload, direction, peer, open, ...(equalOpen(open, every) ? {} : { every }) }]
  })
}

/** Of several pods: what any of them is open to (union), or each of them (intersection). */
function together(
  opens: readonly OpenConnections[],
  join: (a: ConnectionSet, b: ConnectionSet) => ConnectionSet,
): OpenConnections {
  const names = [...new Set(opens.flatMap(({ named }) => named.map(({ name }) => name)))].sort()
  const connections = opens.map((open) => open.connections).reduce(join)
  const named = names.map((name) => ({
    name,
    connections: opens
      .map((open) => open.named.find((one) => one.name === name)?.connections ?? open.connections)
      .reduce(join),
  }))
  return { connections, named: named.filter((one) => !equalConnections(one.connections, connections)) }
}

function isClosed({ connections, named }: OpenConnections): boolean {
  return noConnections(connections) && named.length === 0
}
