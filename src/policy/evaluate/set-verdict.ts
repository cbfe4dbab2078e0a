/**
 * The set answer: every connection between two ends at once. It walks the tiers as `verdict.ts` does, with sets in
 * place of one connection: `open` is what no rule has decided yet, and a rule takes its part out of it.
 *
 * That the tiers are walked twice is on purpose: properties compare the two walks. They share who is asked
 * (`selecting.ts`), who a peer is (`match.ts`) and what names of ports mean (`named-ports.ts`).
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
import type { ClusterPolicy, PolicyRule } from './policy.ts'
import type { Direction } from './question.ts'
import { connectionsOfRule, namesOf } from './rule-connections.ts'
import { clusterPoliciesOf, isolationOf } from './selecting.ts'

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
    cluster ? askTier(clusterPoliciesOf(tier, pod, context.index), direction, matched) : NOTHING_DECIDED
  const admin = ask('Admin')
  const namespaced =
    exempt.NetworkPolicy === undefined ? askNetworkPolicies(direction, pod, matched, context) : undefined
  const baseline = namespaced === undefined ? ask('Baseline') : NOTHING_DECIDED
  const allowed = namespaced ?? unionConnections(baseline.accepted, baseline.open)
  return unionConnections(admin.accepted, intersectConnections(admin.open, allowed))
}

/** What a tier of ClusterNetworkPolicies has decided. The rest is denied. */
interface TierSets {
  readonly accepted: ConnectionSet
  /** For the next tier: what no rule matched, and what a rule passed. */
  readonly open: ConnectionSet
}

const NOTHING_DECIDED: TierSets = { accepted: NO_CONNECTIONS, open: ALL_CONNECTIONS }

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
  const { policies, otherwise } = isolationOf(direction, pod, context)
  if (otherwise !== undefined) return ALL_CONNECTIONS
  if (policies.length === 0) return undefined
  if (context.options.emptyRules === 'allow' && policies.some(({ emptyLists }) => emptyLists[direction]))
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
