/** PUT of an object or of a part of it (apiserver: registry/rest/update.go, store.go: Update). */
import { jsonEqual, type Draft, type JsonObject } from '../meta/json.ts'
import { badRequest, conflict, invalid, staleObject } from '../meta/status.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { validateMetadata, validateMetadataUpdate } from '../registry/metadata.ts'
import { services } from '../registry/registry.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { Entry } from '../storage/storage.ts'
import type { KubeObject, Service } from '../types/index.ts'
import { decodeBody, placeInNamespace } from './body.ts'
import { current, stamped, type RestContext } from './context.ts'
import { remove } from './delete.ts'

export function update(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  return replace(context, kind, request, current(context, kind, request), request.body)
}

/** Replaces what is stored by a body: the object, or with the subresource `status` its status only. */
export function replace(
  context: RestContext,
  kind: KindDefinition,
  request: ApiRequest,
  entry: Entry<KubeObject>,
  body: unknown,
): ApiResponse {
  const old = entry.value
  const { draft, metadata, warnings } = decodeBody(kind, request, body)
  placeInNamespace(kind, request, metadata)
  if ((metadata['name'] ?? old.metadata.name) !== old.metadata.name)
    throw badRequest(
      `the name of the object (${String(metadata['name'])}) does not match the name on the URL (${old.metadata.name})`,
    )
  checkPreconditions(kind, old, metadata)

  let object: KubeObject
  if (request.subresource === 'status') {
    object = { ...old, ...(draft['status'] === undefined ? {} : { status: draft['status'] }) } as KubeObject
    if (draft['status'] === undefined) delete (object as unknown as JsonObject)['status']
  } else {
    draft['metadata'] = keepServerMetadata(metadata, old)
    if (kind.hasStatus) keepStatus(draft, old as unknown as JsonObject)
    kind.defaults(draft as unknown as Draft<KubeObject>)
    kind.prepareForUpdate(draft as unknown as Draft<KubeObject>, old)
    object = draft as unknown as KubeObject
    const errors = [
      ...validateMetadata(kind, object),
      ...validateMetadataUpdate(object, old),
      ...kind.validate(object),
      ...kind.validateUpdate(object, old),
    ]
    if (errors.length > 0) throw invalid(kind, old.metadata.name, errors)
    warnings.push(...kind.warnings(object))
  }
  return store(context, kind, request, entry, object, warnings)
}

/** Writes a changed object over an entry, unless nothing changed; lets go of it when its last finalizer went. */
export function store(
  context: RestContext,
  kind: KindDefinition,
  request: ApiRequest,
  entry: Entry<KubeObject>,
  object: KubeObject,
  warnings: readonly string[] = [],
): ApiResponse {
  const old = entry.value
  const undo =
    kind === services && request.subresource === undefined
      ? context.allocator.allocate(object as unknown as Draft<Service>, old as Service)
      : undefined
  if (jsonEqual(object, old)) return { kind: 'object', code: 200, object: old, warnings }
  if (request.query?.dryRun === true) {
    undo?.()
    return { kind: 'object', code: 200, object, warnings }
  }
  const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds = 0 } = object.metadata
  const unheld = finalizers.length === 0 && (old.metadata.finalizers ?? []).length > 0
  if (deletionTimestamp !== undefined && unheld && deletionGracePeriodSeconds === 0) {
    const gone = remove(context, kind, entry, object)
    return { kind: 'object', code: 200, object: gone, warnings }
  }
  const next: JsonObject = { ...object, metadata: { ...object.metadata } }
  if (kind.hasGeneration && specChanged(object, old))
    (next['metadata'] as JsonObject)['generation'] = (old.metadata.generation ?? 0) + 1
  const result = context.storage.commit({
    type: 'put',
    key: entry.key,
    expected: entry.modRevision,
    value: (revision) => stamped(next, revision),
  })
  if (!result.done) {
    undo?.()
    throw staleObject(kind, old.metadata.name)
  }
  if (kind === services) context.allocator.release(old as Service, object as Service)
  return { kind: 'object', code: 200, object: result.event.value, warnings }
}

function checkPreconditions(kind: KindDefinition, old: KubeObject, metadata: JsonObject): void {
  const { name, uid, resourceVersion } = old.metadata
  const wantedUid = metadata['uid']
  if (wantedUid !== undefined && wantedUid !== '' && wantedUid !== uid)
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${String(wantedUid)}, UID in object meta: ${uid}`,
    )
  const version = metadata['resourceVersion']
  if (version !== undefined && version !== '' && version !== resourceVersion) throw staleObject(kind, name)
}

/** What a client cannot change, whatever it sends. */
function keepServerMetadata(given: JsonObject, old: KubeObject): JsonObject {
  const { metadata } = old
  const { selfLink: _link, deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, ...rest } = given
  return {
    ...rest,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    ...(metadata.generateName !== undefined && { generateName: metadata.generateName }),
    ...(metadata.generation !== undefined && { generation: metadata.generation }),
    creationTimestamp: metadata.creationTimestamp,
    ...(metadata.deletionTimestamp !== undefined && {
      deletionTimestamp: metadata.deletionTimestamp,
      deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    }),
  }
}

function keepStatus(draft: JsonObject, old: JsonObject): void {
  if (old['status'] === undefined) delete draft['status']
  else draft['status'] = old['status']
}

/** Everything but metadata and status counts as spec. */
function specChanged(object: KubeObject, old: KubeObject): boolean {
  const { metadata: _a, status: _b, ...after } = object as KubeObject & { status?: unknown }
  const { metadata: _c, status: _d, ...before } = old as KubeObject & { status?: unknown }
  return !jsonEqual(after, before)
}
