/**
 * From a body to a draft: a deep copy by the kind's schema, which drops nulls and unknown fields (naming them) and
 * refuses values of a wrong type, in the words of the API's JSON decoder.
 */
import { setField, type JsonObject } from '../meta/json.ts'
import { badRequest } from '../meta/status.ts'
import type { ObjectSchema, Schema } from './schema.ts'

export interface Decoded {
  readonly object: JsonObject
  /** Paths of fields the schema does not have: `spec.foo`, `spec.ports[0].bar`. */
  readonly unknown: readonly string[]
}

/** `what` begins the error: `Service in version "v1" cannot be handled as a Service`. @throws ApiError 400 */
export function decode(body: unknown, schema: ObjectSchema, what: string): Decoded {
  const unknown: string[] = []
  return { object: new Decoder(what, unknown).object(body, schema, '') as JsonObject, unknown }
}

class Decoder {
  readonly #what: string
  readonly #unknown: string[]

  constructor(what: string, unknown: string[]) {
    this.#what = what
    this.#unknown = unknown
  }

  object(value: unknown, schema: ObjectSchema, path: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#mismatch(value, path, schema.goType)
    const result: JsonObject = {}
    for (const key in value) {
      const field = (value as JsonObject)[key]
      if (field === null || field === undefined) continue
      const at = path === '' ? key : `${path}.${key}`
      if (Object.hasOwn(schema.fields, key)) result[key] = this.value(field, schema.fields[key]!, at)
      else this.#unknown.push(at)
    }
    return result
  }

  value(value: unknown, schema: Schema, path: string): unknown {
    switch (schema.type) {
      case 'string':
        return typeof value === 'string' ? value : this.#mismatch(value, path, 'string')
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#mismatch(value, path, 'bool')
      case 'int32':
        return typeof value === 'number' && (value | 0) === value
          ? value
          : this.#mismatch(value, path, 'int32')
      case 'int64':
        return Number.isSafeInteger(value) ? value : this.#mismatch(value, path, 'int64')
      case 'intOrString':
        return typeof value === 'string' || (typeof value === 'number' && (value | 0) === value)
          ? value
          : this.#mismatch(value, path, 'int32')
      case 'quantity':
        return typeof value === 'string'
          ? value
          : typeof value === 'number'
            ? String(value)
            : this.#mismatch(value, path, 'resource.Quantity')
      case 'object':
        return this.object(value, schema, path)
      case 'map':
        return this.#map(value, schema.values, path)
      case 'list':
        if (!Array.isArray(value)) return this.#mismatch(value, path, '[]')
        return value.map((item, index) => this.value(item, schema.items, `${path}[${index}]`))
      case 'any':
        return this.#any(value, path)
    }
  }

  #map(value: unknown, values: Schema, path: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#mismatch(value, path, 'map')
    const result: JsonObject = {}
    for (const [key, item] of Object.entries(value))
      if (item !== undefined)
        setField(result, key, this.value(item ?? zero(values), values, `${path}.${key}`))
    return result
  }

  /** A plain copy. What JSON cannot say is a mistake of an in-process caller. */
  #any(value: unknown, path: string): unknown {
    if (Array.isArray(value)) return value.map((item, index) => this.#any(item ?? null, `${path}[${index}]`))
    if (typeof value === 'object' && value !== null) {
      const result: JsonObject = {}
      for (const [key, item] of Object.entries(value))
        if (item !== undefined) setField(result, key, this.#any(item, `${path}.${key}`))
      return result
    }
    if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value))
      return value
    return this.#mismatch(value, path, 'JSON value')
  }

  #mismatch(value: unknown, path: string, goType: string): never {
    const field = path.replaceAll(/\[\d+\]/g, '')
    throw badRequest(
      `${this.#what}: json: cannot unmarshal ${jsonType(value)} into Go struct field ${field} of type ${goType} (at ${path === '' ? 'the top' : path})`,
    )
  }
}

function zero(schema: Schema): unknown {
  return schema.type === 'string' ? '' : schema.type === 'boolean' ? false : schema.type === 'list' ? [] : 0
}

function jsonType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'number' : `number ${value}`
  return typeof value
}
