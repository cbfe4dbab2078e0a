/** Ports that the policies and pods of a cluster tell apart: those they name, and the ones next to these. */
import { mentionedPorts } from '../../cluster/policy/mentions.ts'
import { podSockets, type ClusterView } from '../../cluster/view.ts'
import type { PolicyProtocol } from '../../policy/evaluate/index.ts'

export interface AskedPort {
  readonly protocol: Exclude<PolicyProtocol, 'other'>
  /** 0 for ICMP. */
  readonly port: number
}

/** A port that nobody names. */
const OTHER_PORT = 4242

/** Whatever policies name: one about a single protocol isolates from all. */
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const

export function portsOf(view: ClusterView): AskedPort[] {
  const numbers = new Set([80, OTHER_PORT])
  for (const socket of declaredPorts(view)) numbers.add(socket.port)
  for (const bound of mentionedPorts(view).flatMap(({ from, to }) => [from, to]))
    for (const near of [bound - 1, bound, bound + 1]) if (near >= 1 && near <= 65535) numbers.add(near)
  const sorted = [...numbers].sort((a, b) => a - b)
  return [
    ...PROTOCOLS.flatMap((protocol) => sorted.map((port): AskedPort => ({ protocol, port }))),
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
