/** The connections that a rule is about, once its peers match: its ports as a set, given the destination. */
import {
  ALL_CONNECTIONS,
  ALL_PORTED_CONNECTIONS,
  connectionsOf,
  NO_CONNECTIONS,
  unionConnections,
  type ConnectionSet,
} from './connections.ts'
import type { NamedPort } from './facts.ts'
import type { PolicyOptions } from './options.ts'
import type { PolicyRule, PortMatch } from './policy.ts'
import { PolicyError } from './policy-error.ts'

/** The connections that a name in a rule stands for. */
export type NamedConnections = (match: NamedMatch) => ConnectionSet

export type NamedMatch = Extract<PortMatch, { readonly kind: 'named' }>

/** As the ports of one pod have the names. */
export function namesOf(namedPorts: readonly NamedPort[]): NamedConnections {
  return ({ name, protocol }) =>
    namedPorts
      .filter((port) => port.name === name && (protocol === undefined || protocol === port.protocol))
      .map((port) => connectionsOf(port.protocol, port.port))
      .reduce(unionConnections, NO_CONNECTIONS)
}

/** `named`: of the destination; undefined when that is no pod. @throws PolicyError as the options have it */
export function connectionsOfRule(
  { ref, ports }: PolicyRule,
  named: NamedConnections | undefined,
  options: PolicyOptions,
): ConnectionSet {
  if (ports === undefined)
    return ref.kind === 'ClusterNetworkPolicy' || options.portlessRulesAllowOtherProtocols
      ? ALL_CONNECTIONS
      : ALL_PORTED_CONNECTIONS
  const name = ports.find((match) => match.kind === 'named')?.name
  if (
    name !== undefined &&
    named === undefined &&
    ref.direction === 'egress' &&
    options.namedPortOutside === 'error'
  )
    throw new PolicyError(
      `the named port ${name} has no meaning outside of pods`,
      `${ref.kind} ${ref.policy}`,
      `spec.egress[${ref.index}]`,
    )
  return ports
    .map((match) =>
      match.kind === 'range'
        ? connectionsOf(match.protocol, match.from, match.to)
        : (named?.(match) ?? NO_CONNECTIONS),
    )
    .reduce(unionConnections, NO_CONNECTIONS)
}
