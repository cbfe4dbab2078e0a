/**
 * What rules let through between a pod and one that does not exist yet. Of a pod to come neither its address nor the
 * names of its ports are known. So, where the rules of a destination to come name ports, the answer depends on the name
 * that a port will have: one set for ports without such a name, and one for each name that makes a difference.
 */
import { BITS, blockHolds, type Address, type AddressBlock, type AddressFamily } from '../address.ts'
import {
  ALL_CONNECTIONS,
  ALL_PORTED_CONNECTIONS,
  connectionsOf,
  equalConnections,
  NO_CONNECTIONS,
  type ConnectionSet,
} from '../connections.ts'
import type { PodFacts } from '../facts.ts'
import type { NamedMatch } from '../named-ports.ts'
import type { Context } from '../party.ts'
import { FIRST_PORT, LAST_PORT, type PolicyPeer, type PolicyRule } from '../policy.ts'
import type { Direction } from '../question.ts'
import { connectionsOfRule, namesOf, type NamedConnections } from '../rule-connections.ts'
import { walkTiers } from '../set-verdict.ts'

/** What is open between a pod and one to come. */
export interface OpenConnections {
  /** To ports that have none of the names in `named`. */
  readonly connections: ConnectionSet
  /** By name, where it makes a difference. Empty for ingress: the ports of the pod itself are known. */
  readonly named: readonly NamedPortConnections[]
}

/** What is open to ports by one name. */
export interface NamedPortConnections {
  readonly name: string
  /** What is open to ports that have this name and no other. */
  readonly connections: ConnectionSet
}

export const EVERYTHING_OPEN: OpenConnections = { connections: ALL_CONNECTIONS, named: [] }

export function equalOpen(a: OpenConnections, b: OpenConnections): boolean {
  return (
    equalConnections(a.connections, b.connections) &&
    a.named.length === b.named.length &&
    a.named.every(({ name, connections }, index) => {
      const other = b.named[index]!
      return name === other.name && equalConnections(connections, other.connections)
    })
  )
}

/** Of the pods to come. An address as if all had it; without one, only a block that is all of the family holds them. */
export interface Coming {
  readonly family: AddressFamily
  readonly address: Address | undefined
}

/** What the pod's policies say of pods to come: `isPeer` tells which sets of pods hold them. */
export function openConnections(
  direction: Direction,
  pod: PodFacts,
  names: readonly string[],
  coming: Coming,
  isPeer: (peer: Extract<PolicyPeer, { readonly kind: 'pods' }>) => boolean,
  context: Context,
): OpenConnections {
  const matches = (peer: PolicyPeer): boolean => {
    if (peer.kind === 'pods') return isPeer(peer)
    if (peer.kind === 'nodes' || !context.options.ipBlockMatchesPods) return false
    return peer.blocks.some((block) => holdsAll(block, coming))
  }
  const ask = (named: NamedConnections): ConnectionSet => {
    const matched = (rule: PolicyRule): ConnectionSet =>
      rule.peers === undefined || rule.peers.some(matches)
        ? connectionsOfRule(rule, named, context.options)
        : NO_CONNECTIONS
    return walkTiers(direction, pod, {}, matched, context)
  }
  if (direction === 'ingress') return { connections: ask(namesOf(pod.namedPorts)), named: [] }
  const connections = ask(() => NO_CONNECTIONS)
  const named = names.map((name) => ({ name, connections: ask(everyPortNamed(name)) }))
  return { connections, named: named.filter((one) => !equalConnections(one.connections, connections)) }
}

/** As if every port had that name: what is then open to a port is what is open to one that has it. */
function everyPortNamed(name: string): NamedConnections {
  return (match: NamedMatch) => {
    if (match.name !== name) return NO_CONNECTIONS
    return match.protocol === undefined
      ? ALL_PORTED_CONNECTIONS
      : connectionsOf(match.protocol, FIRST_PORT, LAST_PORT)
  }
}

function holdsAll(block: AddressBlock, { family, address }: Coming): boolean {
  if (address !== undefined) return blockHolds(block, address)
  const { range, except } = block
  const whole = range.last - range.first + 1n === 1n << BigInt(BITS[family])
  return range.family === family && whole && except.length === 0
}
