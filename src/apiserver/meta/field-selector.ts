/**
 * Field selectors: `metadata.name=x,status.phase!=Running` (apimachinery: fields/selector.go). Each kind lists the
 * labels it understands; every kind has metadata.name and metadata.namespace.
 */
import type { KubeObject } from '../types/index.ts'
import { badRequest } from './status.ts'

/** What a field label reads from an object; the empty string when the field is unset. */
export type FieldLabels<T extends KubeObject = KubeObject> = Readonly<Record<string, FieldReader<T>['read']>>

/** A method, so that the labels of one kind fit into the table of all kinds: the table only ever passes its own objects. */
interface FieldReader<T> {
  read(object: T): string
}

export interface FieldSelector {
  readonly matches: (object: KubeObject) => boolean
  /** The name that `metadata.name=` asks for: such a list needs one key only. */
  readonly name: string | undefined
}

const COMMON: FieldLabels = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace ?? '',
}

/** @throws ApiError 400 for a bad selector or a label that the kind does not have. */
export function parseFieldSelector(text: string, labels: FieldLabels): FieldSelector {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, labels))
  return {
    matches: (object) => terms.every(({ read, equal, value }) => (read(object) === value) === equal),
    name: terms.find(({ label, equal }) => label === 'metadata.name' && equal)?.value,
  }
}

function parseTerm(term: string, labels: FieldLabels) {
  const match = /^([^!=]+)(!=|==|=)(.*)$/.exec(term)
  if (match === null) throw badRequest(`invalid field selector: ${JSON.stringify(term)}; can't understand it`)
  const [, label = '', operator, value = ''] = match
  const read = Object.hasOwn(COMMON, label)
    ? COMMON[label]
    : Object.hasOwn(labels, label)
      ? labels[label]
      : undefined
  if (read === undefined) throw badRequest(`field label not supported: ${label}`)
  return { label, read, equal: operator !== '!=', value }
}
