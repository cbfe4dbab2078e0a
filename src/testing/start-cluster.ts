/** A drawn plan, run as a cluster. */
import { pods, type KubeObject, type Pod } from '../apiserver/index.ts'
import { Cluster, type ClusterOptions } from '../cluster/cluster.ts'
import { objectsOf, type ClusterPlan } from './arbitraries/cluster.ts'
import type { Manifest } from './arbitraries/manifest.ts'

/**
 * Pods that have finished by the end of the plan run first, so that others have their addresses: address by address the
 * lowest free one is given. Settled when it returns.
 */
export async function startCluster(
  plan: ClusterPlan,
  options: Omit<ClusterOptions, 'nodes'> = {},
): Promise<Cluster> {
  const cluster = await Cluster.create({ podAddresses: 'lowest', ...options, nodes: plan.nodes })
  await cluster.settle()
  const finished = new Set(plan.finished.map(({ namespace, name }) => `${namespace}/${name}`))
  const [early, late] = split(
    objectsOf(plan),
    (object) => object.kind !== 'Pod' || finished.has(pathOf(object)),
  )
  if (early.length > 0) await cluster.apply(early)
  await cluster.settle()
  for (const { namespace, name, phase } of plan.finished) finishPod(cluster, { namespace, name }, phase)
  await cluster.settle()
  if (late.length > 0) await cluster.apply(late)
  await cluster.settle()
  return cluster
}

/** Its containers have exited: it leaves the network, and its status keeps the address. */
export function finishPod(
  { client }: Pick<Cluster, 'client'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  phase: 'Succeeded' | 'Failed' = 'Succeeded',
): void {
  const pod: Pod = client.get(pods, name, namespace)
  const { resourceVersion: _version, ...metadata } = pod.metadata
  client.updateStatus(pods, { ...pod, metadata, status: { ...pod.status, phase } })
}

function pathOf({ metadata }: Manifest<KubeObject>): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}
