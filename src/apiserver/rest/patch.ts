/** PATCH: the patch is applied to what is stored, and the result is handled as a PUT (apiserver: endpoints/handlers/patch.go). */
import { isObject } from '../meta/json.ts'
import { badRequest, unsupportedMediaType } from '../meta/status.ts'
import { jsonPatch } from '../patch/json-patch.ts'
import { mergePatch } from '../patch/merge-patch.ts'
import { strategicMerge } from '../patch/strategic-merge.ts'
import type { KindDefinition } from '../registry/kind.ts'
import type { ObjectSchema } from '../registry/schema.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { current, type RestContext } from './context.ts'
import { replace } from './update.ts'

export function patch(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  const entry = current(context, kind, request)
  return replace(context, kind, request, entry, patched(entry.value, request, kind.schema))
}

/** @throws ApiError 400, 415, 422 */
export function patched(target: object, { body, patchType }: ApiRequest, schema: ObjectSchema): unknown {
  const result = apply(target, body, patchType, schema)
  if (!isObject(result)) throw badRequest('the patched document is not an object')
  return result
}

function apply(target: object, body: unknown, type: ApiRequest['patchType'], schema: ObjectSchema): unknown {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(target, body)
    case 'application/merge-patch+json':
      return mergePatch(target, body)
    case 'application/strategic-merge-patch+json':
      return strategicMerge(target, body, schema)
    case undefined:
      throw unsupportedMediaType(
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json',
      )
  }
}
