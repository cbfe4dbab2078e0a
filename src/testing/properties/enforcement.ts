/** The dataplane answers as the evaluator: packets between pods, nodes and addresses outside, and through Services. */
import fc from 'fast-check'
import { arbitraryCluster } from '../arbitraries/cluster.ts'
import { seldom } from '../arbitraries/vocabulary.ts'
import { pods } from '../../apiserver/index.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { podNetns } from '../../cluster/topology/pieces.ts'
import { isRunning } from '../../cluster/view.ts'
import { EDGE_CASES, EVERYTHING_OUTSIDE, SELECTORS, SERVICE_CASE } from '../edge-cases/index.ts'
import { checkEnforcement, formatReport } from '../enforcement/check.ts'
import { checkServices, formatServiceDifference } from '../enforcement/services.ts'
import { HEARD } from '../model/change.ts'
import { startCluster } from '../start-cluster.ts'
import { policyProperty, type Drawn } from './property.ts'

/** Packets a cluster; more for one that is known to be worth it. */
const PACKETS = 600
const EDGE_PACKETS = 1500

const drawnCluster = fc.record({
  plan: arbitraryCluster(),
  seed: fc.noShrink(fc.nat({ max: 0xffff })),
  packets: fc.constant(PACKETS),
  stopping: seldom(fc.nat({ max: 6 }), 4),
})

interface PacketCase extends Drawn {
  readonly seed: number
  readonly packets: number
  /** Which of the running pods is told to stop, and has not stopped when packets are sent. */
  readonly stopping: number | undefined
}

export const packetsMeetWhatPoliciesSay = policyProperty<PacketCase>({
  name: 'packetsMeetWhatPoliciesSay',
  description:
    'A packet reaches the other stack, and its answer comes back, exactly where the evaluator allows the connection; both families.',
  arbitrary: drawnCluster,
  edges: [
    ...EDGE_CASES.map((each) => ({ ...each, stopping: undefined })),
    // A pod that is being stopped is still one.
    { plan: SELECTORS.plan, stopping: 0 },
  ].map(({ plan, stopping }) => ({ plan, stopping, seed: 1, packets: EDGE_PACKETS })),
  describe: ({ stopping }) => (stopping === undefined ? '' : `# pod ${stopping} is told to stop\n`),
  holds: async ({ plan, seed, packets, stopping }, setup) => {
    const cluster = await startCluster(plan, setup)
    if (stopping !== undefined) tellToStop(cluster, stopping)
    const report = checkEnforcement(cluster, undefined, { limit: packets, seed })
    if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
  },
})

/** It keeps its address, and what policies say of it, until it has stopped. */
function tellToStop(cluster: Cluster, which: number): void {
  const running = cluster.view.pods().filter((pod) => isRunning(pod) && pod.spec.hostNetwork !== true)
  const pod = running[which % Math.max(1, running.length)]
  fc.pre(pod !== undefined)
  cluster.client.delete(pods, pod.metadata)
  cluster.advance(HEARD)
}

export const policiesSeeTheBackend = policyProperty({
  name: 'policiesSeeTheBackend',
  description:
    'A connection to a Service of any type, by any of its addresses, is judged by the pod and port that it is sent on to; the same client of a sticky one gets the same pod.',
  arbitrary: fc.record({ plan: arbitraryCluster({ minServices: 1, maxPolicies: 3 }) }),
  edges: [SERVICE_CASE],
  holds: async ({ plan }, setup) => {
    const report = checkServices(await startCluster(plan, setup))
    if (report.differences.length > 0)
      throw new Error(
        report.differences
          .slice(0, 5)
          .map((one) => formatServiceDifference(one))
          .join('\n\n'),
      )
  },
})

export const neighboursAreFound = policyProperty({
  name: 'neighboursAreFound',
  description: 'A pod that has to ask for its neighbours first meets the same: policies do not stop it.',
  arbitrary: fc.record({ plan: arbitraryCluster({ maxServices: 0, maxPolicies: 2 }) }),
  edges: [{ plan: EVERYTHING_OUTSIDE.plan }],
  holds: async ({ plan }, setup) => {
    const cluster = await startCluster(plan, setup)
    const { engine, view } = cluster
    for (const { metadata, spec } of view.pods().filter(isRunning)) {
      if (spec.hostNetwork === true) continue
      const netns = podNetns(metadata.namespace ?? '', metadata.name)
      for (const neighbour of engine.neighList(netns)) engine.neighDelete(netns, neighbour)
    }
    const report = checkEnforcement(cluster, undefined, { limit: PACKETS })
    if (report.differences.length > 0) throw new Error(formatReport(report, cluster))
  },
})
