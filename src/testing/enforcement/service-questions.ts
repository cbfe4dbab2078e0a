/**
 * Connections to Services that can be asked about in a live cluster: every pod, node and host outside, to every address
 * that means the Service (its own, those that somebody announces, and every node's where it has a node port), or a
 * sample of these.
 */
import type { Service, ServicePort } from '../../apiserver/types/index.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { nodeAddresses, serviceAddresses, type ClusterView } from '../../cluster/view.ts'
import { Random } from '../../sim/random.ts'
import { endsOf, type End } from './ends.ts'
import type { AskedPort } from './ports.ts'

export interface ServiceSelection {
  /** `namespace/svc/name`. Default: every Service. */
  readonly service?: string
  /** At most so many, drawn by `seed`. Default: all. */
  readonly limit?: number
  /** Default 1. */
  readonly seed?: number
}

export interface ServiceQuestion {
  readonly from: End
  /** Of `from`, in the family of `address`. */
  readonly source: string
  /** `namespace/svc/name`. */
  readonly to: string
  readonly address: string
  readonly port: number
  readonly protocol: AskedPort['protocol']
  /** The same client gets the same backend every time. */
  readonly sticky: boolean
}

export function serviceQuestionsOf(
  view: ClusterView,
  { service: only, limit = Infinity, seed = 1 }: ServiceSelection = {},
): ServiceQuestion[] {
  const ends = endsOf(view)
  const questions = view
    .services()
    .filter((service) => only === undefined || labelOf(service) === only)
    .flatMap((service) => questionsAbout(service, view, ends))
  return questions.length <= limit ? questions : sample(questions, limit, new Random(seed))
}

/** None twice. */
function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  const left = [...items]
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)).flat()
}

function labelOf({ metadata }: Service): string {
  return `${metadata.namespace ?? ''}/svc/${metadata.name}`
}

function questionsAbout(service: Service, view: ClusterView, ends: readonly End[]): ServiceQuestion[] {
  const { spec } = service
  const to = labelOf(service)
  const sticky = spec.sessionAffinity === 'ClientIP'
  return (spec.ports ?? []).flatMap((servicePort) =>
    targetsOf(service, servicePort, view).flatMap(({ address, port }) =>
      ends.flatMap((from): ServiceQuestion[] => {
        const source = from.addresses.find((own) => familyOf(own) === familyOf(address))
        if (source === undefined) return []
        const protocol = (servicePort.protocol ?? 'TCP').toLowerCase() as AskedPort['protocol']
        return [{ from, source, to, address, port, protocol, sticky }]
      }),
    ),
  )
}

interface Target {
  readonly address: string
  readonly port: number
}

function targetsOf(service: Service, { port, nodePort = 0 }: ServicePort, view: ClusterView): Target[] {
  const published = [...new Set(serviceAddresses(service))].map((address) => ({ address, port }))
  if (nodePort === 0) return published
  const nodes = view.nodes().flatMap(nodeAddresses)
  return [...published, ...nodes.map((address) => ({ address, port: nodePort }))]
}
