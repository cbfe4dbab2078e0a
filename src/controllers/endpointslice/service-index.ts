/** Finds the services that select a pod without looking at all of them: by one label of the selector. */
import { compileLabelSelector, type KubeObject, type Labels, type Service } from '../../apiserver/index.ts'
import { keyOf } from '../../informer/index.ts'

interface Selecting {
  readonly key: string
  readonly bucket: string
  readonly matches: (labels: Labels | undefined) => boolean
}

export class ServiceSelectors {
  readonly #byKey = new Map<string, Selecting>()
  readonly #buckets = new Map<string, Set<Selecting>>()

  /** A service without selector selects nothing here: somebody else lists its endpoints. */
  set(service: Service): void {
    const key = keyOf(service)
    this.delete(key)
    const { selector = {} } = service.spec
    const first = Object.entries(selector)[0]
    if (first === undefined) return
    const entry: Selecting = {
      key,
      bucket: bucketOf(service.metadata.namespace, first[0], first[1]),
      matches: compileLabelSelector({ matchLabels: selector }),
    }
    this.#byKey.set(key, entry)
    const bucket = this.#buckets.get(entry.bucket)
    if (bucket === undefined) this.#buckets.set(entry.bucket, new Set([entry]))
    else bucket.add(entry)
  }

  delete(key: string): void {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return
    this.#byKey.delete(key)
    const bucket = this.#buckets.get(entry.bucket)!
    bucket.delete(entry)
    if (bucket.size === 0) this.#buckets.delete(entry.bucket)
  }

  /** Keys of the services that select the object. */
  selecting({ metadata }: KubeObject): string[] {
    const keys: string[] = []
    for (const [name, value] of Object.entries(metadata.labels ?? {}))
      for (const { key, matches } of this.#buckets.get(bucketOf(metadata.namespace, name, value)) ?? [])
        if (matches(metadata.labels)) keys.push(key)
    return keys
  }
}

function bucketOf(namespace: string | undefined, name: string, value: string): string {
  return `${namespace}/${name}=${value}`
}
