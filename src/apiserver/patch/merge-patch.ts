/** JSON merge patch (RFC 7396): objects merge, null deletes, everything else replaces. */
import { isObject, setField, type JsonObject } from '../meta/json.ts'

export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: JsonObject = { ...(isObject(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key]
    else if (value !== undefined)
      setField(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value))
  return result
}
