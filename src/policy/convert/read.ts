/** JSON of unknown origin, read with the place of what is wrong. */
import { Problem } from '../../kernel/problem.ts'

export type JsonMap = Readonly<Record<string, unknown>>

export function at(field: string, key: string): string {
  return `${field}.${key}`
}

/** @throws Problem unless it is a map */
export function recordOf(value: unknown, field: string): JsonMap {
  if (value === undefined) throw new Problem('is required', { field })
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Problem('expected a map', { field })
  return value as JsonMap
}

/** @throws Problem unless it is a list of maps */
export function recordsOf(value: unknown, field: string): JsonMap[] {
  if (!Array.isArray(value)) throw new Problem('expected a list', { field })
  return value.map((item, index) => recordOf(item, `${field}[${index}]`))
}

/** Any other field would be lost, and with it a part of what the policy means. @throws Problem */
export function checkFields(record: JsonMap, field: string, known: readonly string[]): void {
  const other = Object.keys(record).find((key) => !known.includes(key))
  if (other !== undefined)
    throw new Problem(`cannot be converted to ClusterNetworkPolicy: known here are ${known.join(', ')}`, {
      field: at(field, other),
    })
}
