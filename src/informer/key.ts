import type { KubeObject, ObjectMeta } from '../apiserver/index.ts'

/** `namespace/name`, or `name` for kinds without namespaces (client-go: MetaNamespaceKeyFunc). */
export function keyOf({ metadata }: KubeObject): string {
  return metaKey(metadata)
}

export function metaKey({ namespace, name }: Pick<ObjectMeta, 'name' | 'namespace'>): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

export function splitKey(key: string): { readonly namespace: string | undefined; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
