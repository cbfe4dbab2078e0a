/** POST (apiserver: registry/rest/create.go, registry/generic/registry/store.go: Create). */
import { formatTime } from '../meta/time.ts'
import { alreadyExists, badRequest, forbidden, invalid, notFound } from '../meta/status.ts'
import type { Draft, JsonObject } from '../meta/json.ts'
import { keyOf, type KindDefinition } from '../registry/kind.ts'
import { services } from '../registry/registry.ts'
import { validateMetadata } from '../registry/metadata.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { KubeObject, Service } from '../types/index.ts'
import { decodeBody, placeInNamespace } from './body.ts'
import { generateName, makeUid, namespaceObject, stamped, type RestContext } from './context.ts'

const NAME_ATTEMPTS = 8

export function create(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  const { draft, metadata, warnings } = decodeBody(kind, request, request.body)
  if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '')
    throw badRequest('resourceVersion should not be set on objects to be created')
  placeInNamespace(kind, request, metadata)
  chooseName(context, kind, metadata)
  if (kind.namespaced) admitToNamespace(context, kind, metadata)
  draft['metadata'] = serverMetadata(context, kind, metadata)

  const object = draft as unknown as KubeObject
  kind.defaults(draft as unknown as Draft<KubeObject>)
  kind.prepareForCreate(draft as unknown as Draft<KubeObject>)
  const errors = [...validateMetadata(kind, object), ...kind.validate(object)]
  if (errors.length > 0) throw invalid(kind, object.metadata.name, errors)
  warnings.push(...kind.warnings(object))

  const undo = kind === services ? context.allocator.allocate(draft as unknown as Draft<Service>) : undefined
  if (request.query?.dryRun === true) {
    undo?.()
    return { kind: 'object', code: 201, object: stamped(draft, 0), warnings }
  }
  const result = context.storage.commit({
    type: 'put',
    key: keyOf(kind, object.metadata.namespace, object.metadata.name),
    expected: 0,
    value: (revision) => stamped(draft, revision),
  })
  if (result.done) return { kind: 'object', code: 201, object: result.event.value, warnings }
  undo?.()
  throw alreadyExists(kind, object.metadata.name)
}

/** The metadata of a new object, in the order in which the API prints it. */
function serverMetadata(context: RestContext, kind: KindDefinition, given: JsonObject): JsonObject {
  const {
    name,
    generateName: base,
    namespace,
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    selfLink: _link,
    ...rest
  } = given
  return {
    name,
    ...(base !== undefined && { generateName: base }),
    ...(namespace !== undefined && { namespace }),
    uid: makeUid(context.random),
    resourceVersion: '',
    ...(kind.hasGeneration && { generation: 1 }),
    creationTimestamp: formatTime(context.clock.now()),
    ...rest,
  }
}

function chooseName({ storage, random }: RestContext, kind: KindDefinition, metadata: JsonObject): void {
  metadata['name'] ??= ''
  const base = metadata['generateName']
  if (metadata['name'] !== '' || typeof base !== 'string' || base === '') return
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    const name = generateName(base, random)
    metadata['name'] = name
    if (storage.get(keyOf(kind, metadata['namespace'] as string | undefined, name)) === undefined) return
  }
  throw alreadyExists(kind, metadata['name'] as string)
}

/** The NamespaceLifecycle admission plugin. */
function admitToNamespace(context: RestContext, kind: KindDefinition, metadata: JsonObject): void {
  const name = metadata['namespace'] as string
  const namespace = namespaceObject(context, name)
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, name)
  if (namespace.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      kind,
      metadata['name'] as string,
      `unable to create new content in namespace ${name} because it is being terminated`,
    )
}
