/** What changes of policies may and may not do. */
import fc from 'fast-check'
import type { NetworkPolicy } from '../../apiserver/index.ts'
import { arbitraryIpBlock } from '../arbitraries/cidr.ts'
import { arbitraryCluster, type ClusterPlan } from '../arbitraries/cluster.ts'
import { arbitraryLabels } from '../arbitraries/vocabulary.ts'
import type { Manifest } from '../arbitraries/manifest.ts'
import { arbitraryIngressRule } from '../arbitraries/network-policy.ts'
import { checkEnforcement, formatReport } from '../enforcement/check.ts'
import { questionsOf } from '../enforcement/questions.ts'
import { DIRECTIONS, EVERY_EXCEPT, SELECTORS } from '../edge-cases/index.ts'
import { startCluster } from '../start-cluster.ts'
import { arrivals, expectWithin } from './arrivals.ts'
import { policyProperty } from './property.ts'

const PACKETS = 600

type Policy = Manifest<NetworkPolicy>

/** With the policy's place taken by another of its name. */
function withPolicy(plan: ClusterPlan, index: number, policy: Policy): ClusterPlan {
  return { ...plan, networkPolicies: plan.networkPolicies.map((each, at) => (at === index ? policy : each)) }
}

/** The chosen policy with both directions listed, so that a rule more isolates nobody. */
function chosen(plan: ClusterPlan, which: number): { index: number; policy: Policy } {
  const index = which % Math.max(1, plan.networkPolicies.length)
  const policy = plan.networkPolicies[index]
  fc.pre(policy !== undefined)
  return { index, policy: { ...policy, spec: { ...policy.spec, policyTypes: ['Ingress', 'Egress'] } } }
}

export const aRuleMoreNeverCuts = policyProperty({
  name: 'aRuleMoreNeverCuts',
  description: 'A rule added to a NetworkPolicy never removes a connection.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ minPolicies: 1, maxClusterPolicies: 1 }),
    which: fc.nat({ max: 3 }),
    egress: fc.boolean(),
    rule: arbitraryIngressRule(),
  }),
  // What the new rule does not let in is not thereby denied.
  edges: [
    {
      plan: EVERY_EXCEPT.plan,
      which: 0,
      egress: false,
      rule: { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/24'] } }] },
    },
  ],
  describe: ({ which, egress, rule }) =>
    `# added to policy ${which}, ${egress ? 'egress' : 'ingress'}: ${JSON.stringify(rule)}\n`,
  holds: async ({ plan, which, egress, rule: { from, ...rest } }, setup) => {
    const { index, policy } = chosen(plan, which)
    const { spec } = policy
    const more = egress
      ? {
          ...spec,
          egress: [...(spec.egress ?? []), { ...rest, ...(from === undefined ? {} : { to: from }) }],
        }
      : { ...spec, ingress: [...(spec.ingress ?? []), { ...rest, ...(from === undefined ? {} : { from }) }] }
    const cluster = await startCluster(withPolicy(plan, index, { ...policy, spec: more }), setup)
    const questions = questionsOf(cluster.view, { limit: PACKETS })
    const after = arrivals(cluster, questions)
    await cluster.apply(policy)
    await cluster.settle()
    expectWithin(arrivals(cluster, questions), after, 'arrived before the rule was added, and no longer')
  },
})

