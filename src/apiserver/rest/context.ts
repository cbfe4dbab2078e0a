/** What the handlers of all verbs work with. */
import type { Clock } from '../../sim/clock.ts'
import type { Random } from '../../sim/random.ts'
import type { ServiceAllocator } from '../allocate/service.ts'
import { deepFreeze, type JsonObject } from '../meta/json.ts'
import { badRequest, notFound } from '../meta/status.ts'
import { keyOf, type KindDefinition } from '../registry/kind.ts'
import { namespaces } from '../registry/registry.ts'
import type { ApiRequest } from '../request.ts'
import type { Entry, Storage } from '../storage/storage.ts'
import type { KubeObject, Namespace } from '../types/index.ts'
import type { WatchStream } from '../watch/stream.ts'

export interface RestContext {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage<KubeObject>
  readonly allocator: ServiceAllocator
  /** Streams that are open, and whose they are: for faults. */
  readonly watches: Map<WatchStream, ApiRequest>
  /** Milliseconds that an event takes to reach the watcher. */
  readonly watchLag: (request: ApiRequest) => number
}

/** The stored object that a request names. @throws ApiError 404 */
export function current(context: RestContext, kind: KindDefinition, request: ApiRequest): Entry<KubeObject> {
  const name = nameOf(request)
  const entry = context.storage.get(keyOf(kind, request.namespace, name))
  if (entry === undefined) throw notFound(kind, name)
  return entry
}

export function nameOf({ name }: ApiRequest): string {
  if (name === undefined || name === '') throw badRequest('name is required')
  return name
}

export function namespaceObject({ storage }: RestContext, name: string): Namespace | undefined {
  return storage.get(keyOf(namespaces, undefined, name))?.value as Namespace | undefined
}

/** The object with its resourceVersion, frozen: what storage keeps. `draft` is used up. */
export function stamped(draft: JsonObject, revision: number): KubeObject {
  ;(draft['metadata'] as JsonObject)['resourceVersion'] = String(revision)
  return deepFreeze(draft) as unknown as KubeObject
}

/** Version 4 in form, from the seed in substance. */
export function makeUid(random: Random): string {
  const hex = [0, 0, 0, 0].map(() => random.uint32().toString(16).padStart(8, '0')).join('')
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** What generated names end in. No vowels, so no words. */
const SUFFIX = 'bcdfghjklmnpqrstvwxz2456789'
const MAX_GENERATED_BASE = 58

export function generateName(base: string, random: Random): string {
  const suffix = Array.from({ length: 5 }, () => SUFFIX[random.below(SUFFIX.length)]).join('')
  return base.slice(0, MAX_GENERATED_BASE) + suffix
}
