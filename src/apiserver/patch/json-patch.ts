/** JSON patch (RFC 6902). A patch applies as a whole or not at all. */
import { draftOf, isObject, jsonEqual, setField } from '../meta/json.ts'
import { badRequest, invalidPatch } from '../meta/status.ts'

const MAX_OPERATIONS = 10_000

/** @throws ApiError 400 for what is no patch, 422 for a patch that does not apply */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: a JSON patch is a list of operations')
  if (patch.length > MAX_OPERATIONS)
    throw badRequest(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    )
  let document: unknown = draftOf(target)
  for (const operation of patch) document = apply(document, operation)
  return document
}

function apply(document: unknown, operation: unknown): unknown {
  if (!isObject(operation)) throw badRequest('error decoding patch: an operation is an object')
  const { op, path, from, value } = operation
  if (typeof path !== 'string') throw badRequest('error decoding patch: an operation needs a path')
  const copied = () => {
    if (typeof from !== 'string') throw badRequest(`error decoding patch: ${String(op)} needs from`)
    return draftOf(read(document, pointer(from)))
  }
  switch (op) {
    case 'add':
      return write(document, pointer(path), draftOf(value), 'add')
    case 'replace':
      return write(document, pointer(path), draftOf(value), 'replace')
    case 'remove':
      return removeAt(document, pointer(path))
    case 'copy':
      return write(document, pointer(path), copied(), 'add')
    case 'move': {
      const moved = copied()
      if (path.startsWith(`${String(from)}/`))
        throw invalidPatch(`unable to move ${String(from)} into itself`)
      return write(removeAt(document, pointer(from as string)), pointer(path), moved, 'add')
    }
    case 'test':
      if (!jsonEqual(read(document, pointer(path)), value ?? null))
        throw invalidPatch(`testing value ${path} failed`)
      return document
    default:
      throw badRequest(`error decoding patch: unexpected kind: ${String(op)}`)
  }
}

function pointer(text: string): string[] {
  if (text === '') return []
  if (!text.startsWith('/'))
    throw badRequest(`error decoding patch: ${JSON.stringify(text)} is not a JSON pointer`)
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document
  for (const key of path) {
    const found = Array.isArray(value)
      ? value[indexIn(value, key, value.length - 1)]
      : isObject(value) && Object.hasOwn(value, key)
        ? value[key]
        : undefined
    if (found === undefined) throw missing(path)
    value = found
  }
  return value
}

function write(document: unknown, path: readonly string[], value: unknown, mode: 'add' | 'replace'): unknown {
  if (path.length === 0) return value
  const key = path.at(-1)!
  const parent = read(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    if (mode === 'add')
      parent.splice(key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value)
    else parent[indexIn(parent, key, parent.length - 1)] = value
  } else if (isObject(parent)) {
    if (mode === 'replace' && !Object.hasOwn(parent, key)) throw missing(path)
    setField(parent, key, value)
  } else throw missing(path)
  return document
}

function removeAt(document: unknown, path: readonly string[]): unknown {
  const key = path.at(-1)
  if (key === undefined) return null
  const parent = read(document, path.slice(0, -1))
  if (Array.isArray(parent)) parent.splice(indexIn(parent, key, parent.length - 1), 1)
  else if (isObject(parent) && Object.hasOwn(parent, key)) delete parent[key]
  else throw missing(path)
  return document
}

function indexIn(array: readonly unknown[], key: string, last: number): number {
  const index = /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  if (index < 0 || index > last)
    throw invalidPatch(`error in index: ${JSON.stringify(key)} of a list of ${array.length}`)
  return index
}

function missing(path: readonly string[]) {
  return invalidPatch(`doc is missing path: /${path.join('/')}: missing value`)
}