export const exceptNeverWidens = policyProperty({
  name: 'exceptNeverWidens',
  description: 'An except added to an ipBlock never opens a connection.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ minPolicies: 1, maxClusterPolicies: 1 }),
    which: fc.nat({ max: 3 }),
    block: arbitraryIpBlock().filter(({ except }) => except !== undefined),
  }),
  edges: [
    {
      plan: DIRECTIONS.plan,
      which: 1,
      block: { cidr: '0.0.0.0/0', except: ['10.244.0.0/24', '198.51.100.0/24'] },
    },
  ],
  describe: ({ which, block }) =>
    `# with and without the excepts of ${JSON.stringify(block)} as the only peer of policy ${which}\n`,
  holds: async ({ plan, which, block }, setup) => {
    const { index, policy } = chosen(plan, which)
    const peer = (ipBlock: typeof block): Policy => ({
      ...policy,
      spec: { ...policy.spec, ingress: [{ from: [{ ipBlock }] }], egress: [{ to: [{ ipBlock }] }] },
    })
    const cluster = await startCluster(withPolicy(plan, index, peer(block)), setup)
    const questions = questionsOf(cluster.view, { limit: PACKETS })
    const narrow = arrivals(cluster, questions)
    await cluster.apply(peer({ cidr: block.cidr }))
    await cluster.settle()
    expectWithin(narrow, arrivals(cluster, questions), 'arrives only because of the except')
  },
})

export const orderIsNoMatter = policyProperty({
  name: 'orderIsNoMatter',
  description: 'NetworkPolicies made in another order and under other names mean the same.',
  arbitrary: fc.record({ plan: arbitraryCluster({ minPolicies: 2 }), turn: fc.integer({ min: 1, max: 3 }) }),
  edges: [{ plan: DIRECTIONS.plan, turn: 1 }],
  holds: async ({ plan, turn }, setup) => {
    const { networkPolicies } = plan
    const names = networkPolicies.map(({ metadata }) => metadata.name)
    const renamed = networkPolicies.map((policy, at) => ({
      ...policy,
      metadata: { ...policy.metadata, name: names[(at + turn) % names.length] ?? policy.metadata.name },
    }))
    const one = await startCluster(plan, setup)
    const other = await startCluster({ ...plan, networkPolicies: renamed.toReversed() }, setup)
    const questions = questionsOf(one.view, { limit: PACKETS })
    const [here, there] = [arrivals(one, questions), arrivals(other, questions)]
    expectWithin(here, there, 'arrives in one order, and not in another')
    expectWithin(there, here, 'arrives in another order only')
  },
})

export const relabellingIsRecreating = policyProperty({
  name: 'relabellingIsRecreating',
  description: 'Labels changed on live pods and namespaces select as if they had been there from the start.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ maxDeployments: 0 }),
    before: fc.array(arbitraryLabels(), { minLength: 12, maxLength: 12 }),
  }),
  // Nobody has the label that policies ask for, and then each has its own.
  edges: [{ plan: SELECTORS.plan, before: Array.from({ length: 12 }, () => ({})) }],
  describe: ({ before }) => `# labels before: ${JSON.stringify(before)}\n`,
  holds: async ({ plan, before }, setup) => {
    const labelled = <
      T extends Manifest<NetworkPolicy> | (typeof plan.pods)[number] | (typeof plan.namespaces)[number],
    >(
      objects: readonly T[],
      first: number,
    ): readonly T[] =>
      objects.map((object, at) => ({
        ...object,
        metadata: { ...object.metadata, labels: before[(first + at) % before.length] ?? {} },
      }))
    const old = { ...plan, pods: labelled(plan.pods, 0), namespaces: labelled(plan.namespaces, 8) }
    const cluster = await startCluster(old, setup)
    const running = plan.pods.filter(
      ({ metadata }) =>
        !plan.finished.some(
          ({ namespace, name }) => name === metadata.name && namespace === metadata.namespace,
        ),
    )
    await cluster.apply([...plan.namespaces, ...running])
    await cluster.settle()
    const report = checkEnforcement(cluster, undefined, { limit: PACKETS })
    if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
    const questions = questionsOf(cluster.view, { limit: PACKETS })
    const fresh = await startCluster(plan, setup)
    const [here, there] = [arrivals(cluster, questions), arrivals(fresh, questions)]
    expectWithin(here, there, 'arrives after relabelling, and not in a cluster made so')
    expectWithin(there, here, 'arrives in a cluster made so, and not after relabelling')
  },
})
