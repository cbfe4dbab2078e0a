/** From the body of a write to a draft of the kind. */
import { isObject, type JsonObject } from '../meta/json.ts'
import { badRequest } from '../meta/status.ts'
import { decode } from '../registry/decode.ts'
import { apiVersionOf, type KindDefinition } from '../registry/kind.ts'
import type { ApiRequest } from '../request.ts'

export interface BodyDraft {
  readonly draft: JsonObject
  readonly metadata: JsonObject
  readonly warnings: string[]
}

/** @throws ApiError 400: another kind, a wrong type, an unknown field under Strict */
export function decodeBody(kind: KindDefinition, request: ApiRequest, body: unknown): BodyDraft {
  const apiVersion = apiVersionOf(kind)
  if (!isObject(body)) throw badRequest(`the body of the request is not an object of kind ${kind.kind}`)
  const given = { apiVersion: body['apiVersion'] ?? apiVersion, kind: body['kind'] ?? kind.kind }
  const what = `${String(given.kind)} in version "${String(given.apiVersion).split('/').at(-1)}" cannot be handled as a ${kind.kind}`
  if (given.apiVersion !== apiVersion || given.kind !== kind.kind)
    throw badRequest(`${what}: expected ${kind.kind} of ${apiVersion}`)
  const { object, unknown } = decode(body, kind.schema, what)
  const warnings = unknown.map((path) => `unknown field ${JSON.stringify(path)}`)
  if (warnings.length > 0 && request.query?.fieldValidation === 'Strict')
    throw badRequest(`${what}: strict decoding error: ${warnings.join(', ')}`)
  const metadata = (object['metadata'] ?? {}) as JsonObject
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = object
  return {
    draft: { apiVersion, kind: kind.kind, metadata, ...rest },
    metadata,
    warnings: request.query?.fieldValidation === 'Ignore' ? [] : warnings,
  }
}

/** Puts the request's namespace into the object, which may say the same or nothing. @throws ApiError 400 */
export function placeInNamespace(kind: KindDefinition, request: ApiRequest, metadata: JsonObject): void {
  if (!kind.namespaced) {
    if (metadata['namespace'] !== undefined && metadata['namespace'] !== '')
      throw badRequest('namespace may not be set on an object of a kind without namespaces')
    delete metadata['namespace']
    return
  }
  if (request.namespace === undefined || request.namespace === '')
    throw badRequest('an empty namespace may not be set during creation')
  if ((metadata['namespace'] ?? request.namespace) !== request.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  metadata['namespace'] = request.namespace
}
