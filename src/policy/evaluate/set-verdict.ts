/**
 * The set answer: every connection between two ends at once. It walks the tiers as `verdict.ts` does, with sets in
 * place of one connection: `open` is what no rule has decided yet, and a rule takes its part out of it.
 */
import {
  ALL_CONNECTIONS,
  intersectConnections,
  NO_CONNECTIONS,
  noConnections,
  subtractConnections,
  unionConnections,
  type ConnectionSet,
} from './connections.ts'
import { exemptionsOf } from './exempt.ts'
import type { NamedPort } from './facts.ts'
import { matchesPeers, peerOf, subjectOf } from './match.ts'
import type { Context, Ends, Party } from './party.ts'
import type { ClusterPolicy, NamespacedPolicy, PolicyRule } from './policy.ts'
import type { Direction } from './question.ts'
import { connectionsOfRule } from './rule-connections.ts'

/** What the source may send and the destination may receive. */
export function connectionsBetween(ends: Ends, context: Context): ConnectionSet {
  const egress = connectionsInDirection('egress', ends, context)
  if (noConnections(egress)) return egress
  return intersectConnections(egress, connectionsInDirection('ingress', ends, context))
}

/** What one end lets through. */
export function connectionsInDirection(direction: Direction, ends: Ends, context: Context): ConnectionSet {
  const exempt = exemptionsOf(direction, ends, context)
  const cluster = exempt.ClusterNetworkPolicy === undefined
  const admin = cluster ? askTier('Admin', direction, ends, context) : UNDECIDED
  const namespaced =
    exempt.NetworkPolicy === undefined ? askNetworkPolicies(direction, ends, context) : undefined
  if (namespaced !== undefined)
    return unionConnections(admin.accepted, intersectConnections(admin.open, namespaced))
  const baseline = cluster ? askTier('Baseline', direction, ends, context) : UNDECIDED
  const allowed = unionConnections(baseline.accepted, baseline.open)
  return unionConnections(admin.accepted, intersectConnections(admin.open, allowed))
}

/** What a tier of ClusterNetworkPolicies has decided. The rest is denied. */
interface TierSets {
  readonly accepted: ConnectionSet
  /** For the next tier: what no rule matched, and what a rule passed. */
  readonly open: ConnectionSet
}

const UNDECIDED: TierSets = { accepted: NO_CONNECTIONS, open: ALL_CONNECTIONS }

function askTier(tier: ClusterPolicy['tier'], direction: Direction, ends: Ends, context: Context): TierSets {
  const subject = subjectOf(direction, ends)
  if (subject.kind !== 'pod') return UNDECIDED
  let [accepted, passed, open] = [NO_CONNECTIONS, NO_CONNECTIONS, ALL_CONNECTIONS]
  for (const policy of context.index.clusterPoliciesOf(tier)) {
    if (!context.index.contains(policy.subject, subject.pod)) continue
    for (const rule of policy[direction] ?? []) {
      if (noConnections(open)) break
      const matched = connectionsMatched(rule, ends, context)
      const decided = intersectConnections(open, matched)
      if (rule.action === 'Accept') accepted = unionConnections(accepted, decided)
      else if (rule.action === 'Pass') passed = unionConnections(passed, decided)
      open = subtractConnections(open, matched)
    }
  }
  return { accepted, open: unionConnections(open, passed) }
}

/** Undefined when no NetworkPolicy has a say. */
function askNetworkPolicies(direction: Direction, ends: Ends, context: Context): ConnectionSet | undefined {
  const subject = subjectOf(direction, ends)
  if (subject.kind !== 'pod') return undefined
  const { index, options } = context
  const selecting = [...index.networkPoliciesOf(subject.pod.namespace)].filter((policy) =>
    index.contains(policy.subject, subject.pod),
  )
  const policies = selecting.filter((policy) => policy[direction] !== undefined)
  if (policies.length === 0)
    return selecting.length > 0 && options.baselineAfterNetworkPolicy === 'any-direction'
      ? ALL_CONNECTIONS
      : undefined
  return policies
    .map((policy) => allowedBy(policy, direction, ends, context))
    .reduce(unionConnections, NO_CONNECTIONS)
}

function allowedBy(
  policy: NamespacedPolicy,
  direction: Direction,
  ends: Ends,
  context: Context,
): ConnectionSet {
  if (context.options.emptyRules === 'allow' && policy.emptyLists[direction]) return ALL_CONNECTIONS
  return policy[direction]!.map((rule) => connectionsMatched(rule, ends, context)).reduce(
    unionConnections,
    NO_CONNECTIONS,
  )
}

function connectionsMatched(rule: PolicyRule, ends: Ends, context: Context): ConnectionSet {
  const { direction } = rule.ref
  if (!matchesPeers(rule, peerOf(direction, ends), context)) return NO_CONNECTIONS
  return connectionsOfRule(rule, namedPortsOf(ends.to), context.options)
}

function namedPortsOf(party: Party): readonly NamedPort[] | undefined {
  return party.kind === 'pod' ? party.pod.namedPorts : undefined
}
