/**
 * A property of a policy dataplane: something that holds for every cluster, drawn, run with packets, and told in words
 * when it does not. `check` answers; `assert` throws what a test prints.
 */
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { ClusterOptions } from '../../cluster/cluster.ts'
import type { FaultName } from '../../policy/faults/index.ts'
import { objectsOf, type ClusterPlan } from '../arbitraries/cluster.ts'

export interface PropertyOptions {
  readonly seed: number
  /** Clusters to draw. */
  readonly runs: number
  /** Mistakes that the dataplane makes. */
  readonly faults?: readonly FaultName[]
  /** The edge cases alone, nothing drawn. Default false. */
  readonly edgesOnly?: boolean
  /** The first counterexample does: it is not made smaller. Default false. */
  readonly quick?: boolean
}

export interface PropertyFailure {
  readonly property: string
  readonly seed: number
  /** What fast-check wants to replay it. */
  readonly path: string | null
  readonly message: string
  /** The drawn manifests, as YAML. */
  readonly counterexample: string
}

export interface PolicyProperty {
  readonly name: string
  /** One sentence. */
  readonly description: string
  /** Undefined: it held. */
  check(options: PropertyOptions): Promise<PropertyFailure | undefined>
  /** @throws Error with seed, manifests and what was found */
  assert(options: PropertyOptions): Promise<void>
}

export interface PropertyDefinition<T> {
  readonly name: string
  readonly description: string
  readonly arbitrary: fc.Arbitrary<T>
  /** Tried before anything is drawn. */
  readonly edges?: readonly T[]
  /** The manifests of what was drawn, and what else tells it apart. */
  readonly describe: (drawn: T) => string
  /** Throws when it does not hold. `setup` is what clusters are made with. */
  readonly holds: (drawn: T, setup: Pick<ClusterOptions, 'policy'>) => Promise<void>
}

export function policyProperty<T>({
  name,
  description,
  arbitrary,
  edges = [],
  describe,
  holds,
}: PropertyDefinition<T>): PolicyProperty {
  const check = async ({
    seed,
    runs,
    faults = [],
    quick = false,
    edgesOnly = false,
  }: PropertyOptions): Promise<PropertyFailure | undefined> => {
    const setup = faults.length === 0 ? {} : { policy: { faults } }
    const property = fc.asyncProperty(arbitrary, (drawn) => holds(drawn, setup))
    const numRuns = edges.length + (edgesOnly ? 0 : runs)
    if (numRuns === 0) return undefined
    const examples = edges.map((edge): [T] => [edge])
    const details = await fc.check(property, { seed, numRuns, examples, endOnFailure: quick })
    if (!details.failed) return undefined
    const { errorInstance, counterexample, counterexamplePath } = details
    return {
      property: name,
      seed,
      path: counterexamplePath,
      message: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
      counterexample: counterexample === null ? '' : describe(counterexample[0]),
    }
  }
  return {
    name,
    description,
    check,
    assert: async (options) => {
      const failure = await check(options)
      if (failure !== undefined) throw new Error(formatFailure(failure))
    },
  }
}

export function formatFailure({ property, seed, path, message, counterexample }: PropertyFailure): string {
  return [
    `${property} does not hold (seed ${seed}${path === null ? '' : `, path ${path}`})`,
    message,
    counterexample,
  ].join('\n\n')
}

/** Manifests as one would apply them. */
export function planText(plan: ClusterPlan): string {
  const finished = plan.finished.map(({ namespace, name, phase }) => `# ${namespace}/${name} has ${phase}\n`)
  const objects = objectsOf(plan).map((object) => stringify(object))
  return `# ${plan.nodes} node${plan.nodes === 1 ? '' : 's'}\n${finished.join('')}---\n${objects.join('---\n')}`
}
