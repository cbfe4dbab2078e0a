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
import type { PlaceOf, Warning } from './kinds.ts'
import { policyWarnings } from './policy-warnings.ts'

export function selectorWarnings(view: ClusterView, placeOf: PlaceOf): Warning[] {
  return [
    ...view.services().flatMap((service) => serviceWarnings(view, service, placeOf)),
    ...policyWarnings(view, placeOf),
    ...view.pods().flatMap((pod) => podWarnings(pod, placeOf)),
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

function podWarnings(pod: Pod, placeOf: PlaceOf): Warning[] {
  const { namespace, name, deletionTimestamp } = pod.metadata
  const warnings: Warning[] = []
  const label = `pod ${namespace ?? ''}/${name}`
  const place = placeOf('Pod', namespace, name)
  if (deletionTimestamp === undefined && !isRunning(pod) && (pod.status?.phase ?? 'Pending') === 'Pending') {
    const unscheduled = pod.status?.conditions?.find(
      ({ type, status }) => type === 'PodScheduled' && status === 'False',
    )
    warnings.push({
      message: `${label} does not run${unscheduled?.message === undefined ? '' : `: ${unscheduled.message}`}`,
      place: place?.() ?? {},
    })
  }
  return warnings
}

function nothing(who: string, selector: LabelSelector, place: Warning['place']): Warning {
  const written = formatLabelSelector(selector)
  return { message: `the selector of ${who}${written === '' ? '' : ` (${written})`} matches no pod`, place }
}
