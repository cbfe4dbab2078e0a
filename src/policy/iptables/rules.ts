/** Small pieces that the rules of policies are made of. */
import type {
  ConntrackState,
  Family,
  Match,
  PolicyOrigin,
  Protocol,
  RuleHeader,
  RuleOrigin,
  Target,
} from '../../kernel/ruleset.ts'
import type { PolicyPlan } from '../plan/plan.ts'
import type { Flow, Side } from './flow.ts'
import { setName } from './names.ts'

export { ACCEPT, DROP, jump, rule } from '../../kernel/iptables/compose.ts'

export const RETURN: Target = Object.freeze({ kind: 'RETURN' })

export function goto(chain: string): Target {
  return { kind: 'goto', chain }
}

/** XT_MAX_COMMENT_LEN, without the terminating zero. */
const MAX_COMMENT = 255

/** Rules of ClusterNetworkPolicies have free names; what is not printable ASCII has no place in a line of a rule. */
export function comment(text: string): Match {
  return { kind: 'comment', comment: text.replace(/[^ -~]/g, '?').slice(0, MAX_COMMENT) }
}

export function states(...values: readonly ConntrackState[]): Match {
  return { kind: 'conntrack', ctstate: { value: values } }
}

export function inSet(base: string, family: Family, side: Side, not = false): Match {
  const value = setName(base, family)
  return { kind: 'set', matchSet: not ? { value, not } : { value }, directions: [side] }
}

/** An address with a port, each of the source or of the destination. */
export function inPortSet(base: string, family: Family, address: Side, port: Side): Match {
  return { kind: 'set', matchSet: { value: setName(base, family) }, directions: [address, port] }
}

export function protocolHeader(protocol: Protocol | 'ipv6-icmp'): RuleHeader {
  return { protocol: { value: protocol } }
}

/** `NetworkPolicy default/redis-allow ingress`, with `[0]` or `[0] (name)` for one of its rules. */
export function originOf(
  plan: PolicyPlan,
  decision: PolicyOrigin['decision'],
  flow: Flow,
  index?: { readonly index: number; readonly name?: string },
): { readonly origin: RuleOrigin; readonly comment: Match } {
  const { kind, namespace, name, direction, resourceVersion } = plan
  const policy = namespace === undefined ? name : `${namespace}/${name}`
  const resource = kind === 'NetworkPolicy' ? 'networkpolicies' : 'clusternetworkpolicies'
  const which =
    index === undefined ? '' : `[${index.index}]${index.name === undefined ? '' : ` (${index.name})`}`
  return {
    comment: comment(`${kind} ${policy} ${direction}${which}`),
    origin: {
      resourceVersions: { [resource]: resourceVersion },
      policy: {
        decision,
        kind,
        policy,
        direction,
        ...(flow === 'reply' ? { reply: true } : {}),
        ...(index === undefined ? {} : { rule: index.index }),
        ...(index?.name === undefined ? {} : { ruleName: index.name }),
      },
    },
  }
}
