/**
 * Policies property-tested: packets against the reference evaluator, over ends, protocols and ports drawn by a seed. What
 * differs is shrunk to the manifests that it needs.
 */
import { Cluster, type ClusterOptions } from '../../cluster/cluster.ts'
import type { Manifest } from '../../cluster/manifests/document.ts'
import { isRunning, type ClusterView } from '../../cluster/view.ts'
import { podsOf, topOwner } from '../../cluster/workload.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Endpoint } from '../../policy/evaluate/index.ts'
import { checkEnforcement, describeDifference, type Difference } from '../../testing/enforcement/check.ts'
import { shrinkManifests } from './shrink.ts'

export interface PropertyRequest {
  readonly runs: number
  readonly seed: number
  /** For the clusters in which a difference is looked at again. */
  readonly options: ClusterOptions
}

export interface PropertyResult {
  readonly mode: string
  readonly seed: number
  /** Packets wanted. There may be fewer different ones. */
  readonly runs: number
  readonly checked: number
  readonly allowed: number
  readonly denied: number
  readonly differing: number
  readonly counterexample?: Counterexample
}

export interface Counterexample {
  /** The packet, both answers, and the packet's way. */
  readonly text: string
  /** All that is needed to see it. */
  readonly manifests: readonly Manifest[]
  readonly of: number
}

/** `cluster` holds the manifests and has settled. */
export async function verifyProperty(
  cluster: Cluster,
  manifests: readonly Manifest[],
  request: PropertyRequest,
): Promise<PropertyResult> {
  const { runs, seed } = request
  const { checked, allowed, denied, differences } = checkEnforcement(cluster, undefined, {
    limit: runs,
    seed,
  })
  const [first] = differences
  const counterexample = first === undefined ? undefined : await shrink(manifests, cluster, first, request)
  return {
    mode: cluster.proxyMode,
    seed,
    runs,
    checked,
    allowed,
    denied,
    differing: differences.length,
    ...(counterexample === undefined ? {} : { counterexample }),
  }
}

async function start(manifests: readonly Manifest[], { options }: PropertyRequest): Promise<Cluster> {
  const cluster = await Cluster.create(options)
  cluster.applyManifests(manifests)
  await cluster.settle()
  return cluster
}

async function shrink(
  manifests: readonly Manifest[],
  cluster: Cluster,
  difference: Difference,
  request: PropertyRequest,
): Promise<Counterexample> {
  const from = whoIs(cluster.view, difference.question.from)
  const to = whoIs(cluster.view, difference.question.to)
  /** The same question in another cluster, where it differs in the same way. */
  const seen = async (
    smaller: readonly Manifest[],
  ): Promise<{ cluster: Cluster; difference: Difference } | undefined> => {
    try {
      const other = await start(smaller, request)
      const ends = [findAgain(other.view, from), findAgain(other.view, to)]
      const [its, others] = ends
      if (its === undefined || others === undefined) return undefined
      const question = { ...difference.question, from: its, to: others }
      const report = checkEnforcement(other, [question])
      const found = report.differences.find(({ kind }) => kind === difference.kind)
      return found === undefined ? undefined : { cluster: other, difference: found }
    } catch (error) {
      // What can no longer be applied (a rule without a peer) shows nothing.
      if (error instanceof Problem) return undefined
      throw error
    }
  }
  const { manifests: smallest } = await shrinkManifests(
    manifests,
    async (smaller) => (await seen(smaller)) !== undefined,
  )
  const shown = (await seen(smallest)) ?? { cluster, difference }
  return {
    text: describeDifference(shown.difference, shown.cluster),
    manifests: smallest,
    of: manifests.length,
  }
}

/** An end by what made it: names of a Deployment's pods are drawn, and others in another cluster. */
interface Who {
  readonly endpoint: Endpoint
  readonly workload?: {
    readonly kind: string
    readonly namespace: string
    readonly name: string
    readonly index: number
  }
}

function whoIs(view: ClusterView, endpoint: Endpoint): Who {
  if (endpoint.kind !== 'pod') return { endpoint }
  const { namespace, name } = endpoint
  const pod = view.pods().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (pod === undefined) return { endpoint }
  const owner = topOwner(view, pod)
  if (owner.kind === 'Pod') return { endpoint }
  const index = podsOf(view, owner.kind, namespace, owner.name).indexOf(pod)
  return { endpoint, workload: { ...owner, namespace, index } }
}

function findAgain(view: ClusterView, { endpoint, workload }: Who): Endpoint | undefined {
  if (endpoint.kind !== 'pod') return endpoint
  const pods = view.pods().filter(isRunning)
  const pod =
    workload === undefined
      ? pods.find(
          ({ metadata }) => metadata.namespace === endpoint.namespace && metadata.name === endpoint.name,
        )
      : podsOf(view, workload.kind, workload.namespace, workload.name)[workload.index]
  if (pod === undefined || !isRunning(pod)) return undefined
  return { kind: 'pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }
}
