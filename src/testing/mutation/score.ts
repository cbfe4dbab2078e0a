/**
 * How much a suite notices: it is run against clusters whose dataplane makes one mistake each, mistakes that real
 * network plugins have made. A mistake that the suite does not notice, though it changes what a packet meets, has
 * survived, and the smallest such packet found is the expectation that is missing.
 */
import { Cluster, type ClusterOptions } from '../../cluster/cluster.ts'
import type { ManifestInput } from '../../cluster/manifests/sources.ts'
import { Problem } from '../../kernel/problem.ts'
import { FAULTS, faultNamed, type Fault } from '../../policy/faults/index.ts'
import { missingExpectation, type MissingExpectation } from './missing.ts'

/** Throws, or answers false, when something is not as it should be. */
export type Suite = (cluster: Cluster) => unknown

export interface MutationOptions {
  /** What every cluster holds before the suite sees it; it has settled. */
  readonly manifests: ManifestInput
  readonly suite: Suite
  /** Default: the whole catalogue. */
  readonly faults?: readonly string[]
  readonly cluster?: Omit<ClusterOptions, 'policy'>
  /** Packets to look for a difference with, a mistake. Default 4000. */
  readonly packets?: number
  /** Told of each mistake when it has been tried. */
  readonly onMutant?: (mutant: Mutant) => void
}

export type Mutant = { readonly fault: Fault } & (
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
  const start = async (names: readonly string[]): Promise<Cluster> => {
    const cluster = await Cluster.create({ ...options, policy: { faults: names } })
    await cluster.apply(manifests)
    await cluster.settle()
    return cluster
  }
  const clean = await verdictOf(suite, await start([]))
  if (clean !== undefined) {
    throw new Problem(`the suite fails where the dataplane makes no mistake: ${clean}`, { field: 'suite' })
  }
  const chosen =
    faults === undefined ? FAULTS : faults.map((name, index) => faultNamed(name, `faults[${index}]`))
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

async function tryFault(
  fault: Fault,
  suite: Suite,
  start: (names: readonly string[]) => Promise<Cluster>,
  packets: number,
): Promise<Mutant> {
  const message = await verdictOf(suite, await start([fault.name]))
  if (message !== undefined) return { fault, outcome: 'caught', message }
  // The suite may have changed its cluster: the search has one of its own.
  const missing = missingExpectation(await start([fault.name]), packets)
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
