/**
 * Policies property-tested: packets against the reference evaluator, over ends, Services, protocols and ports drawn by a
 * seed. What differs is shrunk to the manifests that it needs.
 */
import { Cluster, type ClusterOptions } from '../../cluster/cluster.ts'
import type { Manifest } from '../../cluster/manifests/document.ts'
import { Problem } from '../../kernel/problem.ts'
import { checkEnforcement, type EnforcementReport } from '../../testing/enforcement/check.ts'
import { checkServices, type ServiceReport } from '../../testing/enforcement/services.ts'
import { policyDifference, serviceDifference, type Found } from './found.ts'
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

/** Of so many packets, to Services: there is less to tell apart. */
const SHARE = 4

/** `cluster` holds the manifests and has settled. */
export async function verifyProperty(
  cluster: Cluster,
  manifests: readonly Manifest[],
  request: PropertyRequest,
): Promise<PropertyResult> {
  const { runs, seed } = request
  const services = checkServices(cluster, { limit: Math.floor(runs / SHARE), seed })
  const direct = checkEnforcement(cluster, undefined, { limit: runs - services.checked, seed })
  const first = firstOf(cluster, direct, services)
  const counterexample = first === undefined ? undefined : await shrink(manifests, first, request)
  const checked = direct.checked + services.checked
  const allowed = direct.allowed + services.allowed
  return {
    mode: cluster.proxyMode,
    seed,
    runs,
    checked,
    allowed,
    denied: checked - allowed,
    differing: direct.differences.length + services.differences.length,
    ...(counterexample === undefined ? {} : { counterexample }),
  }
}

/** Those straight to their ends first: less is on their way than through a Service. */
function firstOf(cluster: Cluster, direct: EnforcementReport, services: ServiceReport): Found | undefined {
  const [policy] = direct.differences
  if (policy !== undefined) return policyDifference(cluster, policy)
  const [service] = services.differences
  return service === undefined ? undefined : serviceDifference(cluster, service)
}

async function start(manifests: readonly Manifest[], { options }: PropertyRequest): Promise<Cluster> {
  const cluster = await Cluster.create(options)
  cluster.applyManifests(manifests)
  await cluster.settle()
  return cluster
}

async function shrink(
  manifests: readonly Manifest[],
  first: Found,
  request: PropertyRequest,
): Promise<Counterexample> {
  const seen = async (smaller: readonly Manifest[]): Promise<Found | undefined> => {
    try {
      return first.again(await start(smaller, request))
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
  const shown = (await seen(smallest)) ?? first
  return { text: shown.describe(), manifests: smallest, of: manifests.length }
}
