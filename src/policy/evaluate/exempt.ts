/**
 * Connections that policies do not apply to, whatever they say: each is one rule here, with its source. What is exempt
 * from one API only falls through to the other one's tiers.
 */
import { peerOf, subjectOf } from './match.ts'
import { describe, type Context, type Ends } from './party.ts'
import type { Direction } from './question.ts'

/** Why a kind of policy does not apply; absent where it does. */
export interface Exemptions {
  readonly NetworkPolicy?: string
  readonly ClusterNetworkPolicy?: string
}

export function exemptionsOf(direction: Direction, ends: Ends, { options }: Context): Exemptions {
  const subject = subjectOf(direction, ends)
  const peer = peerOf(direction, ends)

  // Policies select pods, and each end is policed on its own (NetworkPolicy: "podSelector selects the pods to which ...").
  if (subject.kind !== 'pod') return both(`${describe(subject)} is no pod: only pods are policed`)
  const { pod } = subject

  if (peer.kind === 'pod' && peer.pod === pod) {
    // The API text of NetworkPolicy: a pod cannot block access to itself; of ClusterNetworkPolicy: a pod's connection
    // to its own address is not subject to it.
    if (!ends.throughService)
      return options.selfByAddress === 'allowed' ? both(`${pod.key} reaches its own address`) : {}
    // The same text of ClusterNetworkPolicy: through a Service it is.
    return options.selfThroughService === 'allowed'
      ? { NetworkPolicy: `${pod.key} reaches itself, through a Service` }
      : {}
  }

  if (peer.kind === 'node' && peer.node.name === pod.node) {
    const reason = `${describe(peer)} is the node that ${pod.key} runs on`
    return {
      // The API text of NetworkPolicy: traffic from the pod's node is allowed; the documentation: to it, too.
      ...(options.ownNode === 'allowed' ? { NetworkPolicy: reason } : {}),
      ...(direction === 'ingress' || options.ownNodeByClusterPolicy === 'allowed'
        ? { ClusterNetworkPolicy: reason }
        : {}),
    }
  }
  return {}
}

function both(reason: string): Exemptions {
  return { NetworkPolicy: reason, ClusterNetworkPolicy: reason }
}
