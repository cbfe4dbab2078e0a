/**
 * Fields that a kind does not have. kubectl refuses them (apiserver: fieldValidation=Strict); of the kinds that are
 * modelled whole they are an error here too, because what a typo leaves out changes what a policy means. Of other kinds
 * a field may only be unknown here: a warning (`apply.ts`).
 */
import { clusternetworkpolicies, networkpolicies, type KindDefinition } from '../../apiserver/index.ts'
import { decode } from '../../apiserver/registry/decode.ts'
import type { Schema } from '../../apiserver/registry/schema.ts'
import { Problem } from '../../kernel/problem.ts'
import { suggest } from '../reference.ts'
import { fieldPath, type Manifest } from './document.ts'

const WHOLE: readonly KindDefinition[] = [networkpolicies, clusternetworkpolicies] as never

/** @throws Problem of the first one; ApiError where a value is of a wrong type */
export function refuseUnknownFields(kind: KindDefinition, { object, place }: Manifest): void {
  if (!WHOLE.includes(kind)) return
  const { status: _status, ...body } = object
  const field = decode(body, kind.schema, kind.kind).unknown.find((path) => !path.startsWith('metadata.'))
  if (field === undefined) return
  const path = fieldPath(field)
  const name = path.pop() ?? ''
  throw new Problem(`there is no such field${suggest(name, fieldsAt(kind.schema, path))}`, place(field))
}

/** Fields of the part of an object that is at `path`. */
function fieldsAt(schema: Schema, path: readonly string[]): string[] {
  let part: Schema | undefined = schema
  for (const key of path) {
    if (part?.type === 'list') part = part.items
    else if (part?.type === 'object') part = part.fields[key]
    else part = undefined
  }
  return part?.type === 'object' ? Object.keys(part.fields) : []
}
