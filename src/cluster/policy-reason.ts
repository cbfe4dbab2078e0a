/** Which policy dropped a packet, in words: from the rules that it met and what these say of their origin. */
import type { FlowProtocol } from './reference.ts'
import type { Hop } from './flow.ts'
import { podWith } from './resolve/find.ts'
import { nodeAddresses, type ClusterView } from './view.ts'

/** Undefined when it was no policy. `hops`: those of the packet. */
export function policyReason(
  view: ClusterView,
  hops: readonly Hop[],
  protocol: FlowProtocol,
): string | undefined {
  const last = hops.findLast(({ chain }) => chain !== undefined)
  if (last?.verdict !== 'DROP' || last.table !== 'mangle') return undefined
  // Where a denial is noted at the connection, the rule that drops is not the one that decided.
  const decided = hops.findLast(({ policy, netns }) => policy !== undefined && netns === last.netns)
  if (decided?.policy === undefined) return undefined
  const { decision, direction, kind, policy, reply, rule, ruleName } = decided.policy
  const { src, dst, sport, dport } = decided.packet
  // A reply is about the connection of the other side.
  const [from, to, number] = reply === true ? [dst, src, sport] : [src, dst, dport]
  const port = protocol === 'icmp' ? '' : ` ${number}`
  const about = `${nameOf(view, from)} → ${nameOf(view, to)} ${protocol}${port}`
  const what = reply === true ? `${about}, to which this is a reply` : about
  switch (decision) {
    case 'isolated': {
      const selecting = hops.flatMap(({ policy: met, netns }) =>
        met?.decision === 'selects' &&
        met.kind === 'NetworkPolicy' &&
        met.direction === direction &&
        netns === last.netns
          ? [met.policy]
          : [],
      )
      return `no NetworkPolicy allows ${what} (isolated for ${direction} by ${selecting.join(', ')})`
    }
    case 'Deny':
      return `${kind} ${policy} ${direction}[${rule}]${ruleName === undefined ? '' : ` (${ruleName})`} denies ${what}`
    case 'spoofed':
      return `${src} is not an address of the pod that sent it`
    case 'live':
      return 'the ICMP error is about a connection that policies deny by now'
    default:
      return undefined
  }
}

function nameOf(view: ClusterView, address: string): string {
  const pod = podWith(view, address)
  if (pod !== undefined) return `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`
  const node = view.nodes().find((each) => nodeAddresses(each).includes(address))
  return node === undefined ? address : node.metadata.name
}
