/**
 * What the server knows of a kind. The table of these is the single source: names, scope, shape, defaults, validation,
 * status, generation, field labels and merge keys all derive from here.
 */
import type { Draft, JsonObject } from '../meta/json.ts'
import type { FieldError } from '../meta/field-error.ts'
import type { FieldLabels } from '../meta/field-selector.ts'
import type { NameCheck } from '../meta/validate-names.ts'
import type { KubeObject } from '../types/index.ts'
import type { ObjectSchema } from './schema.ts'

export interface KindDefinition<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Plural, lower case: the word in paths. */
  readonly resource: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** Where objects live in storage: `/registry/services/specs/`. */
  readonly storagePrefix: string
  readonly schema: ObjectSchema
  /** Has a `/status` subresource: then the main resource leaves status alone, and `/status` everything else. */
  readonly hasStatus: boolean
  /** `metadata.generation` counts changes of the spec. */
  readonly hasGeneration: boolean
  /** Has a `/scale` subresource over `spec.replicas`. */
  readonly hasScale: boolean
  readonly nameCheck: NameCheck
  readonly fieldLabels: FieldLabels<T>

  /** Fills what the user left out. Runs on every write, before validation. */
  defaults(draft: Draft<T>): void
  /** Sets what only the server may set on a new object (besides metadata), and clears what the user may not. */
  prepareForCreate(draft: Draft<T>): void
  /** The same on an update of the main resource. */
  prepareForUpdate(draft: Draft<T>, old: T): void
  /** What is wrong with the object, metadata aside. */
  validate(object: T): FieldError[]
  /** What may not change. */
  validateUpdate(object: T, old: T): FieldError[]
  /** Non-fatal remarks, for the Warning header. */
  warnings(object: T): string[]
}

type Required = 'group' | 'version' | 'kind' | 'resource' | 'namespaced' | 'schema' | 'nameCheck'

/** Fills in what most kinds have in common. */
export function defineKind<T extends KubeObject>(
  definition: Pick<KindDefinition<T>, Required> & Partial<KindDefinition<T>>,
): KindDefinition<T> {
  return {
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    storagePrefix: `/registry/${definition.resource}/`,
    hasStatus: false,
    hasGeneration: false,
    hasScale: false,
    fieldLabels: {},
    defaults: () => {},
    prepareForCreate: () => {},
    prepareForUpdate: () => {},
    validate: () => [],
    validateUpdate: () => [],
    warnings: () => [],
    ...definition,
  }
}

export function apiVersionOf({
  group,
  version,
}: {
  readonly group: string
  readonly version: string
}): string {
  return group === '' ? version : `${group}/${version}`
}

/** The storage key of an object. */
export function keyOf(kind: KindDefinition, namespace: string | undefined, name: string): string {
  return kind.namespaced ? `${kind.storagePrefix}${namespace}/${name}` : `${kind.storagePrefix}${name}`
}

/** A draft seen as plain JSON. */
export function fieldsOf(draft: object): JsonObject {
  return draft as JsonObject
}
