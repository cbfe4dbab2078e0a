/**
 * As many pods as a ReplicaSet says, or a ReplicationController (pkg/controller/replicaset; pkg/controller/replication
 * gives the same code the other kind).
 */
import {
  compileLabelSelector,
  pods,
  replicasets,
  replicationcontrollers,
  type KindDefinition,
  type KubeObject,
  type LabelSelector,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
} from '../apiserver/index.ts'
import { keyOf, metaKey, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { Expectations } from './expectations.ts'
import { deletePod, podFromTemplate } from './pod-control.ts'
import {
  availableIn,
  controllerOf,
  isControlledBy,
  isPodActive,
  isPodReady,
  podCondition,
} from './pod-util.ts'

/** At most so many pods are made or deleted in one sync (burstReplicas). */
const BURST = 500

/** Index of objects by the uid of what controls them. */
export const BY_CONTROLLER = 'controller'

export function indexByController(object: KubeObject): readonly string[] {
  const owner = controllerOf(object)
  return owner === undefined ? [] : [owner.uid]
}

type Replicated = ReplicaSet | ReplicationController

export function startReplicaSetController(context: ControllerContext): void {
  start(context, replicasets, ({ spec }) => spec.selector)
}

export function startReplicationController(context: ControllerContext): void {
  start(context, replicationcontrollers, ({ spec }) => ({ matchLabels: spec.selector ?? {} }))
}

function start<T extends Replicated>(
  { client, informers, clock, onError }: ControllerContext,
  kind: KindDefinition<T>,
  selectorOf: (set: T) => LabelSelector,
): void {
  const sets = informers.informer(kind)
  const podInformer = informers.informer(pods)
  podInformer.addIndex(BY_CONTROLLER, indexByController)
  const expectations = new Expectations(clock)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })

  sets.addHandler({
    added: (set) => queue.add(keyOf(set)),
    updated: (_old, set) => queue.add(keyOf(set)),
    deleted: (set) => {
      expectations.forget(keyOf(set))
      queue.add(keyOf(set))
    },
  })
  podInformer.addHandler({
    added: (pod) => {
      const key = ownerKey(pod)
      if (key !== undefined) {
        expectations.created(key, pod.metadata.name)
        queue.add(key)
      } else queueAdopters(pod)
    },
    updated: (old, pod) => {
      const key = ownerKey(pod)
      if (key !== undefined) {
        if (pod.metadata.deletionTimestamp !== undefined) expectations.deleted(key, pod.metadata.uid)
        queue.add(key)
      } else queueAdopters(pod)
      const before = ownerKey(old)
      if (before !== undefined && before !== key) queue.add(before)
    },
    deleted: (pod) => {
      const key = ownerKey(pod)
      if (key === undefined) return
      expectations.deleted(key, pod.metadata.uid)
      queue.add(key)
    },
  })

  /** A pod without a controller may be taken over by a set that selects it. */
  function queueAdopters({ metadata }: Pod): void {
    for (const set of sets.lister.inNamespace(metadata.namespace!))
      if (compileLabelSelector(selectorOf(set))(metadata.labels)) queue.add(keyOf(set))
  }

  function sync(key: string): void {
    const set = sets.lister.getByKey(key)
    if (set === undefined) return
    const owned = claim(set)
    const active = owned.filter(isPodActive)
    if (expectations.satisfied(key) && set.metadata.deletionTimestamp === undefined) manage(key, set, active)
    updateStatus(key, set, active)
  }

  /** The set's pods: takes over those without controller that match, lets go of those that no longer match. */
  function claim(set: T): Pod[] {
    const matches = compileLabelSelector(selectorOf(set))
    const mine: Pod[] = []
    for (const pod of podInformer.lister.byIndex(BY_CONTROLLER, set.metadata.uid)) {
      if (matches(pod.metadata.labels)) mine.push(pod)
      else if (pod.metadata.deletionTimestamp === undefined)
        setOwners(
          pod,
          (pod.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== set.metadata.uid),
        )
    }
    if (set.metadata.deletionTimestamp !== undefined) return mine
    for (const pod of podInformer.lister.select(set.metadata.namespace!, matches))
      if (controllerOf(pod) === undefined && isPodActive(pod))
        mine.push(
          setOwners(pod, [
            ...(pod.metadata.ownerReferences ?? []),
            ...(podFromTemplate(set.spec.template!, set).metadata.ownerReferences ?? []),
          ]),
        )
    return mine
  }

  function setOwners({ metadata }: Pod, ownerReferences: Pod['metadata']['ownerReferences']): Pod {
    const { name, namespace = '', uid } = metadata
    const type = 'application/merge-patch+json'
    return client.patch(
      pods,
      { name, namespace },
      { metadata: { uid, ownerReferences: ownerReferences ?? [] } },
      { type },
    )
  }

  function manage(key: string, set: T, active: readonly Pod[]): void {
    const missing = (set.spec.replicas ?? 1) - active.length
    for (let count = Math.min(missing, BURST); count > 0; count--) {
      const pod = client.create(pods, podFromTemplate(set.spec.template!, set))
      expectations.expectCreation(key, pod.metadata.name)
    }
    if (missing >= 0) return
    const related = relatedPods(set)
    const ranks = new Map<string, number>()
    for (const { spec } of related) ranks.set(spec.nodeName ?? '', (ranks.get(spec.nodeName ?? '') ?? 0) + 1)
    const victims = active.toSorted((a, b) => deletionOrder(a, b, ranks)).slice(0, Math.min(-missing, BURST))
    for (const pod of victims) {
      expectations.expectDeletion(key, pod.metadata.uid)
      deletePod(client, pod)
    }
  }

  /** Active pods of all sets with the same owner: where they crowd, one goes first. */
  function relatedPods(set: T): Pod[] {
    const owner = controllerOf(set)
    const family =
      owner === undefined
        ? [set]
        : sets.lister
            .inNamespace(set.metadata.namespace!)
            .filter((other) => controllerOf(other)?.uid === owner.uid)
    return family.flatMap(({ metadata }) =>
      podInformer.lister.byIndex(BY_CONTROLLER, metadata.uid).filter(isPodActive),
    )
  }

  function updateStatus(key: string, set: T, active: readonly Pod[]): void {
    const now = clock.now()
    const { minReadySeconds = 0, template } = set.spec
    const labels = Object.entries(template?.metadata?.labels ?? {})
    const waits = active.map((pod) => availableIn(pod, minReadySeconds, now))
    const soonest = Math.min(...(waits.filter((wait) => wait !== undefined && wait > 0) as number[]))
    if (Number.isFinite(soonest)) queue.addAfter(key, soonest)
    const status = {
      replicas: active.length,
      fullyLabeledReplicas: active.filter(({ metadata }) =>
        labels.every(([name, value]) => metadata.labels?.[name] === value),
      ).length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: waits.filter((wait) => wait === 0).length,
      observedGeneration: set.metadata.generation!,
    }
    client.updateStatus(kind, { ...set, status })
  }

  function ownerKey(pod: Pod): string | undefined {
    const owner = controllerOf(pod)
    if (owner === undefined || owner.kind !== kind.kind) return undefined
    const key = metaKey({ namespace: pod.metadata.namespace!, name: owner.name })
    const set = sets.lister.getByKey(key)
    return set !== undefined && isControlledBy(pod, set) ? key : undefined
  }
}

const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/** Which of two pods goes first when there are too many (controller_utils.go: ActivePodsWithRanks). */
function deletionOrder(a: Pod, b: Pod, ranks: ReadonlyMap<string, number>): number {
  const cost = (pod: Pod) =>
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0)
  const rank = (pod: Pod) => ranks.get(pod.spec.nodeName ?? '') ?? 0
  const readySince = (pod: Pod) => podCondition(pod, 'Ready')?.lastTransitionTime ?? ''
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    (PHASE_ORDER[a.status?.phase ?? ''] ?? 0) - (PHASE_ORDER[b.status?.phase ?? ''] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    cost(a) - cost(b) ||
    rank(b) - rank(a) ||
    compare(readySince(b), readySince(a)) ||
    compare(b.metadata.creationTimestamp, a.metadata.creationTimestamp) ||
    compare(a.metadata.name, b.metadata.name)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
