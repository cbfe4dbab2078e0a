/**
 * Errors as the API gives them: a Status object with code, reason and details (apimachinery: api/errors). Inside the
 * server they are thrown as `ApiError`; the pipeline turns them into responses, the client turns those back.
 */
import type { FieldError } from './field-error.ts'

export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'Timeout'

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface Status {
  readonly apiVersion: 'v1'
  readonly kind: 'Status'
  readonly metadata: { readonly continue?: string; readonly resourceVersion?: string }
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: StatusReason
  readonly details?: StatusDetails
  readonly code: number
}

/** A failure of a request. `code` is the HTTP status code. */
export class ApiError extends Error {
  readonly status: Status

  constructor(status: Status) {
    super(status.message ?? status.reason ?? 'unknown error')
    this.name = 'ApiError'
    this.status = status
  }

  get code(): number {
    return this.status.code
  }

  get reason(): StatusReason | undefined {
    return this.status.reason
  }
}

/** What names a kind of objects in messages: `deployments.apps`, `services`. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

export function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`
}

function failure(
  code: number,
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  metadata: Status['metadata'] = {},
): ApiError {
  return new ApiError({
    apiVersion: 'v1',
    kind: 'Status',
    metadata,
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  })
}

function about(of: GroupResource, name: string, more: StatusDetails = {}): StatusDetails {
  return { name, ...(of.group !== '' && { group: of.group }), kind: of.resource, ...more }
}

export function notFound(of: GroupResource, name: string): ApiError {
  return failure(404, 'NotFound', `${qualified(of)} "${name}" not found`, about(of, name))
}

/** The server has no such resource at all. */
export function resourceNotFound(): ApiError {
  return failure(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(of: GroupResource, name: string): ApiError {
  return failure(409, 'AlreadyExists', `${qualified(of)} "${name}" already exists`, about(of, name))
}

export function conflict(of: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${why}`
  return failure(409, 'Conflict', message, about(of, name))
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

/** A write of an object that no longer has the resourceVersion the writer read. */
export function staleObject(of: GroupResource, name: string): ApiError {
  return conflict(of, name, MODIFIED)
}

export function forbidden(of: GroupResource, name: string, why: string): ApiError {
  const subject = name === '' ? qualified(of) : `${qualified(of)} "${name}"`
  return failure(403, 'Forbidden', `${subject} is forbidden: ${why}`, about(of, name))
}

export function badRequest(message: string): ApiError {
  return failure(400, 'BadRequest', message)
}

export function methodNotSupported(of: GroupResource, verb: string): ApiError {
  return failure(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${qualified(of)}"`,
    {
      ...(of.group !== '' && { group: of.group }),
      kind: of.resource,
    },
  )
}

export function unsupportedMediaType(message: string): ApiError {
  return failure(415, 'UnsupportedMediaType', message)
}

export interface GroupKind {
  readonly group: string
  readonly kind: string
}

export function invalid({ group, kind }: GroupKind, name: string, errors: readonly FieldError[]): ApiError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return failure(
    422,
    'Invalid',
    `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${list}`,
    {
      name,
      ...(group !== '' && { group }),
      kind,
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    },
  )
}

/** A patch that is well formed but does not fit the object. */
export function invalidPatch(message: string): ApiError {
  return failure(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${message}`,
    {},
  )
}

/** History that the request needs has been compacted. `continueToken` lets a chunked list go on, inconsistently. */
export function expired(message: string, continueToken?: string): ApiError {
  return failure(
    410,
    'Expired',
    message,
    undefined,
    continueToken === undefined ? {} : { continue: continueToken },
  )
}

export function tooLargeResourceVersion(wanted: number, current: number): ApiError {
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`
  return failure(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

export function isTooLargeResourceVersion(error: ApiError): boolean {
  return (
    error.reason === 'Timeout' &&
    (error.status.details?.causes ?? []).some(({ reason }) => reason === 'ResourceVersionTooLarge')
  )
}

export function tooManyRequests(retryAfterSeconds: number): ApiError {
  return failure(429, 'TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds })
}

export function internalError(message: string): ApiError {
  return failure(500, 'InternalError', `Internal error occurred: ${message}`)
}
