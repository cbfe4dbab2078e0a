/** The status of a pod as a kubelet reports it (pkg/kubelet: kubelet_pods.go, status/generate.go). */
import type { Condition, Container, ContainerStatus, Pod } from '../apiserver/index.ts'

export interface RunningState {
  readonly pod: Pod
  readonly network: { readonly ips: readonly string[] }
  readonly hostIPs: readonly string[]
  readonly startTime: string
  readonly ready: boolean
  readonly readySince: string
}

export function runningStatus({
  pod,
  network,
  hostIPs,
  startTime,
  ready,
  readySince,
}: RunningState): NonNullable<Pod['status']> {
  const gates = pod.spec.readinessGates ?? []
  const own = pod.status?.conditions ?? []
  const open = gates.every(({ conditionType }) =>
    own.some(({ type, status }) => type === conditionType && status === 'True'),
  )
  const names = pod.spec.containers.map(({ name }) => name)
  const unready = `containers with unready status: [${names.join(' ')}]`
  return {
    ...pod.status,
    phase: 'Running',
    conditions: [
      ...keep(own, ['Initialized', 'Ready', 'ContainersReady', 'PodReadyToStartContainers', 'PodScheduled']),
      condition('PodReadyToStartContainers', true, startTime),
      condition('Initialized', true, startTime),
      ready && !open
        ? condition(
            'Ready',
            false,
            readySince,
            'ReadinessGatesNotReady',
            'the pod has readiness gates that are not open',
          )
        : condition('Ready', ready, readySince, 'ContainersNotReady', unready),
      condition('ContainersReady', ready, readySince, 'ContainersNotReady', unready),
      own.find(({ type }) => type === 'PodScheduled') ?? condition('PodScheduled', true, startTime),
    ],
    ...(hostIPs.length > 0 && { hostIP: hostIPs[0]!, hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(network.ips.length > 0 && { podIP: network.ips[0]!, podIPs: network.ips.map((ip) => ({ ip })) }),
    startTime,
    containerStatuses: pod.spec.containers.map((container) =>
      containerStatus(container, ready, { running: { startedAt: startTime } }),
    ),
  }
}

/** After the last process ended because it was told to. */
export function stoppedStatus(pod: Pod, now: string): NonNullable<Pod['status']> {
  const own = pod.status?.conditions ?? []
  return {
    ...pod.status,
    phase: 'Succeeded',
    conditions: own.map((was) =>
      was.type === 'Ready' || was.type === 'ContainersReady'
        ? condition(
            was.type,
            false,
            was.status === 'False' ? (was.lastTransitionTime ?? now) : now,
            'PodCompleted',
            '',
          )
        : was,
    ),
    containerStatuses: pod.spec.containers.map((container) =>
      containerStatus(container, false, {
        terminated: { exitCode: 0, reason: 'Completed', finishedAt: now },
      }),
    ),
  }
}

function condition(type: string, met: boolean, since: string, reason = '', message = ''): Condition {
  return {
    type,
    status: met ? 'True' : 'False',
    ...(!met && reason !== '' && { reason }),
    ...(!met && message !== '' && { message }),
    lastTransitionTime: since,
  }
}

function keep(conditions: readonly Condition[], but: readonly string[]): readonly Condition[] {
  return conditions.filter(({ type }) => !but.includes(type))
}

function containerStatus(
  { name, image = '' }: Container,
  ready: boolean,
  state: ContainerStatus['state'],
): ContainerStatus {
  return { name, ready, started: ready, restartCount: 0, image, imageID: '', ...(state && { state }) }
}
