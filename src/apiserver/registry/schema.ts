/**
 * The shape of a kind, as data: which fields exist, of what type, and how lists merge under a strategic patch. From it
 * come the check of unknown fields and types; OpenAPI can be made from it too.
 *
 * A Go type of the API and its JSON: `null` means unset, an integer is 32 or 64 bits, a map has any keys.
 */

export type Schema =
  | { readonly type: 'any' | 'string' | 'boolean' | 'int32' | 'int64' | 'intOrString' | 'quantity' }
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, Schema>>; readonly goType: string }
  | { readonly type: 'map'; readonly values: Schema }
  | ListSchema

export interface ListSchema {
  readonly type: 'list'
  readonly items: Schema
  /** Strategic merge: `merge` joins the lists, by `mergeKey` if the items are objects. Without it a patch replaces the list. */
  readonly merge?: true
  readonly mergeKey?: string
}

export type ObjectSchema = Extract<Schema, { type: 'object' }>

export const any: Schema = { type: 'any' }
export const string: Schema = { type: 'string' }
export const boolean: Schema = { type: 'boolean' }
export const int32: Schema = { type: 'int32' }
export const int64: Schema = { type: 'int64' }
export const intOrString: Schema = { type: 'intOrString' }
export const quantity: Schema = { type: 'quantity' }
export const strings: Schema = { type: 'list', items: string }
export const stringMap: Schema = { type: 'map', values: string }

/** `goType` names the type in decoding errors. */
export function object(goType: string, fields: Readonly<Record<string, Schema>>): ObjectSchema {
  return { type: 'object', fields, goType }
}

export function list(items: Schema): ListSchema {
  return { type: 'list', items }
}

/** A list that strategic patches merge by a key of its items. */
export function listByKey(mergeKey: string, items: Schema): ListSchema {
  return { type: 'list', items, merge: true, mergeKey }
}

/** A list of plain values that strategic patches join. */
export function setOf(items: Schema): ListSchema {
  return { type: 'list', items, merge: true }
}

export function mapOf(values: Schema): Schema {
  return { type: 'map', values }
}
