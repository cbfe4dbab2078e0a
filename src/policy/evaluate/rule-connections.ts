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

/** `namedPorts`: of the destination; undefined when that is no pod. @throws PolicyError as the options have it */
export function connectionsOfRule(
  { ref, ports }: PolicyRule,
  namedPorts: readonly NamedPort[] | undefined,
  options: PolicyOptions,
): ConnectionSet {
  if (ports === undefined)
    return ref.kind === 'ClusterNetworkPolicy' || options.portlessRulesAllowOtherProtocols
      ? ALL_CONNECTIONS
      : ALL_PORTED_CONNECTIONS
  const named = ports.find((match) => match.kind === 'named')
  if (
    named !== undefined &&
    namedPorts === undefined &&
    ref.direction === 'egress' &&
    options.namedPortOutside === 'error'
  )
    throw new PolicyError(
      `the named port ${named.name} has no meaning outside of pods`,
      `${ref.kind} ${ref.policy}`,
      `spec.egress[${ref.index}]`,
    )
  return ports
    .map((match) => connectionsOfPort(match, namedPorts ?? []))
    .reduce(unionConnections, NO_CONNECTIONS)
}

function connectionsOfPort(match: PortMatch, namedPorts: readonly NamedPort[]): ConnectionSet {
  if (match.kind === 'range') return connectionsOf(match.protocol, match.from, match.to)
  return namedPorts
    .filter(
      ({ name, protocol }) =>
        name === match.name && (match.protocol === undefined || match.protocol === protocol),
    )
    .map(({ protocol, port }) => connectionsOf(protocol, port))
    .reduce(unionConnections, NO_CONNECTIONS)
}
