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
import { checkNoNames, portsNamed, type NamedMatch } from './named-ports.ts'
import type { PolicyOptions } from './options.ts'
import type { PolicyRule } from './policy.ts'

/** The connections that a name in a rule stands for. */
export type NamedConnections = (match: NamedMatch) => ConnectionSet

/** As the ports of one pod have the names. */
export function namesOf(namedPorts: readonly NamedPort[]): NamedConnections {
  return (match) =>
    portsNamed(match, namedPorts)
      .map(({ protocol, port }) => connectionsOf(protocol, port))
      .reduce(unionConnections, NO_CONNECTIONS)
}

/** `named`: of the destination; undefined when that is no pod. @throws PolicyError as the options have it */
export function connectionsOfRule(
  rule: PolicyRule,
  named: NamedConnections | undefined,
  options: PolicyOptions,
): ConnectionSet {
  const { ref, ports } = rule
  if (ports === undefined)
    return ref.kind === 'ClusterNetworkPolicy' || options.portlessRulesAllowOtherProtocols
      ? ALL_CONNECTIONS
      : ALL_PORTED_CONNECTIONS
  if (named === undefined) checkNoNames(rule, options)
  return ports
    .map((match) =>
      match.kind === 'range'
        ? connectionsOf(match.protocol, match.from, match.to)
        : (named?.(match) ?? NO_CONNECTIONS),
    )
    .reduce(unionConnections, NO_CONNECTIONS)
}
