/**
 * Connections to Services, packets against the evaluator. Which backend a packet was sent on to is seen where it
 * arrived; where it was dropped, some backend must be denied.
 */
import { REASON_NETFILTER_DROP } from '../../abi/reason.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { ReferenceAnswer, ReferencePath } from '../../cluster/policy/answer.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { serviceAddresses } from '../../cluster/view.ts'
import { reasonText, type Attempt, type AttemptResult } from '../../engine/index.ts'
import { hasArrived } from './check.ts'
import { endsOf } from './ends.ts'

export interface ServiceReport {
  readonly checked: number
  readonly differences: readonly ServiceDifference[]
}

export interface ServiceDifference {
  readonly from: string
  /** `namespace/svc/name`. */
  readonly to: string
  readonly address: string
  readonly port: number
  readonly protocol: string
  /** Some backend may be reached. */
  readonly allowed: boolean
  /** What the packet met instead. */
  readonly wrong: string
  /** Why, in the evaluator's words. */
  readonly reason: string
}

interface Asked {
  readonly from: string
  readonly to: string
  readonly attempt: Attempt
  readonly answer: ReferenceAnswer
}

/** Every pod and node to every address and port of every Service, in both families. */
export function checkServices(cluster: Cluster): ServiceReport {
  const ends = endsOf(cluster.view).filter(({ endpoint }) => endpoint.kind !== 'address')
  const asked = cluster.view.services().flatMap((service) =>
    serviceAddresses(service).flatMap((destination) =>
      (service.spec.ports ?? []).flatMap(({ port, protocol: name = 'TCP' }) =>
        ends.flatMap(({ label, netns, addresses }): Asked[] => {
          const source = addresses.find((address) => familyOf(address) === familyOf(destination))
          if (source === undefined) return []
          const protocol = name.toLowerCase() as 'tcp' | 'udp' | 'sctp'
          const answer = cluster.reference({ from: label, to: destination, port, protocol })
          const attempt = { netns, protocol, source, sourcePort: 39_996, destination, destinationPort: port }
          const { namespace = '', name: serviceName } = service.metadata
          return [{ from: label, to: `${namespace}/svc/${serviceName}`, attempt, answer }]
        }),
      ),
    ),
  )
  const results = cluster.probe(
    asked.map(({ attempt }) => attempt),
    { forget: true },
  )
  const differences = asked.flatMap(({ from, to, attempt, answer }, index): ServiceDifference[] => {
    const result = results[index]
    const wrong = result === undefined ? 'has no result' : judge(answer, result)
    if (wrong === undefined) return []
    const { protocol, destination: address, destinationPort: port } = attempt
    const allowed = answer.paths.some((path) => path.allowed)
    return [{ from, to, address, port, protocol, allowed, wrong, reason: answer.reason }]
  })
  return { checked: asked.length, differences }
}

/** Two lines: what the packet met, and what policies say. */
export function formatServiceDifference(difference: ServiceDifference): string {
  const { from, to, address, port, protocol, wrong, reason } = difference
  return `${from} → ${to} (${address}) ${port}/${protocol}: ${wrong}\n  policies: ${reason}`
}

/** What is wrong, if anything. */
function judge({ paths }: ReferenceAnswer, observed: AttemptResult): string | undefined {
  const open = paths.filter(({ obstacle }) => obstacle === undefined)
  if (hasArrived(observed)) {
    const taken = open.filter((path) => leadsTo(path, observed))
    if (taken.length === 0) return `arrived at ${seenText(observed)}, which no path leads to`
    if (!taken.some(({ allowed }) => allowed)) return `let through to ${seenText(observed)}`
    return observed.reply === 'none' ? `the answer of ${seenText(observed)} was lost` : undefined
  }
  if (observed.verdict === 'dropped' && observed.reason === REASON_NETFILTER_DROP) {
    // Without any backend nothing arrives, and whether policies or kube-proxy refuse it first is no difference.
    const denied = open.length === 0 || open.some(({ allowed }) => !allowed)
    return denied ? undefined : 'dropped, and every backend is allowed'
  }
  return open.length === 0 ? undefined : `ended by something else: ${reasonText(observed.reason)}`
}

function leadsTo({ backend }: ReferencePath, { seen }: AttemptResult): boolean {
  if (backend === undefined || seen === undefined) return backend === undefined
  return backend.ip === seen.destination && backend.port === seen.destinationPort
}

function seenText({ seen }: AttemptResult): string {
  return seen === undefined ? 'its end' : `${seen.destination}:${seen.destinationPort}`
}
