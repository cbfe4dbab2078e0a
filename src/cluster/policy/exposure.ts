/** What each workload is open to that does not exist yet: the evaluator's answer for its pods, a line a peer. */
import type { Family } from '../../kernel/ruleset.ts'
import {
  formatOpenConnections,
  noConnections,
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
  readonly open: OpenConnections
  /** Only some pods of the workload have this answer. */
  readonly somePods: boolean
}

export interface ExposureReport {
  readonly lines: readonly ExposureLine[]
  /** Workloads with a pod that no policy is about in that direction. */
  readonly unprotected: readonly { readonly workload: WorkloadPeer; readonly direction: Direction }[]
}

const DIRECTIONS = ['egress', 'ingress'] as const
export const ENTIRE_CLUSTER = 'entire-cluster'

/** Pods of the host's network are nodes to policies, and left out. */
export function exposureOf(view: ClusterView, evaluator: Evaluator, family: Family = 'ipv4'): ExposureReport {
  const lines: ExposureLine[] = []
  const unprotected: { workload: WorkloadPeer; direction: Direction }[] = []
  for (const peer of workloadPeers(view)) {
    for (const direction of DIRECTIONS) {
      const { answers, policed } = exposureOfWorkload(peer, direction, evaluator, family)
      if (answers.length === 0) continue
      if (!policed) unprotected.push({ workload: peer, direction })
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
): { answers: OpenByPeer[]; policed: boolean } {
  const answers = new Map<string, OpenByPeer>()
  let policed = true
  for (const pod of pods) {
    if (!hasFamily(pod, family) || pod.spec.hostNetwork === true) continue
    const exposure = evaluator.exposure(endpointOf(pod), direction, { family })
    const { entireCluster, groups } = exposure
    policed &&= exposure.policed
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
  return [...peers].flatMap((peer) => {
    const different = new Map<string, OpenConnections>()
    for (const answer of answers) {
      // A group that a pod's rules do not tell apart is open to what the entire cluster is.
      const open = answer.get(peer) ?? answer.get(ENTIRE_CLUSTER)!
      different.set(formatOpenConnections(open), open)
    }
    const somePods = different.size > 1
    return [...different.values()].flatMap((open): ExposureLine[] =>
      // What is closed to everybody else, or to a group that others of its kind are open to, is a line of its own.
      isClosed(open) && (peer === ENTIRE_CLUSTER || somePods)
        ? []
        : [{ workload, direction, peer, open, somePods }],
    )
  })
}

function isClosed({ connections, named }: OpenConnections): boolean {
  return noConnections(connections) && named.length === 0
}
