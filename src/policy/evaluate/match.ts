/** Whether a rule is about a connection: one of its peers is the other end, and one of its ports the connection's. */
import { blockHolds } from './address.ts'
import { checkNoNames, portsNamed } from './named-ports.ts'
import type { Connection, Context, Ends, Party } from './party.ts'
import type { PolicyPeer, PolicyRule } from './policy.ts'
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
  const { address } = party
  switch (peer.kind) {
    case 'pods':
      return party.kind === 'pod' && context.index.contains(peer.set, party.pod)
    case 'networks':
      if (party.kind === 'pod' && !context.options.ipBlockMatchesPods) return false
      return address !== undefined && peer.blocks.some((block) => blockHolds(block, address))
    case 'nodes':
      // By address, as the API has it: any node that has the address that packets go to.
      return (
        address !== undefined &&
        context.index.nodesAt(address).some(({ labels }) => selects(peer.nodes, labels))
      )
  }
}

function matchesPorts(rule: PolicyRule, connection: Connection, { options }: Context): boolean {
  const { ref, ports } = rule
  const { protocol, port, to } = connection
  if (ports === undefined)
    return (
      ref.kind === 'ClusterNetworkPolicy' ||
      options.portlessRulesAllowOtherProtocols ||
      !(protocol === 'icmp' || protocol === 'other')
    )
  if (to.kind !== 'pod') checkNoNames(rule, options)
  const namedPorts = to.kind === 'pod' ? to.pod.namedPorts : []
  return ports.some((match) =>
    match.kind === 'range'
      ? match.protocol === protocol && match.from <= port! && port! <= match.to
      : portsNamed(match, namedPorts).some((named) => named.protocol === protocol && named.port === port),
  )
}
