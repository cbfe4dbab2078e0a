/** The rules of resourceVersion, resourceVersionMatch and sendInitialEvents (apimachinery: internalversion/validation). */
import { forbiddenField, invalidValue, notSupported, type FieldError } from '../meta/field-error.ts'
import { invalid } from '../meta/status.ts'
import type { RequestQuery } from '../request.ts'

const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' }
const MATCHES = ['Exact', 'NotOlderThan']

export type ResourceVersion =
  /** Not given: the newest state. */
  | { readonly kind: 'unset' }
  /** "0": any state will do. */
  | { readonly kind: 'any' }
  | { readonly kind: 'number'; readonly revision: number }

/** @throws ApiError 422 */
export function parseResourceVersion(text: string | undefined): ResourceVersion {
  if (text === undefined || text === '') return { kind: 'unset' }
  if (text === '0') return { kind: 'any' }
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw invalid(LIST_OPTIONS, '', [
      invalidValue('resourceVersion', text, 'strconv.ParseUint: parsing: invalid syntax'),
    ])
  return { kind: 'number', revision: Number(text) }
}

/** @throws ApiError 422 */
export function checkListOptions(query: RequestQuery): void {
  const { resourceVersionMatch: match, resourceVersion = '' } = query
  const errors: FieldError[] = []
  if (query.sendInitialEvents !== undefined)
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  if (match !== undefined && match !== '') {
    const field = 'resourceVersionMatch'
    if (query.continue)
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'))
    else if (!MATCHES.includes(match)) errors.push(notSupported(field, match, MATCHES))
    else if (resourceVersion === '')
      errors.push(
        forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      )
    else if (match === 'Exact' && resourceVersion === '0')
      errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (errors.length > 0) throw invalid(LIST_OPTIONS, '', errors)
}

/** @throws ApiError 422 */
export function checkWatchOptions(query: RequestQuery): void {
  const { resourceVersionMatch: match = '', sendInitialEvents } = query
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined) {
    if (match === '')
      errors.push(
        forbiddenField(
          'resourceVersionMatch',
          'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
        ),
      )
    else if (match !== 'NotOlderThan')
      errors.push(notSupported('resourceVersionMatch', match, ['NotOlderThan']))
  } else if (match !== '')
    errors.push(
      forbiddenField(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    )
  if (errors.length > 0) throw invalid(LIST_OPTIONS, '', errors)
}
