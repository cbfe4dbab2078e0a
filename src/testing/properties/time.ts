/** What holds at every moment, not only when all is settled. */
import fc from 'fast-check'
import { stepClock } from '../step-cluster.ts'
import { arbitraryCluster } from '../arbitraries/cluster.ts'
import { formatQuestion, hasArrived, probeQuestions } from '../enforcement/check.ts'
import { podNetns } from '../../cluster/topology/pieces.ts'
import { familyOf } from '../../cluster/topology/plan.ts'
import { endsOf } from '../enforcement/ends.ts'
import { questionsOf } from '../enforcement/questions.ts'
import { DIRECTIONS } from '../edge-cases/index.ts'
import { startCluster } from '../start-cluster.ts'
import { policyProperty, type Drawn } from './property.ts'

const PACKETS = 120

export const nothingDeniedIsDelivered = policyProperty({
  name: 'nothingDeniedIsDelivered',
  description:
    'Once policies are in force, a pod that starts never gets or sends a packet that the settled cluster denies, at no step on the way.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ maxPods: 4, maxDeployments: 0, maxServices: 0, minPolicies: 1 }),
  }),
  edges: [{ plan: DIRECTIONS.plan }],
  holds: async ({ plan }, setup) => {
    const whole = { ...plan, finished: [] }
    const settled = await startCluster(whole, { ...setup, podAddresses: 'next' })
    const evaluator = settled.evaluator()
    const questions = questionsOf(settled.view, { limit: PACKETS }).filter(
      (question) => !evaluator.verdict(question).allowed,
    )
    fc.pre(questions.length > 0)
    const cluster = await startCluster({ ...whole, pods: [] }, { ...setup, podAddresses: 'next' })
    await cluster.apply(plan.pods)
    let sent = 0
    for (let step = 0; step < 2000 && stepClock(cluster); step++) {
      for (const { question, observed } of probeQuestions(cluster, questions)) {
        sent++
        if (hasArrived(observed))
          throw new Error(`delivered on the way, denied at the end: ${formatQuestion(question)}`)
      }
    }
    fc.pre(sent > 0)
  },
})

export const sourcesAreTheirOwn = policyProperty({
  name: 'sourcesAreTheirOwn',
  description:
    'Where there is any policy, a pod that sends with an address that is not its own reaches nobody.',
  arbitrary: fc.record({ plan: arbitraryCluster({ minPods: 3, minPolicies: 1, maxClusterPolicies: 0 }) }),
  edges: [{ plan: DIRECTIONS.plan }],
  holds: async ({ plan }, setup) => {
    const cluster = await startCluster(plan, setup)
    const ends = endsOf(cluster.view)
    const pods = ends.filter(
      ({ endpoint, netns }) =>
        endpoint.kind === 'pod' && netns === podNetns(endpoint.namespace, endpoint.name),
    )
    const attempts = pods.flatMap((sender) =>
      pods
        .filter((other) => other !== sender)
        .flatMap((other) =>
          pods
            .filter((target) => target !== sender && target !== other)
            .flatMap((target) =>
              target.addresses.flatMap((destination) => {
                const source = other.addresses.find((one) => familyOf(one) === familyOf(destination))
                if (source === undefined) return []
                return [
                  {
                    netns: sender.netns,
                    protocol: 'udp' as const,
                    source,
                    sourcePort: 39_997,
                    destination,
                    destinationPort: 53,
                  },
                ]
              }),
            ),
        ),
    )
    // It takes three: who sends, whose address it is, and who is reached.
    fc.pre(attempts.length > 0)
    const results = cluster.probe(attempts, { forget: true })
    for (const [index, result] of results.entries()) {
      if (!hasArrived(result)) continue
      const { netns, source, destination } = attempts[index] ?? {}
      throw new Error(`${netns} reached ${destination} as ${source}`)
    }
  },
})

interface LiveCase extends Drawn {
  readonly liveConnections: 'keep' | 're-evaluate'
}

export const liveConnectionsFollowTheOption = policyProperty<LiveCase>({
  name: 'liveConnectionsFollowTheOption',
  description:
    'A policy that denies a live connection leaves it alone (keep) or stops it with its next packet (re-evaluate); new ones are denied in both.',
  arbitrary: fc.record({
    plan: arbitraryCluster({ maxPolicies: 2, maxClusterPolicies: 0 }),
    liveConnections: fc.constantFrom('keep' as const, 're-evaluate' as const),
  }),
  edges: [
    { plan: DIRECTIONS.plan, liveConnections: 'keep' },
    { plan: DIRECTIONS.plan, liveConnections: 're-evaluate' },
  ],
  describe: ({ liveConnections }) => `# liveConnections: ${liveConnections}\n`,
  holds: async ({ plan, liveConnections }, { policy = {} }) => {
    const cluster = await startCluster(plan, { policy: { ...policy, liveConnections } })
    const questions = questionsOf(cluster.view, { limit: 400 }).filter(({ protocol }) => protocol === 'udp')
    // Those whose first datagram was answered are connections now.
    const live = probeQuestions(cluster, questions, { forget: false })
      .filter(({ observed }) => observed.verdict === 'delivered' && observed.reply === 'answer')
      .map(({ question }) => question)
    await cluster.apply(
      plan.namespaces.map(({ metadata }) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny-all-now', namespace: metadata.name },
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      })),
    )
    // What rules of the cluster's still allow is not denied: only those without are looked at.
    const evaluator = cluster.evaluator()
    cluster.advance(100)
    const denied = live.filter((question) => !evaluator.verdict(question).allowed)
    fc.pre(denied.length > 0)
    for (const { question, observed } of probeQuestions(cluster, denied, { forget: false })) {
      if (hasArrived(observed) === (liveConnections === 'keep')) continue
      throw new Error(
        `${liveConnections}: ${hasArrived(observed) ? 'goes on' : 'was cut'}: ${formatQuestion(question)}`,
      )
    }
    for (const { question, observed } of probeQuestions(cluster, denied, {
      forget: true,
      sourcePort: 39_990,
    })) {
      if (hasArrived(observed)) throw new Error(`a new connection passes: ${formatQuestion(question)}`)
    }
  },
})
