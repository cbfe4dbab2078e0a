/**
 * Clusters that stand on the edges of the APIs: each line of these policies is one that some product got wrong. Shipped
 * properties begin with them before they draw anything, so that a mistake that has been made before is found at once.
 * What a campaign finds is added here.
 */
import { PEER_CASES } from './peers.ts'
import { POD_CASES } from './pods.ts'
import { POLICY_CASES } from './policies.ts'
import { PORT_CASES } from './ports.ts'
import type { EdgeCase } from './world.ts'

export const EDGE_CASES: readonly EdgeCase[] = [...PORT_CASES, ...PEER_CASES, ...POLICY_CASES, ...POD_CASES]

export { EVERY_EXCEPT, SELECTORS } from './peers.ts'
export { FINISHED_POD } from './pods.ts'
export { DIRECTIONS, EVERYTHING_OUTSIDE } from './policies.ts'
export { SERVICE_CASE } from './services.ts'
export type { EdgeCase } from './world.ts'
