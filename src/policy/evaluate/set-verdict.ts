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
import { exemptionsOf, type Exemptions } from './exempt.ts'
import type { PodFacts } from './facts.ts'
import { matchesPeers, peerOf, subjectOf } from './match.ts'
import type { Context, Ends } from './party.ts'
import type { ClusterPolicy, NamespacedPolicy, Policy, PolicyRule } from './policy.ts'
import type { Direction } from './question.ts'
import { connectionsOfRule, namesOf } from './rule-connections.ts'

/** What the source may send and the destination may receive. */
export function connectionsBetween(ends: Ends, context: Context): ConnectionSet {
  const egress = connectionsInDirection('egress', ends, context)
  if (noConnections(egress)) return egress
  return intersectConnections(egress, connectionsInDirection('ingress', ends, context))
}

/** What one end lets through. */
export function connectionsInDirection(direction: Direction, ends: Ends, context: Context): ConnectionSet {
  const subject = subjectOf(direction, ends)
  if (subject.kind !== 'pod') return ALL_CONNECTIONS
  const matched = (rule: PolicyRule): ConnectionSet => connectionsMatched(rule, ends, context)
  return walkTiers(direction, subject.pod, exemptionsOf(direction, ends, context), matched, context)
}

/** What the policies of a pod allow it in one direction, when `matched` says what a rule is about. */
export function walkTiers(
  direction: Direction,
  pod: PodFacts,
  exempt: Exemptions,
  matched: (rule: PolicyRule) => ConnectionSet,
  context: Context,
): ConnectionSet {
  const cluster = exempt.ClusterNetworkPolicy === undefined
  const ask = (tier: ClusterPolicy['tier']): TierSets =>
    cluster ? askTier(clusterPoliciesOf(tier, pod, context), direction, matched) : UNDECIDED
  const admin = ask('Admin')
  const namespaced =
    exempt.NetworkPolicy === undefined ? askNetworkPolicies(direction, pod, matched, context) : undefined
  const baseline = namespaced === undefined ? ask('Baseline') : UNDECIDED
  const allowed = namespaced ?? unionConnections(baseline.accepted, baseline.open)
  return unionConnections(admin.accepted, intersectConnections(admin.open, allowed))
}

/** Every policy that selects the pod. */
export function policiesOf(pod: PodFacts, context: Context): Policy[] {
  return [
    ...clusterPoliciesOf('Admin', pod, context),
    ...networkPoliciesOf(pod, context),
    ...clusterPoliciesOf('Baseline', pod, context),
  ]
}

/** In the order in which they are asked. */
function clusterPoliciesOf(tier: ClusterPolicy['tier'], pod: PodFacts, { index }: Context): ClusterPolicy[] {
  return index.clusterPoliciesOf(tier).filter((policy) => index.contains(policy.subject, pod))
}

function networkPoliciesOf(pod: PodFacts, { index }: Context): NamespacedPolicy[] {
  return [...index.networkPoliciesOf(pod.namespace)].filter((policy) => index.contains(policy.subject, pod))
}

/** What a tier of ClusterNetworkPolicies has decided. The rest is denied. */
interface TierSets {
  readonly accepted: ConnectionSet
  /** For the next tier: what no rule matched, and what a rule passed. */
  readonly open: ConnectionSet
}

const UNDECIDED: TierSets = { accepted: NO_CONNECTIONS, open: ALL_CONNECTIONS }

function askTier(
  policies: readonly ClusterPolicy[],
  direction: Direction,
  matched: (rule: PolicyRule) => ConnectionSet,
): TierSets {
  let [accepted, passed, open] = [NO_CONNECTIONS, NO_CONNECTIONS, ALL_CONNECTIONS]
  for (const rule of policies.flatMap((policy) => policy[direction] ?? [])) {
    if (noConnections(open)) break
    const about = matched(rule)
    const decided = intersectConnections(open, about)
    if (rule.action === 'Accept') accepted = unionConnections(accepted, decided)
    else if (rule.action === 'Pass') passed = unionConnections(passed, decided)
    open = subtractConnections(open, about)
  }
  return { accepted, open: unionConnections(open, passed) }
}

/** Undefined when no NetworkPolicy has a say. */
function askNetworkPolicies(
  direction: Direction,
  pod: PodFacts,
  matched: (rule: PolicyRule) => ConnectionSet,
  context: Context,
): ConnectionSet | undefined {
  const { options } = context
  const selecting = networkPoliciesOf(pod, context)
  const policies = selecting.filter((policy) => policy[direction] !== undefined)
  if (policies.length === 0)
    return selecting.length > 0 && options.baselineAfterNetworkPolicy === 'any-direction'
      ? ALL_CONNECTIONS
      : undefined
  if (options.emptyRules === 'allow' && policies.some(({ emptyLists }) => emptyLists[direction]))
    return ALL_CONNECTIONS
  return policies
    .flatMap((policy) => policy[direction]!)
    .map(matched)
    .reduce(unionConnections, NO_CONNECTIONS)
}

function connectionsMatched(rule: PolicyRule, ends: Ends, context: Context): ConnectionSet {
  const { direction } = rule.ref
  if (!matchesPeers(rule, peerOf(direction, ends), context)) return NO_CONNECTIONS
  const { to } = ends
  return connectionsOfRule(rule, to.kind === 'pod' ? namesOf(to.pod.namedPorts) : undefined, context.options)
}
