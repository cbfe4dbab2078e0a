/**
 * A ReplicaSet for each version of a Deployment's template, and the walk from one to the next (pkg/controller/deployment).
 * Not modelled: proportional scaling during a rollout, progress deadlines, rollback.
 */
import {
  deployments,
  matchesLabelSelector,
  pods,
  replicasets,
  type Condition,
  type Deployment,
  type PodTemplateSpec,
  type ReplicaSet,
} from '../apiserver/index.ts'
import { keyOf, metaKey, WorkQueue } from '../informer/index.ts'
import type { ControllerContext } from './context.ts'
import { controllerReference } from './pod-control.ts'
import { controllerOf, scaledValue, templateHash } from './pod-util.ts'
import { BY_CONTROLLER, indexByController } from './replicaset.ts'

export const TEMPLATE_HASH = 'pod-template-hash'
const REVISION = 'deployment.kubernetes.io/revision'

export function startDeploymentController({ client, informers, clock, onError }: ControllerContext): void {
  const informer = informers.informer(deployments)
  const sets = informers.informer(replicasets)
  const podInformer = informers.informer(pods)
  podInformer.addIndex(BY_CONTROLLER, indexByController)
  sets.addIndex(BY_CONTROLLER, indexByController)
  const queue = new WorkQueue({ clock, work: sync, maxRetries: 15, ...(onError && { onError }) })

  const ownerOf = (object: ReplicaSet) => {
    const owner = controllerOf(object)
    if (owner?.kind === 'Deployment')
      queue.add(metaKey({ namespace: object.metadata.namespace!, name: owner.name }))
  }
  informer.addHandler({
    added: (deployment) => queue.add(keyOf(deployment)),
    updated: (_old, deployment) => queue.add(keyOf(deployment)),
  })
  sets.addHandler({ added: ownerOf, updated: (_old, set) => ownerOf(set), deleted: ownerOf })
  podInformer.addHandler({
    // Recreate waits for the last old pod to go.
    deleted: (pod) => {
      const owner = controllerOf(pod)
      const set = owner && sets.lister.get(owner.name, pod.metadata.namespace)
      if (set !== undefined) ownerOf(set)
    },
  })

  function sync(key: string): void {
    const deployment = informer.lister.getByKey(key)
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return
    const owned = sets.lister
      .byIndex(BY_CONTROLLER, deployment.metadata.uid)
      .filter(({ metadata }) => matchesLabelSelector(deployment.spec.selector, metadata.labels))
    const found = owned.find((set) => sameTemplate(set.spec.template!, deployment.spec.template))
    const old = owned.filter((set) => set !== found)
    if (deployment.spec.paused === true) return updateStatus(deployment, owned, found)

    const recreate = deployment.spec.strategy?.type === 'Recreate'
    if (recreate) {
      for (const set of old) scale(set, 0)
      if (old.some(hasPods)) return updateStatus(deployment, owned, found)
    }
    const current = ensureRevision(deployment, found ?? createSet(deployment, old, recreate), old)
    if (found !== undefined || recreate) roll(deployment, current, old, recreate)
    const all = [...old, current]
    if (isComplete(deployment, current)) cleanUp(deployment, old)
    updateStatus(deployment, all, current)
  }

  /** Also terminating pods count: Recreate never runs two versions at once. */
  function hasPods(set: ReplicaSet): boolean {
    return podInformer.lister.byIndex(BY_CONTROLLER, set.metadata.uid).length > 0
  }

  function createSet(deployment: Deployment, old: readonly ReplicaSet[], recreate: boolean): ReplicaSet {
    const { spec, metadata } = deployment
    const hash = templateHash(spec.template)
    const labels = { ...spec.template.metadata?.labels, [TEMPLATE_HASH]: hash }
    return client.create(replicasets, {
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace!,
        labels,
        annotations: { [REVISION]: String(maxRevision(old) + 1) },
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas: recreate ? spec.replicas! : surgeRoom(deployment, 0, total(old)),
        selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH]: hash } },
        template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
        minReadySeconds: spec.minReadySeconds ?? 0,
      },
    })
  }

  /** A set that comes back (the user went back to an old template) is the newest revision again. */
  function ensureRevision(deployment: Deployment, set: ReplicaSet, old: readonly ReplicaSet[]): ReplicaSet {
    const revision = String(maxRevision(old) + 1)
    let current = set
    if (Number(set.metadata.annotations?.[REVISION] ?? 0) <= maxRevision(old))
      current = client.patch(replicasets, ref(set), { metadata: { annotations: { [REVISION]: revision } } })
    const said = current.metadata.annotations![REVISION]!
    if (deployment.metadata.annotations?.[REVISION] !== said)
      client.patch(deployments, ref(deployment), { metadata: { annotations: { [REVISION]: said } } })
    return current
  }

  function roll(
    deployment: Deployment,
    current: ReplicaSet,
    old: readonly ReplicaSet[],
    recreate: boolean,
  ): void {
    const wanted = deployment.spec.replicas!
    const have = current.spec.replicas!
    if (recreate || have > wanted) return scale(current, wanted)
    if (have < wanted) {
      const room = surgeRoom(deployment, have, total(old) + have)
      if (room > have) return scale(current, room)
    }
    scaleDownOld(deployment, current, old)
  }

  /** Unhealthy old pods first, then as many as availability permits (rolling.go: reconcileOldReplicaSets). */
  function scaleDownOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): void {
    const active = old.filter((set) => set.spec.replicas! > 0)
    if (active.length === 0) return
    const wanted = deployment.spec.replicas!
    const minAvailable = wanted - maxUnavailable(deployment)
    const unavailableNew = current.spec.replicas! - (current.status?.availableReplicas ?? 0)
    let surplus = total(old) + current.spec.replicas! - minAvailable - unavailableNew
    if (surplus <= 0) return
    const left = new Map(active.map((set) => [set, set.spec.replicas!]))
    const byAge = active.toSorted((a, b) => revisionOf(a) - revisionOf(b))
    for (const set of byAge) {
      const unhealthy = left.get(set)! - (set.status?.availableReplicas ?? 0)
      const gone = Math.max(0, Math.min(surplus, unhealthy))
      left.set(set, left.get(set)! - gone)
      surplus -= gone
    }
    const available = [...old, current].reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0)
    // Statuses may be behind the specs: never more than the specs permit.
    let spare = Math.min(available - minAvailable, surplus)
    for (const set of byAge) {
      const gone = Math.max(0, Math.min(spare, left.get(set)!))
      left.set(set, left.get(set)! - gone)
      spare -= gone
    }
    for (const [set, replicas] of left) scale(set, replicas)
  }

  function cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const limit = deployment.spec.revisionHistoryLimit ?? 10
    const idle = old.filter(
      ({ spec, status, metadata }) =>
        spec.replicas === 0 && (status?.replicas ?? 0) === 0 && metadata.deletionTimestamp === undefined,
    )
    for (const set of idle
      .toSorted((a, b) => revisionOf(a) - revisionOf(b))
      .slice(0, Math.max(0, idle.length - limit)))
      client.delete(replicasets, ref(set))
  }

  function scale(set: ReplicaSet, replicas: number): void {
    if (set.spec.replicas === replicas) return
    client.patch(replicasets, ref(set), { spec: { replicas } })
  }

  function updateStatus(
    deployment: Deployment,
    all: readonly ReplicaSet[],
    current: ReplicaSet | undefined,
  ): void {
    const sum = (field: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
      all.reduce((count, { status }) => count + (status?.[field] ?? 0), 0)
    const wanted = deployment.spec.replicas!
    const available = sum('availableReplicas')
    const latest = client.find(deployments, deployment.metadata.name, deployment.metadata.namespace)
    if (latest === undefined || latest.metadata.uid !== deployment.metadata.uid) return
    client.updateStatus(deployments, {
      ...latest,
      status: {
        observedGeneration: deployment.metadata.generation!,
        replicas: sum('replicas'),
        updatedReplicas: current?.status?.replicas ?? 0,
        readyReplicas: sum('readyReplicas'),
        availableReplicas: available,
        unavailableReplicas: Math.max(0, wanted - available),
        conditions: [condition(available >= wanted - maxUnavailable(deployment))],
      },
    })
  }
}

