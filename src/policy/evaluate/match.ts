/** Whether a rule is about a connection: one of its peers is the other end, and one of its ports the connection's. */
import { holds } from './address.ts'
import type { NamedPort } from './facts.ts'
import type { Connection, Context, Ends, Party } from './party.ts'
import type { AddressBlock, PolicyPeer, PolicyRule, PortMatch } from './policy.ts'
import { PolicyError } from './policy-error.ts'
import type { Direction } from './question.ts'
import { selects } from './select.ts'

/** The end that the policy polices: where connections of that direction begin or end. */
export function subjectOf(direction: Direction, { from, to }: Ends): Party {
  return direction === 'egress' ? from : to
}

export function peerOf(direction: Direction, { from, to }: Ends): Party {
  return direction === 'egress' ? to : from
}

export function matches(rule: PolicyRule, connection: Connection, context: Context): boolean {
  const peer = peerOf(rule.ref.direction, connection)
  return matchesPeers(rule, peer, context) && matchesPorts(rule, connection, context)
}

export function matchesPeers({ peers }: PolicyRule, party: Party, context: Context): boolean {
  return peers === undefined || peers.some((peer) => isPeer(peer, party, context))
}

function isPeer(peer: PolicyPeer, party: Party, context: Context): boolean {
  switch (peer.kind) {
    case 'pods':
      return party.kind === 'pod' && context.index.contains(peer.set, party.pod)
    case 'networks':
      if (party.kind === 'pod' && !context.options.ipBlockMatchesPods) return false
      return peer.blocks.some((block) => inBlock(block, party))
    case 'nodes': {
      // By address, as the API has it: any node that has the address that packets go to.
      const nodes = party.address === undefined ? [] : context.index.nodesAt(party.address)
      return nodes.some(({ labels }) => selects(peer.nodes, labels))
    }
  }
}

function inBlock({ range, except }: AddressBlock, { address }: Party): boolean {
  return address !== undefined && holds(range, address) && !except.some((hole) => holds(hole, address))
}

function matchesPorts({ ref, ports }: PolicyRule, connection: Connection, { options }: Context): boolean {
  const { protocol, port, to } = connection
  if (ports === undefined)
    return (
      ref.kind === 'ClusterNetworkPolicy' ||
      options.portlessRulesAllowOtherProtocols ||
      !(protocol === 'icmp' || protocol === 'other')
    )
  // The destination of ingress is always a pod: the one that is policed.
  if (options.namedPortOutside === 'error' && to.kind !== 'pod') {
    const named = ports.find((match) => match.kind === 'named')
    if (named !== undefined)
      throw new PolicyError(
        `the named port ${named.name} has no meaning outside of pods`,
        `${ref.kind} ${ref.policy}`,
        `spec.egress[${ref.index}]`,
      )
  }
  return ports.some((match) =>
    match.kind === 'range'
      ? match.protocol === protocol && match.from <= port! && port! <= match.to
      : namedPortsOf(match, to).some((named) => named.protocol === protocol && named.port === port),
  )
}

/** A name means a port of the destination, in both directions; none there, nothing matches. */
export function namedPortsOf(
  { name, protocol }: Extract<PortMatch, { readonly kind: 'named' }>,
  destination: Party,
): readonly NamedPort[] {
  if (destination.kind !== 'pod') return []
  return destination.pod.namedPorts.filter(
    (port) => port.name === name && (protocol === undefined || port.protocol === protocol),
  )
}
