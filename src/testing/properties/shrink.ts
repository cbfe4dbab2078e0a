/**
 * A failing plan made smaller where fast-check cannot: edge cases are written, not drawn. Objects are taken away, then
 * parts of policies, as long as the property still does not hold.
 */
import type { ClusterPlan } from '../arbitraries/cluster.ts'

/** `fails` is asked at most `limit` times. */
export async function shrinkPlan(
  plan: ClusterPlan,
  fails: (smaller: ClusterPlan) => Promise<boolean>,
  limit = 200,
): Promise<ClusterPlan> {
  let best = plan
  let tries = 0
  for (let found = true; found;) {
    found = false
    for (const smaller of smallerPlans(best)) {
      if (tries++ >= limit) return best
      if (!(await fails(smaller))) continue
      best = smaller
      found = true
      break
    }
  }
  return best
}

const LISTS = [
  'networkPolicies',
  'clusterNetworkPolicies',
  'services',
  'deployments',
  'statefulSets',
  'pods',
] as const

/** With one object less, then with one part less of one policy. */
function* smallerPlans(plan: ClusterPlan): Generator<ClusterPlan> {
  for (const list of LISTS)
    for (const less of shorter<unknown>(plan[list])) yield withFewerNames({ ...plan, [list]: less })
  for (const list of ['networkPolicies', 'clusterNetworkPolicies'] as const)
    for (const [index, policy] of plan[list].entries())
      for (const spec of withoutParts(policy.spec))
        yield { ...plan, [list]: (plan[list] as readonly unknown[]).with(index, { ...policy, spec }) }
}

/** The halves, then one item less. */
function* shorter<T>(items: readonly T[]): Generator<readonly T[]> {
  const half = Math.ceil(items.length / 2)
  if (items.length > 2) yield* [items.slice(0, half), items.slice(half)]
  for (const index of items.keys()) yield items.toSpliced(index, 1)
}

/** Finished pods and namespaces go with the last that needs them. */
function withFewerNames(plan: ClusterPlan): ClusterPlan {
  const { pods, services, deployments, statefulSets, networkPolicies } = plan
  const used = new Set(
    [...pods, ...services, ...deployments, ...statefulSets, ...networkPolicies].map(
      ({ metadata }) => metadata.namespace,
    ),
  )
  return {
    ...plan,
    namespaces: plan.namespaces.filter(({ metadata }) => used.has(metadata.name)),
    finished: plan.finished.filter(({ namespace, name }) =>
      pods.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    ),
  }
}

/** The value with one item less, for each item of each list in it that may do without. */
function* withoutParts(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    if (value.length > 1) for (const index of value.keys()) yield value.toSpliced(index, 1)
    for (const [index, item] of (value as unknown[]).entries())
      for (const less of withoutParts(item)) yield value.with(index, less)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value))
    for (const less of withoutParts(inner)) yield { ...value, [key]: less }
}
