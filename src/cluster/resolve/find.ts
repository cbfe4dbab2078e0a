/** Finding what a name means, with a suggestion when there is no such thing. */
import type { KubeObject, Node, Pod, Service } from '../../apiserver/types/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { suggest, type Reference } from '../reference.ts'
import { isRunning, podAddresses, type ClusterView } from '../view.ts'
import { idleWorkloads, podsOf, workloads, type Workload } from '../workload.ts'

export function podWith(view: ClusterView, address: string): Pod | undefined {
  return view
    .pods()
    .find(
      (pod) => pod.spec.hostNetwork !== true && isRunning(pod) && podAddresses(pod.status).includes(address),
    )
}

export function findNode(view: ClusterView, name: string, field: string): Node {
  const nodes = view.nodes()
  const node = nodes.find(({ metadata }) => metadata.name === name)
  if (node !== undefined) return node
  const names = nodes.map(({ metadata }) => `node/${metadata.name}`)
  throw new Problem(`there is no node ${name}${suggest(`node/${name}`, names)}`, { field })
}

export function findService(view: ClusterView, namespace: string, name: string, field: string): Service {
  const services = view.services()
  const service = services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (service !== undefined) return service
  const names = services.map(({ metadata }) => `${metadata.namespace ?? ''}/svc/${metadata.name}`)
  throw new Problem(`there is no Service ${namespace}/${name}${suggest(`${namespace}/svc/${name}`, names)}`, {
    field,
  })
}

type Named = Exclude<Reference, { kind: 'node' } | { kind: 'address' }>

export function findPod(
  view: ClusterView,
  who: Named,
  field: string,
  /** Whom a workload is asked not to mean as long as it has another running pod. */
  other?: { readonly namespace: string; readonly name: string },
): Pod {
  const { pods } = findPods(view, who, field)
  const isOther = ({ metadata }: Pod): boolean =>
    metadata.namespace === other?.namespace && metadata.name === other?.name
  return pods.find((pod) => !isOther(pod)) ?? pods[0]
}

export interface FoundPods {
  /** Absent where a pod was named. */
  readonly workload?: Pick<Workload, 'kind' | 'namespace' | 'name'>
  /** Running. Of a workload all, by name. */
  readonly pods: readonly [Pod, ...Pod[]]
}

/** A pod, or the pods of a workload, which may be named as a pod is where there is no such pod. */
export function findPods(view: ClusterView, who: Named, field: string): FoundPods {
  const { kind, namespace, name } = who
  if (kind !== 'pod') return runningPods(view, { kind, namespace, name }, field)
  const pods = view.pods()
  const pod =
    pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ??
    numberedPod(view, namespace, name)
  if (pod === undefined) {
    const named = kindsNamed(view, namespace, name)
    const [only, another] = named
    if (only !== undefined && another === undefined && who.exactly !== true) {
      return runningPods(view, { kind: only, namespace, name }, field)
    }
    const names = pods.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)
    const meant =
      only === undefined
        ? suggest(`${namespace}/${name}`, names)
        : `; did you mean ${named.map((its) => `${namespace}/${name}[${its}]`).join(' or ')}?`
    throw new Problem(`there is no pod ${namespace}/${name}${meant}`, { field })
  }
  if (!isRunning(pod)) {
    const { phase = 'Pending', message } = pod.status ?? {}
    const why = message === undefined ? '' : ` (${message})`
    throw new Problem(`pod ${namespace}/${pod.metadata.name} is ${phase}${why}: it has no network`, { field })
  }
  return { pods: [pod] }
}

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } }

function runningPods(
  view: ClusterView,
  workload: Pick<Workload, 'kind' | 'namespace' | 'name'>,
  field: string,
): FoundPods {
  const { kind, namespace, name } = workload
  const all = podsOf(view, kind, namespace, name)
  const [first, ...others] = all.filter(isRunning)
  if (first !== undefined) return { workload, pods: [first, ...others] }
  const label = `${kind} ${namespace}/${name}`
  const object = view.get(kind, namespace, name) as Scaled | undefined
  if (all.length > 0 || object !== undefined) {
    throw new Problem(`${label} has ${object?.spec?.replicas === 0 ? 'no replicas' : 'no running pod'}`, {
      field,
    })
  }
  const names = view.pods().flatMap((pod) => ownersOf(view, pod, kind))
  throw new Problem(`there is no ${label}${suggest(`${namespace}/${name}`, [...new Set(names)])}`, { field })
}

/** Of the workloads of that name, with pods or without. */
function kindsNamed(view: ClusterView, namespace: string, name: string): string[] {
  const all = [...workloads(view), ...idleWorkloads(view)]
  return all.filter((one) => one.namespace === namespace && one.name === name).map(({ kind }) => kind)
}

/** `web-0`, `web-1` … of a Deployment `web`, whose pods have random names: the first, the second … by name. */
function numberedPod(view: ClusterView, namespace: string, name: string): Pod | undefined {
  const match = /^(.+)-(\d+)$/.exec(name)
  if (match === null) return undefined
  const [, workload = '', index] = match
  for (const kind of ['Deployment', 'ReplicaSet', 'ReplicationController', 'DaemonSet', 'Job', 'CronJob']) {
    const pods = podsOf(view, kind, namespace, workload)
    if (pods.length > 0) return pods[Number(index)]
  }
  return undefined
}

function ownersOf(view: ClusterView, pod: Pod, kind: string): string[] {
  const namespace = pod.metadata.namespace ?? ''
  for (const owner of pod.metadata.ownerReferences ?? []) {
    if (owner.kind === kind) return [`${namespace}/${owner.name}`]
    const above = view
      .get(owner.kind, namespace, owner.name)
      ?.metadata.ownerReferences?.find((top) => top.kind === kind)
    if (above !== undefined) return [`${namespace}/${above.name}`]
  }
  return []
}
