/**
 * Strategic merge patch (apimachinery: util/strategicpatch): a merge patch that joins those lists that the kind's
 * schema says to join, by a key of their items or as sets, and that understands directives:
 *
 * * `$patch: replace | delete | merge` in an object, or in an item of a list
 * * `$retainKeys: [...]` keeps only those fields of the object
 * * `$deleteFromPrimitiveList/x: [...]` takes values out of the set `x`
 * * `$setElementOrder/x: [...]` orders the joined list `x`
 *
 * The merge key of Service.ports is `port` alone, so a patch cannot tell 53/TCP from 53/UDP: that is the real server's
 * behaviour.
 */
import { isObject, jsonEqual, type JsonObject } from '../meta/json.ts'
import { badRequest } from '../meta/status.ts'
import { any, type ListSchema, type Schema } from '../registry/schema.ts'

const PATCH = '$patch'
const RETAIN = '$retainKeys'
const DELETE_FROM = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'

/** @throws ApiError 400 */
export function strategicMerge(target: unknown, patch: unknown, schema: Schema): unknown {
  if (!isObject(patch)) throw badRequest('a strategic merge patch is an object')
  return mergeObject(isObject(target) ? target : {}, patch, schema)
}

function mergeObject(target: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  const directive = patch[PATCH]
  if (directive === 'replace') return without(patch, PATCH)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`unknown patch type found: ${String(directive)}`)
  const result: JsonObject = { ...target }
  const retain = patch[RETAIN]
  if (Array.isArray(retain))
    for (const key of Object.keys(result)) if (!retain.includes(key)) delete result[key]

  for (const [key, value] of Object.entries(patch)) {
    if (key === PATCH || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_FROM)) continue
    if (value === null) delete result[key]
    else if (value !== undefined)
      result[key] = mergeField(result[key], value, fieldSchema(schema, key), patch[ORDER + key])
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) {
      const field = key.slice(DELETE_FROM.length)
      const values = result[field]
      if (Array.isArray(values) && Array.isArray(value))
        result[field] = values.filter((item) => !value.includes(item))
    } else if (key.startsWith(ORDER)) {
      const field = key.slice(ORDER.length)
      const list = fieldSchema(schema, field)
      if (patch[field] === undefined && Array.isArray(result[field]) && list.type === 'list')
        result[field] = inOrder(result[field], value, list)
    }
  }
  return result
}

function mergeField(target: unknown, patch: unknown, schema: Schema, order: unknown): unknown {
  if (isObject(patch)) return mergeObject(isObject(target) ? target : {}, patch, schema)
  if (!Array.isArray(patch) || schema.type !== 'list' || schema.merge !== true) return stripped(patch)
  const merged = mergeList(Array.isArray(target) ? target : [], patch, schema)
  return inOrder(merged, order, schema)
}

function mergeList(target: readonly unknown[], patch: readonly unknown[], schema: ListSchema): unknown[] {
  const { mergeKey, items } = schema
  if (mergeKey === undefined) {
    const added = patch.filter((value) => !target.some((present) => jsonEqual(present, value)))
    return [...target, ...added]
  }
  if (patch.some((item) => isObject(item) && item[PATCH] === 'replace'))
    return patch.filter((item) => !(isObject(item) && item[PATCH] !== undefined)).map(stripped)
  const result = [...target]
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`expected objects in a list merged by ${mergeKey}`)
    const key = item[mergeKey]
    if (key === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`)
    const at = result.findIndex((present) => isObject(present) && jsonEqual(present[mergeKey], key))
    if (item[PATCH] === 'delete') {
      if (at >= 0) result.splice(at, 1)
    } else if (at >= 0) result[at] = mergeObject(result[at] as JsonObject, item, items)
    else result.push(mergeObject({}, item, items))
  }
  return result
}

/** Items named by the order come in that order; the others keep their place relative to what they followed. */
function inOrder(list: readonly unknown[], order: unknown, { mergeKey }: ListSchema): unknown[] {
  if (!Array.isArray(order)) return [...list]
  const identity = (item: unknown) =>
    JSON.stringify(mergeKey !== undefined && isObject(item) ? item[mergeKey] : item)
  const rank = new Map(order.map((item, index) => [identity(item), index]))
  const named = list
    .filter((item) => rank.has(identity(item)))
    .toSorted((a, b) => rank.get(identity(a))! - rank.get(identity(b))!)
  const result: unknown[] = []
  let next = 0
  for (const item of list) {
    if (!rank.has(identity(item))) result.push(item)
    else result.push(named[next++])
  }
  return result
}

function fieldSchema(schema: Schema, key: string): Schema {
  if (schema.type === 'object') return Object.hasOwn(schema.fields, key) ? schema.fields[key]! : any
  return schema.type === 'map' ? schema.values : any
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _dropped, ...rest } = object
  return rest
}

/** A value that replaces: nulls and directives inside it mean nothing. */
function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, field]) => field !== null && key !== PATCH)
      .map(([key, field]) => [key, stripped(field)]),
  )
}
