/**
 * What the policies of a cluster mention: numbers of ports and blocks of addresses. Where no block and no range of ports
 * begins or ends, policies cannot tell neighbours apart. Read from the API's objects, not from what either compilers or
 * the evaluator make of them, as this decides what both are asked.
 */
import { PORT_PROTOCOLS, type PortProtocol } from '../../policy/evaluate/facts.ts'
import type { PolicyView } from '../view.ts'

export interface MentionedPorts {
  readonly protocol: PortProtocol
  /** Both are in the range. */
  readonly from: number
  readonly to: number
}

/** By number. Names mean ports of pods, and entries without ports all of a protocol: neither mentions a number. */
export function mentionedPorts(view: PolicyView): MentionedPorts[] {
  const namespaced = view
    .networkPolicies()
    .flatMap(({ spec: { ingress = [], egress = [] } }) => [...ingress, ...egress])
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ protocol = 'TCP', port, endPort }): MentionedPorts[] =>
      typeof port === 'number'
        ? [{ protocol: protocol.toLowerCase() as PortProtocol, from: port, to: endPort ?? port }]
        : [],
    )
  const ofCluster = view
    .clusterNetworkPolicies()
    .flatMap(({ spec: { ingress = [], egress = [] } }) => [...ingress, ...egress])
    .flatMap(({ protocols = [] }) => protocols)
    .flatMap((item) =>
      PORT_PROTOCOLS.flatMap((protocol): MentionedPorts[] => {
        const { number, range } = item[protocol]?.destinationPort ?? {}
        return [
          ...(number === undefined ? [] : [{ protocol, from: number, to: number }]),
          ...(range === undefined ? [] : [{ protocol, from: range.start, to: range.end }]),
        ]
      }),
    )
  return [...namespaced, ...ofCluster]
}

/** Each text once, exceptions among them. */
export function mentionedCidrs(view: PolicyView): string[] {
  const blocks = view
    .networkPolicies()
    .flatMap(({ spec: { ingress = [], egress = [] } }) => [
      ...ingress.flatMap(({ from = [] }) => from),
      ...egress.flatMap(({ to = [] }) => to),
    ])
    .flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])]))
  const networks = view
    .clusterNetworkPolicies()
    .flatMap(({ spec: { egress = [] } }) => egress)
    .flatMap(({ to }) => to.flatMap(({ networks = [] }) => networks))
  return [...new Set([...blocks, ...networks])]
}
