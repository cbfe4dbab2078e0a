/**
 * Pods with names and an order (pkg/controller/statefulset). Not modelled: volume claims, and ControllerRevisions: a pod
 * below the partition that must be made anew gets the newest template.
 */
import { pods, statefulsets, type New, type Pod, type StatefulSet } from '../apiserver/index.ts'
import { keyOf, metaKey, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { deletePod, podFromTemplate } from './pod-control.ts'
import {
  availableIn,
  controllerOf,
  isControlledBy,
  isPodReady,
  isPodTerminal,
  templateHash,
} from './pod-util.ts'
import { BY_CONTROLLER, indexByController } from './replicaset.ts'

const HASH = 'controller-revision-hash'

export function startStatefulSetController({ client, informers, clock, onError }: ControllerContext): void {
  const sets = informers.informer(statefulsets)
  const podInformer = informers.informer(pods)
  podInformer.addIndex(BY_CONTROLLER, indexByController)
  const queue = new WorkQueue({ clock, work: sync, ...(onError && { onError }) })

  sets.addHandler({ added: (set) => queue.add(keyOf(set)), updated: (_old, set) => queue.add(keyOf(set)) })
  const queueOwner = (pod: Pod) => {
    const owner = controllerOf(pod)
    if (owner?.kind === 'StatefulSet')
      queue.add(metaKey({ namespace: pod.metadata.namespace!, name: owner.name }))
  }
  podInformer.addHandler({ added: queueOwner, updated: (_old, pod) => queueOwner(pod), deleted: queueOwner })

  function sync(key: string): void {
    const set = sets.lister.getByKey(key)
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return
    const hash = `${set.metadata.name}-${templateHash(set.spec.template)}`
    const owned = podInformer.lister
      .byIndex(BY_CONTROLLER, set.metadata.uid)
      .filter((pod) => isControlledBy(pod, set))
    manage(set, hash, owned)
    updateStatus(key, set, hash, owned)
  }

  /** One step towards what is wanted; the next follows when its effect is seen. */
  function manage(set: StatefulSet, hash: string, owned: readonly Pod[]): void {
    const start = set.spec.ordinals?.start ?? 0
    const end = start + (set.spec.replicas ?? 1)
    const parallel = set.spec.podManagementPolicy === 'Parallel'
    const byOrdinal = new Map(owned.map((pod) => [ordinalOf(pod), pod]))

    for (let ordinal = start; ordinal < end; ordinal++) {
      const pod = byOrdinal.get(ordinal)
      if (pod === undefined) create(set, ordinal, hash)
      else if (isPodTerminal(pod)) deletePod(client, pod)
      else if (isHealthy(set, pod)) continue
      if (!parallel) return
    }

    const surplus = owned
      .filter((pod) => ordinalOf(pod) < start || ordinalOf(pod) >= end)
      .toSorted((a, b) => ordinalOf(b) - ordinalOf(a))
    for (const pod of surplus) {
      if (pod.metadata.deletionTimestamp === undefined) deletePod(client, pod)
      if (!parallel) return
    }

    if (set.spec.updateStrategy?.type !== 'RollingUpdate') return
    const partition = set.spec.updateStrategy.rollingUpdate?.partition ?? 0
    for (let ordinal = end - 1; ordinal >= Math.max(start, partition); ordinal--) {
      const pod = byOrdinal.get(ordinal)
      if (pod === undefined) return
      if (pod.metadata.labels?.[HASH] !== hash) {
        if (pod.metadata.deletionTimestamp === undefined) deletePod(client, pod)
        return
      }
      if (!isHealthy(set, pod)) return
    }
  }

  function isHealthy({ spec }: StatefulSet, pod: Pod): boolean {
    return (
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.phase === 'Running' &&
      availableIn(pod, spec.minReadySeconds ?? 0, clock.now()) === 0
    )
  }

  function create(set: StatefulSet, ordinal: number, hash: string): void {
    // The copy may be behind: a pod that stops still has the name.
    const name = `${set.metadata.name}-${ordinal}`
    if (client.find(pods, name, set.metadata.namespace) === undefined)
      client.create(pods, podFor(set, name, ordinal, hash))
  }

  function updateStatus(key: string, set: StatefulSet, hash: string, owned: readonly Pod[]): void {
    const live = owned.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    const waits = live.map((pod) => availableIn(pod, set.spec.minReadySeconds ?? 0, clock.now()))
    const soonest = Math.min(...(waits.filter((wait) => wait !== undefined && wait > 0) as number[]))
    if (Number.isFinite(soonest)) queue.addAfter(key, soonest)
    const updated = live.filter(({ metadata }) => metadata.labels?.[HASH] === hash).length
    const done = updated === live.length && live.length === (set.spec.replicas ?? 1)
    const before = done ? hash : (set.status?.currentRevision ?? hash)
    client.updateStatus(statefulsets, {
      ...set,
      status: {
        observedGeneration: set.metadata.generation!,
        replicas: owned.length,
        readyReplicas: live.filter(isPodReady).length,
        availableReplicas: waits.filter((wait) => wait === 0).length,
        currentReplicas: live.filter(({ metadata }) => metadata.labels?.[HASH] === before).length,
        updatedReplicas: updated,
        currentRevision: before,
        updateRevision: hash,
      },
    })
  }
}

function podFor(set: StatefulSet, name: string, ordinal: number, hash: string): New<Pod> {
  const { template, serviceName } = set.spec
  const pod = podFromTemplate(template, set)
  const { generateName: _base, ...metadata } = pod.metadata
  return {
    metadata: {
      ...metadata,
      name,
      labels: {
        ...metadata.labels,
        [HASH]: hash,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
      },
    },
    spec: { ...pod.spec, hostname: name, ...(serviceName && { subdomain: serviceName }) },
  }
}

function ordinalOf({ metadata }: Pod): number {
  return Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? -1)
}
