/** JSON values as the server keeps them: plain, deeply frozen, shared. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** The same type, every field writable: what a strategy works on before the object is stored. */
export type Draft<T> = T extends readonly (infer U)[]
  ? Draft<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T

export type JsonObject = { [key: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Freezes a value and all it holds, in place. Stops at what is frozen: that was frozen here, all the way down. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (Array.isArray(value)) for (const item of value) deepFreeze(item)
  else for (const key in value) deepFreeze(value[key])
  return Object.freeze(value)
}

/** A deep copy that may be changed. Of an object, fields that are undefined are left out. */
export function draftOf<T>(value: T): Draft<T> {
  return copy(value) as Draft<T>
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const result: JsonObject = {}
  for (const [key, field] of Object.entries(value))
    if (field !== undefined) setField(result, key, copy(field))
  return result
}

/** `object[key] = value`, also for the one key that would set the prototype. */
export function setField(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

/** Whether two JSON values are the same, the order of fields aside. A field that is undefined counts as absent. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => jsonEqual(item, b[index]))
    )
  const left = a as JsonObject
  const right = b as JsonObject
  let fields = 0
  for (const key in left) {
    if (left[key] === undefined) continue
    fields++
    if (!Object.hasOwn(right, key) || !jsonEqual(left[key], right[key])) return false
  }
  for (const key in right) if (right[key] !== undefined) fields--
  return fields === 0
}
