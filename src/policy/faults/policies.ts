/** Mistakes about what a policy selects, isolates and decides. */
import type { NetworkPolicy } from '../../apiserver/index.ts'
import type { PlanRule, PolicyPlan } from '../plan/plan.ts'
import { clusterPolicyPlans, networkPolicyPlans, withRules, type FaultDefinition } from './fault.ts'

const ALLOW_ALL: PlanRule = { index: 0, action: 'Accept', peers: undefined, ports: undefined }

export const POLICY_FAULTS = {
  policyTypesDefaultMissed: {
    description: 'Where policyTypes is what the server fills in, egress rules do not isolate egress.',
    models: ['kubernetes/website#24582'],
    apply: (inputs) => ({
      ...inputs,
      networkPolicy: (policy) =>
        inputs
          .networkPolicy(policy)
          .filter(({ direction }) => direction === 'ingress' || !looksDefaulted(policy)),
    }),
  },
  unlistedDirectionEnforced: {
    description: 'Rules of a direction that policyTypes does not list are in force.',
    models: ['aws/amazon-network-policy-controller-k8s#229', 'cilium/cilium#48703'],
    apply: (inputs) => ({
      ...inputs,
      networkPolicy: (policy) => {
        const { ingress = [], egress = [], policyTypes = [] } = policy.spec
        const types = new Set(policyTypes)
        if (ingress.length > 0) types.add('Ingress')
        if (egress.length > 0) types.add('Egress')
        return inputs.networkPolicy({ ...policy, spec: { ...policy.spec, policyTypes: [...types] } })
      },
    }),
  },
  policyUpdateMissed: {
    description: 'A policy is read once: another spec under its name changes nothing.',
    models: ['aws/aws-network-policy-agent#643', 'cilium/cilium#5731'],
    apply: (inputs) => {
      const first = new Map<string, NetworkPolicy['spec']>()
      return {
        ...inputs,
        networkPolicy: (policy) => {
          const spec = first.get(policy.metadata.uid) ?? policy.spec
          first.set(policy.metadata.uid, spec)
          return inputs.networkPolicy({ ...policy, spec })
        },
      }
    },
  },
  emptyRulesAllow: {
    description: 'A listed direction with an empty list of rules lets everything through.',
    models: ['kubernetes/kubernetes#51351'],
    apply: networkPolicyPlans((plan) => [plan.rules.length === 0 ? { ...plan, rules: [ALLOW_ALL] } : plan]),
  },
  isolatesBothDirections: {
    description: 'A policy for one direction isolates its pods in the other as well.',
    models: ['projectcalico/calico#1360'],
    apply: (inputs) => ({
      ...inputs,
      networkPolicy: (policy) => {
        const plans = inputs.networkPolicy(policy)
        return [...plans, ...otherDirections(plans, [])]
      },
    }),
  },
  policySelectsInAllNamespaces: {
    description: 'A policy selects pods in every namespace, not only in its own.',
    models: ['k8sgpt-ai/k8sgpt#1746'],
    apply: networkPolicyPlans((plan) => [
      { ...plan, subject: { ...plan.subject, namespaces: { labels: {} } } },
    ]),
  },
  subjectExpressionsIgnored: {
    description: "Of a policy's own podSelector only matchLabels counts.",
    models: ['bridgecrewio/checkov#7668', 'cloudnativelabs/kube-router#614'],
    apply: networkPolicyPlans((plan) => {
      const { matchLabels = {} } = plan.subject.pods
      return [{ ...plan, subject: { ...plan.subject, pods: { matchLabels } } }]
    }),
  },
  portsCrossRules: {
    description: "Rules of one policy are merged: every peer may use every rule's ports.",
    models: ['Azure/azure-container-networking#432'],
    apply: networkPolicyPlans((plan) => {
      const [first] = plan.rules
      if (first === undefined) return [plan]
      const peers = union(plan.rules.map(({ peers }) => peers))
      const ports = union(plan.rules.map(({ ports }) => ports))
      return [{ ...plan, rules: [{ ...first, peers, ports }] }]
    }),
  },
  onlyFirstRuleCounts: {
    description: 'A policy with several rules stops at its first.',
    models: ['aws/amazon-network-policy-controller-k8s#98'],
    apply: networkPolicyPlans((plan) => [{ ...plan, rules: plan.rules.slice(0, 1) }]),
  },
  passIsAccept: {
    description:
      'Pass of a ClusterNetworkPolicy accepts, where it should leave the decision to the next tier.',
    models: ['kubernetes/enhancements#2522'],
    apply: clusterPolicyPlans(
      withRules((rule) => [{ ...rule, action: rule.action === 'Pass' ? 'Accept' : rule.action }]),
    ),
  },
  passGoesOnInTier: {
    description: 'Pass of a ClusterNetworkPolicy goes on with the next policy of the same tier.',
    models: ['kubernetes/enhancements#2522'],
    apply: clusterPolicyPlans(withRules((rule) => (rule.action === 'Pass' ? [] : [rule]))),
  },
  highestPriorityLast: {
    description: 'ClusterNetworkPolicies are asked from the largest priority to the smallest.',
    models: ['kubernetes/enhancements#2522'],
    apply: clusterPolicyPlans((plan) => [{ ...plan, priority: 1000 - plan.priority }]),
  },
  clusterPolicyIsolates: {
    description: 'A pod that a ClusterNetworkPolicy selects is cut off from whatever no rule names.',
    models: ['kubernetes/enhancements#2522'],
    apply: clusterPolicyPlans((plan) => [
      {
        ...plan,
        rules: [...plan.rules, { ...ALLOW_ALL, index: plan.rules.length, action: 'Deny' }],
      },
    ]),
  },
  baselineSkippedInBothDirections: {
    description: 'A NetworkPolicy for one direction switches the Baseline tier off in the other.',
    models: ['kubernetes-sigs/network-policy-api#386'],
    apply: (inputs) => ({
      ...inputs,
      networkPolicy: (policy) => {
        const plans = inputs.networkPolicy(policy)
        return [...plans, ...otherDirections(plans, [ALLOW_ALL])]
      },
    }),
  },
  baselineBeforeNetworkPolicies: {
    description: 'The Baseline tier is asked before NetworkPolicies.',
    models: ['kubernetes/enhancements#2522'],
    apply: clusterPolicyPlans((plan) => [
      plan.tier === 'Baseline' ? { ...plan, tier: 'Admin', priority: plan.priority + 1001 } : plan,
    ]),
  },
} as const satisfies Record<string, FaultDefinition>

/** As the server would default it: both types, because there are egress rules. */
function looksDefaulted({ spec: { policyTypes = [], egress = [] } }: NetworkPolicy): boolean {
  return egress.length > 0 && policyTypes.join() === 'Ingress,Egress'
}

function otherDirections(plans: readonly PolicyPlan[], rules: readonly PlanRule[]): PolicyPlan[] {
  const [only, ...others] = plans
  if (only === undefined || others.length > 0) return []
  return [{ ...only, direction: only.direction === 'ingress' ? 'egress' : 'ingress', rules }]
}

/** Undefined means everything, so it takes in all the others. */
function union<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  return lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? [])
}
