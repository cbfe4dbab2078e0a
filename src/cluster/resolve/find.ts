/** Finding what a name means, with a suggestion when there is no such thing. */
import type { Node, Pod, Service } from '../../apiserver/types/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { suggest, type Reference } from '../reference.ts'
import { isRunning, podAddresses, type ClusterView } from '../view.ts'
import { podsOf } from '../workload.ts'

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

export function findPod(
  view: ClusterView,
  who: Exclude<Reference, { kind: 'node' } | { kind: 'address' }>,
  field: string,
  /** Whom a workload is asked not to mean as long as it has another running pod. */
  other?: { readonly namespace: string; readonly name: string },
): Pod {
  const { kind, namespace, name } = who
  const pods = view.pods()
  const found =
    kind === 'pod'
      ? (pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name) ??
        numberedPod(view, namespace, name))
      : choose(podsOf(view, kind, namespace, name).filter(isRunning), other)
  if (found === undefined) {
    const names =
      kind === 'pod'
        ? pods.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)
        : [...new Set(pods.flatMap((pod) => ownersOf(view, pod, kind)))]
    throw new Problem(
      kind === 'pod'
        ? `there is no pod ${namespace}/${name}${suggest(`${namespace}/${name}`, names)}`
        : `there is no ${kind} ${namespace}/${name} with a running pod${suggest(`${namespace}/${name}`, names)}`,
      { field },
    )
  }
  if (!isRunning(found)) {
    const phase = found.status?.phase ?? 'Pending'
    throw new Problem(
      `pod ${namespace}/${found.metadata.name} is ${phase}${found.status?.message === undefined ? '' : ` (${found.status.message})`}: it has no network`,
      { field },
    )
  }
  return found
}

function choose(
  pods: readonly Pod[],
  other: { readonly namespace: string; readonly name: string } | undefined,
): Pod | undefined {
  const isOther = ({ metadata }: Pod): boolean =>
    metadata.namespace === other?.namespace && metadata.name === other?.name
  return pods.find((pod) => !isOther(pod)) ?? pods[0]
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
