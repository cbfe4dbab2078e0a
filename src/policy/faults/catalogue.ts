/** All faults by name. None of them has any effect unless a cluster is made with it. */
import { Problem } from '../../kernel/problem.ts'
import type { PolicyFault } from '../plan/inputs.ts'
import type { FaultDefinition } from './fault.ts'
import { PEER_FAULTS } from './peers.ts'
import { PLACEMENT_FAULTS } from './placement.ts'
import { POD_FAULTS } from './pods.ts'
import { POLICY_FAULTS } from './policies.ts'
import { PORT_FAULTS } from './ports.ts'

const CATALOGUE = {
  ...PORT_FAULTS,
  ...PEER_FAULTS,
  ...POLICY_FAULTS,
  ...POD_FAULTS,
  ...PLACEMENT_FAULTS,
} as const

export type FaultName = keyof typeof CATALOGUE

export interface Fault extends FaultDefinition {
  readonly name: FaultName
}

export const FAULT_NAMES = Object.keys(CATALOGUE) as FaultName[]

export const FAULTS: readonly Fault[] = FAULT_NAMES.map((name) => ({ name, ...CATALOGUE[name] }))

/** @throws Problem that lists the names when there is no such fault */
export function faultNamed(name: string, field = 'faults'): Fault {
  const found = FAULTS.find((fault) => fault.name === name)
  if (found !== undefined) return found
  throw new Problem(`there is no fault ${JSON.stringify(name)}: there is ${FAULT_NAMES.join(', ')}`, {
    field,
  })
}

/** What a compiler's inputs are wrapped in, in this order: mistakes of the catalogue by name, or one's own. */
export function policyFaults(
  faults: readonly (string | PolicyFault)[],
  field = 'policy.faults',
): PolicyFault[] {
  return faults.map((fault, index) =>
    typeof fault === 'function' ? fault : faultNamed(fault, `${field}[${index}]`).apply,
  )
}
