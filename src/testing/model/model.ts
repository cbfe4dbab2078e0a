/**
 * What a sequence of changes does to a live cluster, next to a model of it. The model knows which objects there are, so
 * that a command can tell whether it makes sense; what packets should meet is the evaluator's to say.
 */
import { Evaluator } from '../../policy/evaluate/index.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { ClusterPlan } from '../arbitraries/cluster.ts'

export interface PodName {
  readonly namespace: string
  readonly name: string
}

/** Names only, in the order of their making: a command picks by number. */
export interface PolicyModel {
  readonly namespaces: string[]
  /** Those that run; finished ones are gone from here. */
  readonly pods: PodName[]
  readonly finished: PodName[]
  readonly deployments: PodName[]
  readonly networkPolicies: PodName[]
  readonly clusterNetworkPolicies: string[]
  nodes: number
  /** Objects made so far: a new name each time. */
  made: number
}

export interface PolicySystem {
  readonly cluster: Cluster
}

export function modelOf(plan: ClusterPlan): PolicyModel {
  const named = ({
    metadata,
  }: {
    readonly metadata: { readonly namespace?: string; readonly name: string }
  }): PodName => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
  })
  const isFinished = ({ namespace, name }: PodName): boolean =>
    plan.finished.some((pod) => pod.namespace === namespace && pod.name === name)
  const pods = plan.pods.map(named)
  return {
    namespaces: plan.namespaces.map(({ metadata }) => metadata.name),
    pods: pods.filter((pod) => !isFinished(pod)),
    finished: pods.filter(isFinished),
    deployments: plan.deployments.map(named),
    networkPolicies: plan.networkPolicies.map(named),
    clusterNetworkPolicies: plan.clusterNetworkPolicies.map(({ metadata }) => metadata.name),
    nodes: plan.nodes,
    made: 0,
  }
}

/** The cluster's evaluator, which has heard of every change, checked against one that is told of the end only. */
export function checkedEvaluator(cluster: Pick<Cluster, 'view' | 'evaluator'>): Pick<Evaluator, 'verdict'> {
  const { view } = cluster
  const incremental = cluster.evaluator()
  const fresh = new Evaluator({
    namespaces: view.namespaces(),
    pods: view.pods(),
    nodes: view.nodes(),
    networkPolicies: view.networkPolicies(),
    clusterNetworkPolicies: view.clusterNetworkPolicies(),
  })
  return {
    verdict: (question) => {
      const [verdict, other] = [incremental.verdict(question), fresh.verdict(question)]
      if (JSON.stringify(verdict) !== JSON.stringify(other)) {
        throw new Error(`the evaluator remembers: ${verdict.reason}\nfrom scratch: ${other.reason}`)
      }
      return verdict
    },
  }
}
