/** Ports that the policies and pods of a cluster tell apart: those they name, and the ones next to these. */
import { podSockets, type ClusterView } from '../../cluster/view.ts'
import type { PolicyProtocol } from '../../policy/evaluate/index.ts'
import type { Protocol } from '../../apiserver/types/index.ts'

export interface AskedPort {
  readonly protocol: Exclude<PolicyProtocol, 'other'>
  /** 0 for ICMP. */
  readonly port: number
}

/** A port that nobody names. */
const OTHER_PORT = 4242

export function portsOf(view: ClusterView): AskedPort[] {
  const numbers = new Set([80, OTHER_PORT])
  const around = (...ports: readonly number[]): void => {
    for (const port of ports)
      for (const near of [port - 1, port, port + 1]) if (near >= 1 && near <= 65535) numbers.add(near)
  }
  const protocols = new Set<Protocol>(['TCP'])
  for (const pod of view.pods())
    for (const { port, protocol } of podSockets(pod)) {
      numbers.add(port)
      protocols.add(protocol.toUpperCase() as Protocol)
    }
  for (const { spec } of view.networkPolicies())
    for (const { ports = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const { port, endPort, protocol = 'TCP' } of ports) {
        protocols.add(protocol)
        if (typeof port === 'number') around(port, endPort ?? port)
      }
  for (const { spec } of view.clusterNetworkPolicies())
    for (const { protocols: items = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const { tcp, udp, sctp } of items)
        for (const { destinationPort } of [tcp ?? {}, udp ?? {}, sctp ?? {}]) {
          if (destinationPort?.number !== undefined) around(destinationPort.number)
          if (destinationPort?.range !== undefined)
            around(destinationPort.range.start, destinationPort.range.end)
        }
  // Nobody may forget the other protocols: a policy about one of them isolates from all.
  for (const protocol of ['UDP', 'SCTP'] as const) protocols.add(protocol)
  const sorted = [...numbers].sort((a, b) => a - b)
  return [
    ...[...protocols].flatMap((protocol) =>
      sorted.map((port): AskedPort => ({ protocol: protocol.toLowerCase() as AskedPort['protocol'], port })),
    ),
    { protocol: 'icmp', port: 0 },
  ]
}

/** The ports that containers declare, each once. */
export function declaredPorts(view: ClusterView): AskedPort[] {
  const seen = new Map(
    view
      .pods()
      .flatMap((pod) =>
        podSockets(pod).map((socket) => [`${socket.port}/${socket.protocol}`, socket] as const),
      ),
  )
  return [...seen.values()]
}
