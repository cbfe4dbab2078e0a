/** All faults by name. None of them has any effect unless a cluster is made with it. */
import { Problem } from '../../kernel/problem.ts'
import type { PolicyFault, PolicyInputs } from '../plan/inputs.ts'
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

/** @throws Problem that names what is near, or all there is, when there is no such fault */
export function faultNamed(name: string, field = 'faults'): Fault {
  const found = FAULTS.find((fault) => fault.name === name)
  if (found !== undefined) return found
  const near = nearTo(name)
  throw new Problem(
    `there is no fault ${JSON.stringify(name)}${
      near.length > 0 ? `; did you mean ${near.join(' or ')}?` : `: there is ${FAULT_NAMES.join(', ')}`
    }`,
    { field },
  )
}

/** What a compiler's inputs are wrapped in, in this order: mistakes of the catalogue by name, or one's own. */
export function policyFaults(
  faults: readonly (FaultName | (string & {}) | PolicyFault)[],
  field = 'policy.faults',
): PolicyFault[] {
  if (!Array.isArray(faults)) {
    throw new Problem(`expected a list, as [${JSON.stringify(faults) ?? 'emptyFromIsNone'}]`, { field })
  }
  return faults.map((fault: string | PolicyFault, index) =>
    typeof fault === 'function'
      ? checked(fault, `${field}[${index}]`)
      : faultNamed(fault, `${field}[${index}]`).apply,
  )
}

/** One's own fault, which must answer with inputs. */
function checked(fault: PolicyFault, field: string): PolicyFault {
  return (inputs) => {
    const wrong: unknown = fault(inputs)
    if (typeof wrong === 'object' && wrong !== null && 'placement' in wrong) return wrong as PolicyInputs
    const name = fault.name === '' ? 'a fault of your own' : `the fault ${fault.name}`
    throw new Problem(`${name} gives ${String(wrong)}: expected inputs, as { ...inputs, pod }`, { field })
  }
}

/** The names that have the most words of this one, three at most: `endPort` is in `endPortExclusive`. */
function nearTo(name: string): string[] {
  const words = wordsOf(name)
  const shared = FAULT_NAMES.map((each) => ({
    each,
    count: wordsOf(each).filter((word) => words.includes(word)).length,
  }))
  const most = Math.max(...shared.map(({ count }) => count))
  return most === 0 ? [] : shared.flatMap(({ each, count }) => (count === most ? [each] : [])).slice(0, 3)
}

function wordsOf(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase())
}
