/** Mistakes of real policy dataplanes, to be injected by name. */
export { FAULT_NAMES, FAULTS, faultNamed, policyFaults, type Fault, type FaultName } from './catalogue.ts'
export type { FaultDefinition } from './fault.ts'
