/** The opaque token that continues a chunked list (apiserver: storage/continue.go): base64url of version, revision and first key. */
import { isObject } from '../meta/json.ts'
import { badRequest } from '../meta/status.ts'

export interface ContinueToken {
  /** −1: whatever the newest is, after the consistent snapshot expired. */
  readonly revision: number
  /** Where the next chunk begins, below the prefix of the list. */
  readonly start: string
}

const VERSION = 'meta.k8s.io/v1'

export function encodeContinue({ revision, start }: ContinueToken): string {
  return btoa(JSON.stringify({ v: VERSION, rv: revision, start }))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** @throws ApiError 400 */
export function decodeContinue(text: string): ContinueToken {
  let value: unknown
  try {
    value = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    throw badRequest('continue key is not valid: illegal base64 or JSON')
  }
  if (!isObject(value) || value['v'] !== VERSION)
    throw badRequest('continue key is not valid: server does not recognize this encoded version')
  const { rv, start } = value
  if (!Number.isSafeInteger(rv) || rv === 0)
    throw badRequest(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    )
  if (typeof start !== 'string' || start === '' || start.split('/').includes('..'))
    throw badRequest('continue key is not valid: encoded start key is empty or leaves the list')
  return { revision: rv as number, start }
}
