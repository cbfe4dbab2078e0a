/**
 * What a match or target extension is to the parser and the printer: its options with their arguments, what they
 * say about the model, and how the model is written. The option parser (`rule.ts`) owns everything else, as
 * libxtables does for the shared libraries of iptables.
 */
import { Problem } from '../problem.ts'
import type { Family, Match, Target } from '../ruleset.ts'

/** What an option's reader may look at besides its own arguments. */
export interface OptionContext {
  readonly family: Family
  /** The option as printed, `--dport`. */
  readonly option: string
  /** `!` stood before it. */
  readonly not: boolean
  /** The rule's protocol number so far, undefined when there is none or it is inverted. */
  readonly protocol: number | undefined
}

/** An option's reader returns this for a value that is valid for the real tool and not modelled here. */
export const UNMODELLED: unique symbol = Symbol('unmodelled')

export interface Option<Model> {
  /** Long names without dashes, the one that is printed first. */
  readonly names: readonly string[]
  /** How many words it takes; 1 unless said. */
  readonly arity?: 0 | 1 | 2
  readonly invertible?: boolean
  /** May be given again (each use adds). */
  readonly repeatable?: boolean
  readonly read: (
    args: readonly string[],
    context: OptionContext,
    soFar: Partial<Model>,
  ) => Partial<Model> | typeof UNMODELLED
}

interface Definition<Model> {
  readonly kind: string
  /** The name after `-m` or `-j` when it is not the kind. */
  readonly name?: string
  readonly family?: Family
  readonly options: readonly Option<Model>[]
  /** Options of the real tool that are not modelled: a rule that has one is kept verbatim, of kind `unknown`. */
  readonly unmodelled?: readonly string[]
  /** Protocols without which the kernel refuses the extension. */
  readonly protocols?: readonly number[]
  /** The finished model, or a Problem when something is missing. */
  readonly finish: (soFar: Partial<Model>, context: OptionContext) => Model
  /** The arguments, each with a blank before it. */
  readonly print: (model: Model, family: Family) => string
}

/** An extension with its model type forgotten, as the registry holds it. */
export interface Extension {
  readonly kind: string
  readonly name: string
  readonly family?: Family
  readonly options: ReadonlyMap<string, Option<object>>
  readonly unmodelled: ReadonlySet<string>
  readonly protocols?: readonly number[]
  readonly finish: (soFar: object, context: OptionContext) => object
  readonly print: (model: object, family: Family) => string
}

type MatchOf<K> = Match extends infer T
  ? T extends { kind: infer U }
    ? K extends U
      ? T
      : never
    : never
  : never
type TargetOf<K> = Target extends infer T
  ? T extends { kind: infer U }
    ? K extends U
      ? T
      : never
    : never
  : never

const forget = <Model>(definition: Definition<Model>): Extension => {
  const { kind, name = kind, options, unmodelled = [], ...rest } = definition
  const byName = new Map(options.flatMap((option) => option.names.map((word) => [word, option])))
  return { kind, name, options: byName, unmodelled: new Set(unmodelled), ...rest } as unknown as Extension
}

export const defineMatch = <K extends Match['kind']>(
  definition: Definition<MatchOf<K>> & { readonly kind: K },
): Extension => forget(definition)

export const defineTarget = <K extends Target['kind']>(
  definition: Definition<TargetOf<K>> & { readonly kind: K },
): Extension => forget(definition)

/** `soFar` when every named field is there; the real tool's sentence when one is not. */
export function required<Model, Key extends keyof Model>(
  soFar: Partial<Model>,
  key: Key,
  extension: string,
  option: string,
): Model[Key] & {} {
  const value = soFar[key]
  if (value === undefined || value === null)
    throw new Problem(`${extension}: option "--${option}" must be specified`)
  return value
}

export function oneOf<T extends string>(text: string, names: readonly T[], message: string): T {
  const name = names.find((candidate) => candidate === text)
  if (name === undefined) throw new Problem(message, { field: text })
  return name
}