function condition(available: boolean): Condition {
  return available
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

function isComplete({ spec }: Deployment, { status, spec: set }: ReplicaSet): boolean {
  return set.replicas === spec.replicas && (status?.availableReplicas ?? 0) === spec.replicas
}

/** How many replicas the new set may have now, given how many exist in all. */
function surgeRoom(deployment: Deployment, have: number, existing: number): number {
  const wanted = deployment.spec.replicas!
  const surge = scaledValue(deployment.spec.strategy?.rollingUpdate?.maxSurge, wanted, 'up')
  return have + Math.max(0, Math.min(wanted + surge - existing, wanted - have))
}

/** When both shares round to nothing, one pod may be missing: else no rollout would ever move (ResolveFenceposts). */
function maxUnavailable({ spec }: Deployment): number {
  if (spec.strategy?.type === 'Recreate') return 0
  const wanted = spec.replicas!
  const surge = scaledValue(spec.strategy?.rollingUpdate?.maxSurge, wanted, 'up')
  const unavailable = scaledValue(spec.strategy?.rollingUpdate?.maxUnavailable, wanted, 'down')
  return Math.min(wanted, surge === 0 && unavailable === 0 ? 1 : unavailable)
}

function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return templateHash(withoutHash(a)) === templateHash(withoutHash(b))
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

function total(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { spec }) => sum + spec.replicas!, 0)
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? 0)
}

function maxRevision(sets: readonly ReplicaSet[]): number {
  return Math.max(0, ...sets.map(revisionOf))
}

function ref({ metadata }: Deployment | ReplicaSet): { name: string; namespace: string } {
  return { name: metadata.name, namespace: metadata.namespace! }
}
