/** Pods grouped by what made them: the Deployment behind a ReplicaSet, a StatefulSet, or the pod itself. */
import type { KubeObject, OwnerReference, Pod } from '../apiserver/types/index.ts'
import { FORMER_CONTROLLER } from './manifests/dump.ts'
import { byName, isRunning, type ClusterView } from './view.ts'

export interface Workload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** `namespace/name`, with ` [Kind]` behind it where two kinds share a name. */
  readonly label: string
  /** Running pods, by name. */
  readonly pods: readonly Pod[]
}

export function workloads(view: ClusterView): Workload[] {
  const groups = new Map<string, { kind: string; namespace: string; name: string; pods: Pod[] }>()
  for (const pod of view.pods()) {
    if (!isRunning(pod)) continue
    const { kind, name } = topOwner(view, pod)
    const namespace = pod.metadata.namespace ?? ''
    const key = `${namespace}/${name}/${kind}`
    const group = groups.get(key) ?? { kind, namespace, name, pods: [] }
    group.pods.push(pod)
    groups.set(key, group)
  }
  const all = [...groups.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const shared = new Map<string, number>()
  for (const { namespace, name } of all) {
    const label = `${namespace}/${name}`
    shared.set(label, (shared.get(label) ?? 0) + 1)
  }
  return all.map(({ kind, namespace, name, pods }) => {
    const label = `${namespace}/${name}`
    return {
      kind,
      namespace,
      name,
      label: (shared.get(label) ?? 0) > 1 ? `${label} [${kind}]` : label,
      pods: pods.sort(byName),
    }
  })
}

/** Workloads of which no pod runs, and that are not done: by kind, namespace and name. */
export function idleWorkloads(view: ClusterView): Pick<Workload, 'kind' | 'namespace' | 'name'>[] {
  const running = new Set(workloads(view).map(keyOf))
  const waiting = view
    .pods()
    .filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed')
    .map((pod) => ({ ...topOwner(view, pod), namespace: pod.metadata.namespace ?? '' }))
  const all = [
    ...view
      .controllers()
      .filter(({ metadata }) => !metadata.ownerReferences?.some(({ controller }) => controller === true))
      .map(({ kind, metadata: { namespace = '', name } }) => ({ kind, namespace, name })),
    ...waiting,
  ]
  const idle = new Map(all.map((one) => [keyOf(one), one]))
  for (const key of running) idle.delete(key)
  const rank = (one: Pick<Workload, 'kind' | 'namespace' | 'name'>): string => `${one.kind} ${keyOf(one)}`
  return [...idle.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}

function keyOf({ namespace, name, kind }: { namespace: string; name: string; kind: string }): string {
  return `${namespace}/${name}/${kind}`
}

/** Follows controller references upwards: pod, ReplicaSet, Deployment. */
export function topOwner(view: ClusterView, pod: Pod): { kind: string; name: string } {
  let top: { kind: string; name: string } = { kind: 'Pod', name: pod.metadata.name }
  let object: KubeObject | undefined = pod
  for (let depth = 0; object !== undefined && depth < 8; depth++) {
    const owner: OwnerReference | undefined = object.metadata.ownerReferences?.find(
      ({ controller }) => controller === true,
    )
    if (owner === undefined) {
      const [kind, name] = object.metadata.annotations?.[FORMER_CONTROLLER]?.split('/') ?? []
      if (kind !== undefined && name !== undefined) top = { kind, name }
      break
    }
    top = { kind: owner.kind, name: owner.name }
    object = view.get(owner.kind, object.metadata.namespace ?? '', owner.name)
  }
  return top
}

/** The pods of a workload, owned directly or through a ReplicaSet; by name. */
export function podsOf(view: ClusterView, kind: string, namespace: string, name: string): Pod[] {
  return view
    .pods()
    .filter((pod) => {
      if (pod.metadata.namespace !== namespace) return false
      const direct = pod.metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.name === name)
      if (direct === true) return true
      const top = topOwner(view, pod)
      return top.kind === kind && top.name === name
    })
    .sort(byName)
}
