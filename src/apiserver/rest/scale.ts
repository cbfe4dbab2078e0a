/** The scale subresource: `spec.replicas` of a workload as an autoscaling/v1 Scale. */
import { invalidValue } from '../meta/field-error.ts'
import { isObject, type JsonObject } from '../meta/json.ts'
import { formatLabelSelector } from '../meta/label-selector.ts'
import { badRequest, invalid, staleObject } from '../meta/status.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { any, object } from '../registry/schema.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { KubeObject, Labels, LabelSelector } from '../types/index.ts'
import { current, type RestContext } from './context.ts'
import { patched } from './patch.ts'
import { store } from './update.ts'

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector: LabelSelector | Labels }
  readonly status?: { readonly replicas?: number }
}

export interface Scale extends KubeObject {
  readonly apiVersion: 'autoscaling/v1'
  readonly kind: 'Scale'
  readonly spec: { readonly replicas: number }
  readonly status: { readonly replicas: number; readonly selector: string }
}

const schema = object('Scale', { metadata: any, spec: any, status: any })

export function scale(context: RestContext, kind: KindDefinition, request: ApiRequest): ApiResponse {
  const entry = current(context, kind, request)
  const workload = entry.value as Scalable
  const now = scaleOf(workload)
  if (request.verb === 'get') return { kind: 'object', code: 200, object: now, warnings: [] }
  const body = request.verb === 'patch' ? patched(now, request, schema) : request.body
  const replicas = isObject(body) && isObject(body['spec']) ? (body['spec']['replicas'] ?? 0) : undefined
  if (!Number.isSafeInteger(replicas))
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas is not an integer')
  const count = replicas as number
  if (count < 0)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, workload.metadata.name, [
      invalidValue('spec.replicas', count, 'must be greater than or equal to 0'),
    ])
  const version =
    isObject(body) && isObject(body['metadata'])
      ? (body['metadata'] as JsonObject)['resourceVersion']
      : undefined
  if (version !== undefined && version !== '' && version !== workload.metadata.resourceVersion)
    throw staleObject(kind, workload.metadata.name)
  const response = store(context, kind, request, entry, {
    ...workload,
    spec: { ...workload.spec, replicas: count },
  } as Scalable)
  return response.kind === 'object' ? { ...response, object: scaleOf(response.object as Scalable) } : response
}

function scaleOf({ kind, metadata, spec, status }: Scalable): Scale {
  // That of a ReplicationController is only labels.
  const selector = kind === 'ReplicationController' ? { matchLabels: spec.selector as Labels } : spec.selector
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: { replicas: spec.replicas ?? 1 },
    status: { replicas: status?.replicas ?? 0, selector: formatLabelSelector(selector as LabelSelector) },
  }
}
