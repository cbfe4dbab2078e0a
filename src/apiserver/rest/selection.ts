/** Which objects of a kind a list or watch is about. */
import { parseFieldSelector } from '../meta/field-selector.ts'
import { parseLabelSelector } from '../meta/label-selector.ts'
import { keyOf, type KindDefinition } from '../registry/kind.ts'
import type { ApiRequest } from '../request.ts'
import type { KubeObject } from '../types/index.ts'

export interface Selection {
  /** Every key that can matter starts with it. */
  readonly prefix: string
  /** Absent when all under the prefix are selected. */
  readonly matches: ((object: KubeObject) => boolean) | undefined
}

/** @throws ApiError 400 */
export function selectionOf(kind: KindDefinition, { namespace, name, query = {} }: ApiRequest): Selection {
  const labels = query.labelSelector ? parseLabelSelector(query.labelSelector) : undefined
  const fields = query.fieldSelector ? parseFieldSelector(query.fieldSelector, kind.fieldLabels) : undefined
  const one = name ?? fields?.name
  const inNamespace = kind.namespaced && namespace !== undefined && namespace !== ''
  const base = inNamespace ? `${kind.storagePrefix}${namespace}/` : kind.storagePrefix
  // A single object: its key is a prefix that others may share, so the name is compared too.
  const key = one !== undefined && (inNamespace || !kind.namespaced) ? keyOf(kind, namespace, one) : undefined
  const tests: ((object: KubeObject) => boolean)[] = []
  if (labels !== undefined) tests.push(({ metadata }) => labels(metadata.labels))
  if (fields !== undefined) tests.push(fields.matches)
  if (name !== undefined) tests.push(({ metadata }) => metadata.name === name)
  return {
    prefix: key ?? base,
    matches: tests.length === 0 ? undefined : (object) => tests.every((test) => test(object)),
  }
}
