/**
 * DELETE (apiserver: registry/rest/delete.go, store.go: Delete). An object goes at once, unless something holds it: a
 * finalizer, a pod's grace period, a namespace's content. Then it stays, marked by deletionTimestamp, until the holder
 * lets go.
 */
import { isObject, type JsonObject } from '../meta/json.ts'
import { conflict, staleObject } from '../meta/status.ts'
import { formatTime, parseTime } from '../meta/time.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { namespaces, pods, services } from '../registry/registry.ts'
import type { ApiRequest, ApiResponse, DeleteOptions } from '../request.ts'
import type { Entry } from '../storage/storage.ts'
import type { KubeObject, Namespace, Pod, Service } from '../types/index.ts'
import { current, stamped, type RestContext } from './context.ts'
import { list } from './list.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

export function deleteObject(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  const options = (isObject(request.body) ? request.body : {}) as DeleteOptions
  const entry = current(context, kind, request)
  checkPreconditions(kind, entry.value, options)
  const marked = mark(context, kind, entry.value, options)
  if (request.query?.dryRun === true) return ok(entry.value)
  if (marked === undefined) {
    const gone = remove(context, kind, entry, entry.value)
    return kind === pods || kind === services ? ok(gone) : success(kind, gone)
  }
  if (marked === entry.value) return ok(entry.value)
  const result = context.storage.commit({
    type: 'put',
    key: entry.key,
    expected: entry.modRevision,
    value: (revision) => stamped({ ...marked, metadata: { ...marked.metadata } }, revision),
  })
  if (!result.done) throw staleObject(kind, entry.value.metadata.name)
  return ok(result.event.value)
}

/** Deletes everything that a list with the same query would show; answers with that list. */
export function deleteCollection(
  context: RestContext,
  kind: KindDefinition,
  request: ApiRequest,
): ApiResponse {
  const { body, ...query } = request
  const response = list(context, kind, query)
  for (const { metadata } of response.items)
    deleteObject(context, kind, {
      ...request,
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      body,
    })
  return { kind: 'object', code: 200, object: response, warnings: [] }
}

/** Takes the object out of storage. The DELETED event carries its last state, at the revision of the deletion. */
export function remove(
  context: RestContext,
  kind: KindDefinition,
  entry: Entry<KubeObject>,
  last: KubeObject,
): KubeObject {
  const result = context.storage.commit({
    type: 'delete',
    key: entry.key,
    expected: entry.modRevision,
    value: (revision) => stamped({ ...last, metadata: { ...last.metadata } }, revision),
  })
  if (!result.done) throw staleObject(kind, entry.value.metadata.name)
  if (kind === services) context.allocator.release(entry.value as Service)
  return result.event.value
}

/** The object as it stays for now; undefined when nothing holds it; the very same when it is marked already. */
function mark(
  { clock }: RestContext,
  kind: KindDefinition,
  object: KubeObject,
  options: DeleteOptions,
): KubeObject | undefined {
  const finalizers = withPropagation(object.metadata.finalizers ?? [], options)
  const grace = kind === pods ? graceOf(object as Pod, options) : 0
  const content = kind === namespaces && ((object as Namespace).spec?.finalizers ?? []).length > 0
  if (finalizers.length === 0 && grace === 0 && !content) return undefined

  const { deletionTimestamp, deletionGracePeriodSeconds = 0, ...metadata } = object.metadata
  if (deletionTimestamp !== undefined && grace >= deletionGracePeriodSeconds) {
    // Already on its way, and not to be hurried.
    return finalizers.length === (object.metadata.finalizers ?? []).length
      ? object
      : { ...object, metadata: { ...object.metadata, finalizers } }
  }
  const from =
    deletionTimestamp === undefined
      ? clock.now()
      : parseTime(deletionTimestamp)! - 1000 * deletionGracePeriodSeconds
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(kind.hasGeneration &&
        deletionTimestamp === undefined && { generation: (metadata.generation ?? 0) + 1 }),
      deletionTimestamp: formatTime(Math.max(from + 1000 * grace, clock.now())),
      deletionGracePeriodSeconds: grace,
      ...(finalizers.length > 0 && { finalizers }),
    },
  }
  if (kind !== namespaces) return marked
  return { ...marked, status: { ...(object as Namespace).status, phase: 'Terminating' } } as KubeObject
}

/** Seconds a pod has to stop: none if no kubelet has it or it is done. */
function graceOf({ metadata, spec, status }: Pod, { gracePeriodSeconds }: DeleteOptions): number {
  if (!spec.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  const asked =
    gracePeriodSeconds ?? metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
  return Math.max(0, asked)
}

function withPropagation(
  finalizers: readonly string[],
  { propagationPolicy }: DeleteOptions,
): readonly string[] {
  const wanted =
    propagationPolicy === 'Foreground' ? FOREGROUND : propagationPolicy === 'Orphan' ? ORPHAN : undefined
  return wanted === undefined || finalizers.includes(wanted) ? finalizers : [...finalizers, wanted]
}

function checkPreconditions(
  kind: KindDefinition,
  { metadata }: KubeObject,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    )
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    )
}

function ok(object: KubeObject): ApiResponse {
  return { kind: 'object', code: 200, object, warnings: [] }
}

function success(kind: KindDefinition, { metadata }: KubeObject): ApiResponse {
  const object: JsonObject = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: metadata.name,
      ...(kind.group !== '' && { group: kind.group }),
      kind: kind.resource,
      uid: metadata.uid,
    },
  }
  return { kind: 'object', code: 200, object, warnings: [] }
}
