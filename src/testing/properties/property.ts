/**
 * A property of a policy dataplane: something that holds for every cluster, drawn, run with packets, and told in words
 * when it does not. `check` answers; `assert` throws what a test prints.
 */
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { PolicyConfig } from '../../cluster/components/node-policy.ts'
import { Problem } from '../../kernel/problem.ts'
import { policyFaults, type FaultName } from '../../policy/faults/index.ts'
import type { PolicyFault } from '../../policy/plan/inputs.ts'
import { objectsOf, type ClusterPlan } from '../arbitraries/cluster.ts'
import { shrinkPlan } from './shrink.ts'

export interface PropertyOptions {
  /** Required: what is drawn is a function of it. */
  readonly seed: number
  /** Clusters to draw. 0: the edge cases alone. */
  readonly runs: number
  /** Of a failure, to see it again with the same seed, runs and faults. */
  readonly path?: string
  /** Mistakes that the dataplane makes. */
  readonly faults?: readonly (FaultName | PolicyFault)[]
  /** The edge cases alone, nothing drawn. Default false. */
  readonly edgesOnly?: boolean
  /** The first counterexample does: it is not made smaller. Default false. */
  readonly quick?: boolean
}

export interface PropertyFailure {
  readonly property: string
  readonly seed: number
  /** What `path` of the options wants to replay it. */
  readonly path: string | null
  /** The difference, and the way of its packet. */
  readonly message: string
  /** The manifests, as YAML. */
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

/** What a property is asked of: a cluster, and what else tells one case from another. */
export interface Drawn {
  readonly plan: ClusterPlan
}

/** What clusters are made with. */
export interface Setup {
  readonly policy?: PolicyConfig
}

export interface PropertyDefinition<T extends Drawn> {
  readonly name: string
  readonly description: string
  readonly arbitrary: fc.Arbitrary<T>
  /** Tried before anything is drawn. */
  readonly edges: readonly T[]
  /** What else than the plan tells a case apart, in a line. */
  readonly describe?: (drawn: T) => string
  /** Throws when it does not hold; `fc.pre` refuses what shows nothing. */
  readonly holds: (drawn: T, setup: Setup) => Promise<void>
}

export function policyProperty<T extends Drawn>({
  name,
  description,
  arbitrary,
  edges,
  describe = () => '',
  holds,
}: PropertyDefinition<T>): PolicyProperty {
  const check = async (options: PropertyOptions): Promise<PropertyFailure | undefined> => {
    const { seed, runs, path, faults = [], quick = false, edgesOnly = false } = checkedOptions(options)
    const setup: Setup = faults.length === 0 ? {} : { policy: { faults } }
    const errorOf = (drawn: T): Promise<unknown> =>
      holds(drawn, setup).then(
        () => undefined,
        (error: unknown) => error,
      )
    const firstEdge = async (): Promise<Wrong<T> | undefined> => {
      let silent = false
      for (const [at, drawn] of edgesOf(edges, path)) {
        const error = await errorOf(drawn)
        if (fc.PreconditionFailure.isFailure(error)) silent = true
        else if (error !== undefined) return { drawn, error, path: String(at) }
      }
      // With a mistake there may be nothing to see.
      if (silent && faults.length === 0) throw new Error(`${name}: an edge case shows nothing`)
      return undefined
    }
    const firstOfAll = async (): Promise<Wrong<T> | undefined> => {
      const details = await fc.check(
        fc.asyncProperty(arbitrary, (drawn) => holds(drawn, setup)),
        {
          seed,
          numRuns: edges.length + runs,
          examples: edges.map((edge): [T] => [edge]),
          endOnFailure: quick,
          ...(path === undefined ? {} : { path }),
        },
      )
      if (!details.failed) return undefined
      if (details.counterexample === null) throw new Error(`${name}: too many cases show nothing`)
      const [drawn] = details.counterexample
      return { drawn, error: details.errorInstance, path: details.counterexamplePath }
    }
    const wrong = await (edgesOnly || runs === 0 ? firstEdge() : firstOfAll())
    if (wrong === undefined) return undefined
    const { drawn } = wrong
    const plan = quick
      ? drawn.plan
      : await shrinkPlan(drawn.plan, async (smaller) => isFailure(await errorOf({ ...drawn, plan: smaller })))
    const smallest = plan === drawn.plan ? drawn : { ...drawn, plan }
    const error = plan === drawn.plan ? wrong.error : await errorOf(smallest)
    return {
      property: name,
      seed,
      path: wrong.path,
      message: error instanceof Error ? error.message : String(error),
      counterexample: `${describe(smallest)}${planText(plan)}`,
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

/** A case in which it does not hold, as it was drawn. */
interface Wrong<T> {
  readonly drawn: T
  readonly error: unknown
  readonly path: string | null
}

/** With their numbers, which are their paths. @throws Problem when the path is that of none */
function edgesOf<T>(edges: readonly T[], path: string | undefined): readonly (readonly [number, T])[] {
  const numbered = edges.map((edge, at) => [at, edge] as const)
  if (path === undefined) return numbered
  const meant = numbered.filter(([at]) => String(at) === path)
  if (meant.length === 0) throw new Problem(`no edge case has the path ${path}`, { field: 'path' })
  return meant
}

/** Not what can no longer be applied, and not what shows nothing. */
function isFailure(error: unknown): boolean {
  return error !== undefined && !(error instanceof Problem) && !fc.PreconditionFailure.isFailure(error)
}

/** @throws Problem before anything is drawn: a wrong option is no counterexample */
function checkedOptions(options: PropertyOptions): PropertyOptions {
  const { seed, runs, faults = [] } = options
  if (!Number.isInteger(seed))
    throw new Problem(`expected an integer, not ${String(seed)}`, { field: 'seed' })
  if (!Number.isInteger(runs) || runs < 0)
    throw new Problem(`expected how many, not ${String(runs)}`, { field: 'runs' })
  policyFaults(faults, 'faults')
  return options
}

/** The manifests first, then what a packet met among them. */
export function formatFailure({ property, seed, path, message, counterexample }: PropertyFailure): string {
  const again = path === null ? '' : `, again with { seed: ${seed}, path: '${path}' }`
  return [`${property} does not hold${again}`, counterexample.trimEnd(), message.trimEnd()].join('\n\n')
}

/** Manifests as one would apply them. */
export function planText(plan: ClusterPlan): string {
  const finished = plan.finished.map(({ namespace, name, phase }) => `# ${namespace}/${name} has ${phase}\n`)
  const objects = objectsOf(plan).map((object) => stringify(object))
  return `# ${plan.nodes} node${plan.nodes === 1 ? '' : 's'}\n${finished.join('')}---\n${objects.join('---\n')}`
}
