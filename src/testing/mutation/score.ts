/**
 * How much a suite notices: it is run against clusters whose dataplane makes one mistake each, mistakes that real
 * network plugins have made. A mistake that the suite does not notice, though it changes what a packet meets, has
 * survived, and the smallest such packet found is the expectation that is missing.
 */
import { Cluster, type ClusterOptions } from '../../cluster/cluster.ts'
import type { ManifestInput } from '../../cluster/manifests/sources.ts'
import { Problem } from '../../kernel/problem.ts'
import { FAULTS, faultNamed, type FaultDefinition, type FaultName } from '../../policy/faults/index.ts'
import type { PolicyFault } from '../../policy/plan/inputs.ts'
import { missingExpectation, type MissingExpectation } from './missing.ts'

/** Throws, or answers false, when something is not as it should be. */
export type Suite = (cluster: Cluster) => unknown

export interface MutationOptions {
  /** What every cluster holds before the suite sees it; it has settled. */
  readonly manifests: ManifestInput
  readonly suite: Suite
  /** Of the catalogue by name, or one's own, named as its function is. Default: the whole catalogue. */
  readonly faults?: readonly (FaultName | (string & {}) | PolicyFault)[]
  readonly cluster?: Omit<ClusterOptions, 'policy'>
  /** Packets to look for a difference with, a mistake. Default 4000. */
  readonly packets?: number
  /** Told of each mistake when it has been tried. */
  readonly onMutant?: (mutant: Mutant) => void
}

/** One of the catalogue, or one's own. */
export interface TriedFault extends FaultDefinition {
  readonly name: string
}

export type Mutant = { readonly fault: TriedFault } & (
  | { readonly outcome: 'caught'; /** What the suite said. */ readonly message: string }
  | { readonly outcome: 'survived'; readonly missing: MissingExpectation }
  /** These manifests as they stand never meet the mistake: the suite cannot be blamed. */
  | { readonly outcome: 'no effect' }
)

export interface MutationScore {
  readonly mutants: readonly Mutant[]
  readonly caught: number
  readonly survived: number
  readonly noEffect: number
  /** Caught of those that have an effect, 0 to 1; 1 when none has. */
  readonly score: number
}

/** @throws Problem when the suite fails without any mistake: then it says nothing about mistakes */
export async function mutationScore({
  manifests,
  suite,
  faults,
  cluster: options = {},
  packets = 4000,
  onMutant = () => {},
}: MutationOptions): Promise<MutationScore> {
  const chosen = faults === undefined ? FAULTS : triedFaults(faults)
  const start = async (...wrong: readonly PolicyFault[]): Promise<Cluster> => {
    const cluster = await Cluster.create({ ...options, policy: { faults: wrong } })
    await cluster.apply(manifests)
    await cluster.settle()
    return cluster
  }
  const clean = await verdictOf(suite, await start())
  if (clean !== undefined) {
    throw new Problem(`the suite fails where the dataplane makes no mistake: ${clean}`, { field: 'suite' })
  }
  const mutants: Mutant[] = []
  for (const fault of chosen) {
    const mutant = await tryFault(fault, suite, start, packets)
    mutants.push(mutant)
    onMutant(mutant)
  }
  const count = (outcome: Mutant['outcome']): number =>
    mutants.filter((each) => each.outcome === outcome).length
  const [caught, survived] = [count('caught'), count('survived')]
  const shown = caught + survived
  return { mutants, caught, survived, noEffect: count('no effect'), score: shown === 0 ? 1 : caught / shown }
}

function triedFaults(faults: readonly (string | PolicyFault)[]): readonly TriedFault[] {
  return faults.map((fault, index) => {
    const field = `faults[${index}]`
    if (typeof fault === 'string') return faultNamed(fault, field)
    const name = fault.name === '' ? field : fault.name
    return { name, description: 'A mistake of your own.', models: [], apply: fault }
  })
}

async function tryFault(
  fault: TriedFault,
  suite: Suite,
  start: (fault: PolicyFault) => Promise<Cluster>,
  packets: number,
): Promise<Mutant> {
  const message = await verdictOf(suite, await start(fault.apply))
  if (message !== undefined) return { fault, outcome: 'caught', message }
  // The suite may have changed its cluster: the search has one of its own.
  const missing = missingExpectation(await start(fault.apply), packets)
  return missing === undefined ? { fault, outcome: 'no effect' } : { fault, outcome: 'survived', missing }
}

/** Undefined: it passes. */
async function verdictOf(suite: Suite, cluster: Cluster): Promise<string | undefined> {
  try {
    return (await suite(cluster)) === false ? 'it answered false' : undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.split('\n', 1)[0] ?? message
  }
}
