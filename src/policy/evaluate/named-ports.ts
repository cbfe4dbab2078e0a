/**
 * What the name of a port in a rule means: the ports of that name that the destination pod has, in both directions. Both
 * walks through the tiers ask here, so that only their own ways of putting ports together are two.
 */
import type { NamedPort } from './facts.ts'
import type { PolicyOptions } from './options.ts'
import type { PolicyRule, PortMatch } from './policy.ts'
import { PolicyError } from './policy-error.ts'

export type NamedMatch = Extract<PortMatch, { readonly kind: 'named' }>

/** Those of the pod's ports that the rule means. None: it matches nothing there. */
export function portsNamed({ name, protocol }: NamedMatch, namedPorts: readonly NamedPort[]): NamedPort[] {
  return namedPorts.filter(
    (port) => port.name === name && (protocol === undefined || port.protocol === protocol),
  )
}

/**
 * For a destination that is no pod: that is always one of egress, as only pods are policed.
 * @throws PolicyError when the rule names a port, as option `namedPortOutside: 'error'` wants
 */
export function checkNoNames({ ref, ports = [] }: PolicyRule, { namedPortOutside }: PolicyOptions): void {
  if (namedPortOutside !== 'error') return
  const named = ports.find((match) => match.kind === 'named')
  if (named !== undefined)
    throw new PolicyError(
      `the named port ${named.name} has no meaning outside of pods`,
      `${ref.kind} ${ref.policy}`,
      `spec.${ref.direction}[${ref.index}]`,
    )
}
