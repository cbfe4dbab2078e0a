/** A difference that can be looked for in another cluster: the same question, differing in the same way. */
import type { Cluster } from '../../cluster/cluster.ts'
import { isRunning, type ClusterView } from '../../cluster/view.ts'
import { podsOf, topOwner } from '../../cluster/workload.ts'
import type { Endpoint } from '../../policy/evaluate/index.ts'
import { checkEnforcement, describeDifference, type Difference } from '../../testing/enforcement/check.ts'
import {
  checkServices,
  formatServiceDifference,
  type ServiceDifference,
} from '../../testing/enforcement/services.ts'

export interface Found {
  /** The packet, both answers, and the packet's way. */
  describe(): string
  /** Undefined: the other cluster does not differ so. */
  again(other: Cluster): Found | undefined
}

export function policyDifference(cluster: Cluster, difference: Difference): Found {
  const { kind, question } = difference
  const from = whoIs(cluster.view, question.from)
  const to = whoIs(cluster.view, question.to)
  return {
    describe: () => describeDifference(difference, cluster),
    again: (other) => {
      const source = findAgain(other.view, from)
      const target = findAgain(other.view, to)
      if (source === undefined || target === undefined) return undefined
      const { differences } = checkEnforcement(other, [{ ...question, from: source, to: target }])
      const same = differences.find((one) => one.kind === kind)
      return same === undefined ? undefined : policyDifference(other, same)
    },
  }
}

/** Whoever asks: who is left has another address, and the Service may have, too. */
export function serviceDifference(cluster: Cluster, difference: ServiceDifference): Found {
  const { kind, to } = difference
  return {
    describe: () => `${kind}: ${formatServiceDifference(difference, cluster)}`,
    again: (other) => {
      const { differences } = checkServices(other, { service: to })
      const same = differences.find((one) => one.kind === kind)
      return same === undefined ? undefined : serviceDifference(other, same)
    },
  }
}

/** An end by what made it: names of a Deployment's pods are drawn, and others in another cluster. */
interface Who {
  readonly endpoint: Endpoint
  readonly workload?: {
    readonly kind: string
    readonly namespace: string
    readonly name: string
    readonly index: number
  }
}

function whoIs(view: ClusterView, endpoint: Endpoint): Who {
  if (endpoint.kind !== 'pod') return { endpoint }
  const { namespace, name } = endpoint
  const pod = view.pods().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  if (pod === undefined) return { endpoint }
  const owner = topOwner(view, pod)
  if (owner.kind === 'Pod') return { endpoint }
  const index = podsOf(view, owner.kind, namespace, owner.name).indexOf(pod)
  return { endpoint, workload: { ...owner, namespace, index } }
}

function findAgain(view: ClusterView, { endpoint, workload }: Who): Endpoint | undefined {
  if (endpoint.kind !== 'pod') return endpoint
  const pods = view.pods().filter(isRunning)
  const pod =
    workload === undefined
      ? pods.find(
          ({ metadata }) => metadata.namespace === endpoint.namespace && metadata.name === endpoint.name,
        )
      : podsOf(view, workload.kind, workload.namespace, workload.name)[workload.index]
  if (pod === undefined || !isRunning(pod)) return undefined
  return { kind: 'pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }
}
