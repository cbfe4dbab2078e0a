/**
 * Things that are written correctly and mean nothing: a selector that selects no pod, a port that nobody listens on, a
 * pod that has no node. Looked at once the cluster has settled, named with the place where they are written.
 */
import {
  compileLabelSelector,
  formatLabelSelector,
  type LabelSelector,
  type Pod,
  type Service,
} from '../../apiserver/index.ts'
import { isRunning, podSockets, type ClusterView } from '../view.ts'
import { topOwner } from '../workload.ts'
import type { PlaceOf, Warning } from './kinds.ts'
import { policyWarnings } from './policy-warnings.ts'

export function selectorWarnings(view: ClusterView, placeOf: PlaceOf): Warning[] {
  return [
    ...view.services().flatMap((service) => serviceWarnings(view, service, placeOf)),
    ...policyWarnings(view, placeOf),
    ...podWarnings(view, placeOf),
  ]
}

function serviceWarnings(view: ClusterView, service: Service, placeOf: PlaceOf): Warning[] {
  const { namespace, name } = service.metadata
  const { selector, type, ports = [] } = service.spec
  const place = placeOf('Service', namespace, name)
  if (place === undefined || type === 'ExternalName' || selector === undefined) return []
  const matches = compileLabelSelector({ matchLabels: selector })
  const selected = view
    .pods()
    .filter(({ metadata }) => metadata.namespace === namespace && matches(metadata.labels))
  if (selected.length === 0) {
    return [nothing(`Service ${name}`, { matchLabels: selector }, place('spec.selector'))]
  }
  return ports.flatMap(({ targetPort, port, protocol = 'TCP' }, index) => {
    const target = targetPort ?? port
    if (selected.some((pod) => listens(pod, target, protocol))) return []
    const field = `spec.ports[${index}].${targetPort === undefined ? 'port' : 'targetPort'}`
    return [
      {
        message: `no pod that Service ${name} selects has a ${protocol} port ${target}`,
        place: place(field),
      },
    ]
  })
}

function listens(pod: Pod, target: number | string, protocol: string): boolean {
  if (typeof target === 'string') {
    return pod.spec.containers.some(({ ports = [] }) =>
      ports.some((port) => port.name === target && (port.protocol ?? 'TCP') === protocol),
    )
  }
  return podSockets(pod).some(({ port, protocol: its }) => port === target && its === protocol.toLowerCase())
}

/** Pods that wait and will not stop waiting, once a workload. */
function podWarnings(view: ClusterView, placeOf: PlaceOf): Warning[] {
  const workloads = new Map<string, { readonly kind: string; readonly pods: Pod[]; readonly idle: Pod[] }>()
  for (const pod of view.pods()) {
    const { kind, name } = topOwner(view, pod)
    const key = `${kind} ${pod.metadata.namespace ?? ''}/${name}`
    const workload = workloads.get(key) ?? { kind, pods: [], idle: [] }
    workloads.set(key, workload)
    workload.pods.push(pod)
    if (isIdle(pod)) workload.idle.push(pod)
  }
  return [...workloads].flatMap(([key, { kind, pods, idle }]) => {
    if (idle.length === 0) return []
    const [namespace, name = ''] = key.slice(kind.length + 1).split('/')
    const who =
      kind === 'Pod' ? `pod ${namespace}/${name} does` : `${idle.length} of ${pods.length} pods of ${key} do`
    const reasons = [...new Set(idle.flatMap(reasonOf))].join('; ')
    return [
      {
        message: `${who} not run${reasons === '' ? '' : `: ${reasons}`}`,
        place: placeOf(kind, namespace, name)?.() ?? {},
      },
    ]
  })
}

function isIdle(pod: Pod): boolean {
  const { metadata, status } = pod
  return (
    metadata.deletionTimestamp === undefined && !isRunning(pod) && (status?.phase ?? 'Pending') === 'Pending'
  )
}

/** What the scheduler or the kubelet says about it. */
function reasonOf({ status }: Pod): string[] {
  return (status?.conditions ?? [])
    .filter(({ status: met, message }) => met === 'False' && message !== undefined)
    .map(({ message = '' }) => message)
}

function nothing(who: string, selector: LabelSelector, place: Warning['place']): Warning {
  const written = formatLabelSelector(selector)
  return { message: `the selector of ${who}${written === '' ? '' : ` (${written})`} matches no pod`, place }
}
