/**
 * Histories of a cluster: commands for fast-check's `commands` and `asyncModelRun`, in any order, and packets in between.
 * A command that picks an object picks by number among those that are there; one that finds none is skipped.
 *
 * ```ts
 * fc.asyncProperty(arbitraryCluster(), arbitraryHistory(), (plan, history) => runHistory(plan, history))
 * ```
 */
import fc from 'fast-check'
import type { ClusterOptions } from '../../cluster/cluster.ts'
import { arbitraryClusterPolicy } from '../arbitraries/cluster-network-policy.ts'
import type { ClusterPlan } from '../arbitraries/cluster.ts'
import { arbitraryPolicySpec } from '../arbitraries/network-policy.ts'
import { arbitraryPodShape } from '../arbitraries/pod.ts'
import {
  arbitraryLabels,
  arbitraryNamespaceName,
  NARROW_VOCABULARY,
  often,
  type Vocabulary,
} from '../arbitraries/vocabulary.ts'
import { startCluster } from '../start-cluster.ts'
import type { PolicyCommand } from './change.ts'
import { modelOf } from './model.ts'
import { lookedAt, packetsSent, timePassed } from './packets.ts'
import {
  namespaceRelabelled,
  newPod,
  podDeleted,
  podFinished,
  podKilled,
  podRelabelled,
  podReplaced,
  rolledOut,
  scaled,
} from './pods.ts'
import {
  clusterPolicyDeleted,
  newClusterPolicy,
  newPolicy,
  policyDeleted,
  policyRewritten,
} from './policies.ts'

export interface CommandOptions {
  /** Default: few words, so that changes meet policies. */
  readonly vocabulary?: Vocabulary
  /** A sample for each look at the packets. Default 150. */
  readonly packets?: number
}

export interface HistoryOptions extends CommandOptions {
  /** Default 12. */
  readonly maxCommands?: number
}

/** One arbitrary a command, for `fc.commands`. Two changes of three are looked at before the next. */
export function policyCommands({
  vocabulary = NARROW_VOCABULARY,
  packets = 150,
}: CommandOptions = {}): fc.Arbitrary<PolicyCommand>[] {
  const number = fc.nat({ max: 20 })
  const labels = arbitraryLabels(vocabulary)
  const shape = arbitraryPodShape(vocabulary)
  const spec = arbitraryPolicySpec(vocabulary)
  const seed = fc.noShrink(fc.nat({ max: 0xffff }))
  // Twice as often as the others: selecting anew, and an address that is another's, are what most bugs are about.
  const replaced = fc.tuple(number, shape).map(([which, its]) => podReplaced(which, its))
  const relabelled = fc.tuple(number, labels).map(([which, its]) => podRelabelled(which, its))
  const changes: readonly fc.Arbitrary<PolicyCommand>[] = [
    fc.tuple(shape, number).map(([its, node]) => newPod(its, node)),
    number.map(podDeleted),
    number.map(podKilled),
    number.map(podFinished),
    replaced,
    replaced,
    relabelled,
    relabelled,
    fc.tuple(number, labels).map(([which, its]) => namespaceRelabelled(which, its)),
    fc.tuple(arbitraryNamespaceName(vocabulary), spec).map(([namespace, its]) => newPolicy(namespace, its)),
    fc.tuple(number, spec).map(([which, its]) => policyRewritten(which, its)),
    number.map(policyDeleted),
    arbitraryClusterPolicy({ vocabulary }).map(newClusterPolicy),
    number.map(clusterPolicyDeleted),
    fc.tuple(number, fc.nat({ max: 3 })).map(([which, replicas]) => scaled(which, replicas)),
    fc.tuple(number, labels).map(([which, its]) => rolledOut(which, its)),
  ]
  return [
    ...changes.map((change) =>
      fc
        .tuple(change, often(seed, 3))
        .map(([command, look]) => (look === undefined ? command : lookedAt(command, packets, look))),
    ),
    fc.constantFrom(1, 100, 1000, 40_000).map(timePassed),
    seed.map((its) => packetsSent(packets, its)),
  ]
}

/** What happens to a cluster, one thing after another. */
export function arbitraryHistory({ maxCommands = 12, ...options }: HistoryOptions = {}): fc.Arbitrary<
  Iterable<PolicyCommand>
> {
  // At the default size most have hardly any command.
  return fc.commands(policyCommands(options), { maxCommands, size: 'max' })
}

/** @throws Error that tells where packets met something else than the objects say at that moment */
export async function runHistory(
  plan: ClusterPlan,
  history: Iterable<PolicyCommand>,
  options: Omit<ClusterOptions, 'nodes'> = {},
): Promise<void> {
  const setup = async () => ({ model: modelOf(plan), real: { cluster: await startCluster(plan, options) } })
  await fc.asyncModelRun(setup, history)
}
