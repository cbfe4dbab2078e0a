/**
 * Clusters that stand on the edges of the APIs: each line of these policies is one that some product got wrong. Shipped
 * properties begin with them before they draw anything, so that a mistake that has been made before is found at once.
 * What a campaign finds is added here.
 */
import type { ClusterPlan } from '../arbitraries/cluster.ts'
import { PEER_CASES } from './peers.ts'
import { POD_CASES } from './pods.ts'
import { POLICY_CASES } from './policies.ts'
import { PORT_CASES } from './ports.ts'
import type { EdgeCase } from './world.ts'

export const EDGE_CASES: readonly EdgeCase[] = [...PORT_CASES, ...PEER_CASES, ...POLICY_CASES, ...POD_CASES]

/** The plan of the case whose name begins so. */
export function edgeCase(name: string): ClusterPlan {
  const found = EDGE_CASES.find((each) => each.name.startsWith(name))
  if (found === undefined) throw new Error(`there is no edge case ${name}`)
  return found.plan
}

export { SERVICE_CASE } from './services.ts'
export type { EdgeCase } from './world.ts'
