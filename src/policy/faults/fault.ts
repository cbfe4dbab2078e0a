/** What a fault is: a real product's mistake, and what it does to what the policy compilers take in. */
import type { PolicyFault, PolicyInputs } from '../plan/inputs.ts'
import type { PlanPeer, PlanPort, PlanRule, PolicyPlan } from '../plan/plan.ts'

export interface FaultDefinition {
  /** One sentence: what goes wrong. */
  readonly description: string
  /** Public issues that it models, `owner/repository#number`; none where only our own compiler was seen to survive it. */
  readonly models: readonly string[]
  readonly apply: PolicyFault
}

/** Both APIs' plans pass through. */
export function plans(change: (plan: PolicyPlan) => readonly PolicyPlan[]): PolicyFault {
  return (inputs) => ({
    ...inputs,
    networkPolicy: (policy) => inputs.networkPolicy(policy).flatMap(change),
    clusterNetworkPolicy: (policy) => inputs.clusterNetworkPolicy(policy).flatMap(change),
  })
}

export function networkPolicyPlans(change: (plan: PolicyPlan) => readonly PolicyPlan[]): PolicyFault {
  return (inputs) => ({
    ...inputs,
    networkPolicy: (policy) => inputs.networkPolicy(policy).flatMap(change),
  })
}

export function clusterPolicyPlans(change: (plan: PolicyPlan) => readonly PolicyPlan[]): PolicyFault {
  return (inputs) => ({
    ...inputs,
    clusterNetworkPolicy: (policy) => inputs.clusterNetworkPolicy(policy).flatMap(change),
  })
}

export function withRules(change: (rule: PlanRule, plan: PolicyPlan) => readonly PlanRule[]) {
  return (plan: PolicyPlan): readonly PolicyPlan[] => [
    { ...plan, rules: plan.rules.flatMap((rule) => change(rule, plan)) },
  ]
}

export function withPeers(change: (peer: PlanPeer, plan: PolicyPlan) => readonly PlanPeer[]) {
  return withRules((rule, plan) => [{ ...rule, peers: rule.peers?.flatMap((peer) => change(peer, plan)) }])
}

export function withPorts(change: (port: PlanPort, plan: PolicyPlan) => readonly PlanPort[]) {
  return withRules((rule, plan) => [{ ...rule, ports: rule.ports?.flatMap((port) => change(port, plan)) }])
}

export function placed(change: Partial<PolicyInputs['placement']>): PolicyFault {
  return (inputs) => ({ ...inputs, placement: { ...inputs.placement, ...change } })
}
