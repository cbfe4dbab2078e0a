/**
 * What a pod is open to that does not exist yet, as its rules say it: to every pod of the cluster, and to each set of
 * pods that a rule names. Of a set it says what holds for all of it: those rules count whose peers hold the whole set.
 * A pod that comes may be in several sets: then no line alone describes it, and it is allowed what rules allow any of
 * them. The exact answer over all labels is that of `cells.ts`.
 *
 * Only this pod's side is looked at: policies that select a pod to come may forbid it more.
 */
import type { Context } from '../party.ts'
import type { PodSet } from '../policy.ts'
import type { Direction, Endpoint } from '../question.ts'
import type { Selector } from '../select.ts'
import { equalOpen, EVERYTHING_OPEN, openConnections, type OpenConnections } from './open-connections.ts'
import { byName, EVERY_POD, isWithin, podSetText } from './pod-sets.ts'
import { readSubject, type ExposureOptions } from './subject.ts'

/** What one pod is open to in one direction, as its rules say it. */
export interface Exposure {
  readonly direction: Direction
  /** A policy has a say on the pod in this direction. */
  readonly policed: boolean
  /** A NetworkPolicy isolates the pod for this direction. */
  readonly isolated: boolean
  readonly entireCluster: OpenConnections
  /** The sets of pods that rules name, where these are open to more than the entire cluster is, or less. */
  readonly groups: readonly ExposedGroup[]
}

/** A set of pods that a rule names. */
export interface ExposedGroup extends OpenConnections {
  /** One namespace by its name, or those that a selector selects. */
  readonly namespaces: PodSet['namespaces']
  readonly pods: Selector
  /** `backend/[all pods]`, `[namespace with {team=a}]/[pod with {app=x}]`. */
  readonly text: string
  /** Pods of today that are in the group, `namespace/name`, sorted. */
  readonly today: readonly string[]
}

/** Cost: the square of the number of sets that the pod's rules name. @throws PolicyError when there is no such pod */
export function exposureOf(
  endpoint: Endpoint,
  direction: Direction,
  context: Context,
  options: ExposureOptions = {},
): Exposure {
  const { pod, policies, sets, portNames, coming } = readSubject(endpoint, direction, options, context)
  if (pod === undefined)
    return { direction, policed: false, isolated: false, entireCluster: EVERYTHING_OPEN, groups: [] }
  const labels = new Map([...context.index.namespaces()].map((one) => [one.name, one.labels]))
  const openTo = (group: PodSet): OpenConnections =>
    openConnections(
      direction,
      pod,
      portNames,
      coming,
      ({ set }) => isWithin(group, byName(set), (namespace) => labels.get(namespace)),
      context,
    )
  const entireCluster = openTo(EVERY_POD)
  return {
    direction,
    policed: policies.length > 0,
    isolated: policies.some(({ kind }) => kind === 'NetworkPolicy'),
    entireCluster,
    groups: sets
      .map((set): ExposedGroup => {
        const today = [...context.index.podsIn(set)].map(({ key }) => key).sort()
        return { ...set, ...openTo(set), text: podSetText(set), today }
      })
      .filter((group) => !equalOpen(group, entireCluster)),
  }
}
