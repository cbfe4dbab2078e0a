/** Requests of callers whose compiler does not know the types: what cannot be meant is told, not ignored. */
import { Problem } from '../kernel/problem.ts'
import { suggest } from './reference.ts'

/** `given` is an object that has none but the `known` fields. `path` is what it is called in an error; '' at the top. */
export function checkFields(given: unknown, known: readonly string[], path: string): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new Problem(`expected an object with ${known.join(', ')}`, path === '' ? {} : { field: path })
  }
  for (const field of Object.keys(given)) {
    if (known.includes(field)) continue
    throw new Problem(`is not known here${suggest(field, known)}`, {
      field: path === '' ? field : `${path}.${field}`,
    })
  }
}

export function checkList(given: unknown, field: string, of: string): void {
  if (!Array.isArray(given)) throw new Problem(`expected a list of ${of}`, { field })
}

export function checkFamily(given: unknown): void {
  if (given === undefined || given === 'ipv4' || given === 'ipv6') return
  throw new Problem(`${JSON.stringify(given)} is not known: expected ipv4 or ipv6`, { field: 'family' })
}
