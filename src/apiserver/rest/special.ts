/** Subresources of one kind: a pod's binding to a node, the finalizing of a namespace. */
import { isObject, type JsonObject } from '../meta/json.ts'
import { badRequest, conflict } from '../meta/status.ts'
import { formatTime } from '../meta/time.ts'
import { namespaces, pods } from '../registry/registry.ts'
import type { ApiRequest, ApiResponse } from '../request.ts'
import type { Condition, Namespace, Pod } from '../types/index.ts'
import { current, type RestContext } from './context.ts'
import { remove } from './delete.ts'
import { store } from './update.ts'

/** POST pods/x/binding (pkg/registry/core/pod/storage: assignPod): the scheduler's word. */
export function bindPod(context: RestContext, request: ApiRequest): ApiResponse {
  const entry = current(context, pods, request)
  const pod = entry.value as Pod
  const { name } = pod.metadata
  const target = isObject(request.body) ? request.body['target'] : undefined
  const node = isObject(target) ? target['name'] : undefined
  if (typeof node !== 'string' || node === '') throw badRequest('Binding needs target.name')
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(
      { group: '', resource: 'pods/binding' },
      name,
      `pod ${name} is being deleted, cannot be assigned to a host`,
    )
  if (pod.spec.nodeName)
    throw conflict(
      { group: '', resource: 'pods/binding' },
      name,
      `pod ${name} is already assigned to node "${pod.spec.nodeName}"`,
    )
  const scheduled: Condition = {
    type: 'PodScheduled',
    status: 'True',
    lastTransitionTime: formatTime(context.clock.now()),
  }
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
  const bound: Pod = {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: { ...pod.status, conditions: [...conditions, scheduled] },
  }
  store(context, pods, request, entry, bound)
  const success: JsonObject = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  return { kind: 'object', code: 201, object: success, warnings: [] }
}

/** PUT namespaces/x/finalize: replaces spec.finalizers; with the last one the namespace goes. */
export function finalizeNamespace(context: RestContext, request: ApiRequest): ApiResponse {
  const entry = current(context, namespaces, request)
  const old = entry.value as Namespace
  const spec = isObject(request.body) && isObject(request.body['spec']) ? request.body['spec'] : {}
  const finalizers = (spec['finalizers'] ?? []) as string[]
  const next: Namespace = { ...old, spec: { ...old.spec, finalizers } }
  const held = finalizers.length + (old.metadata.finalizers ?? []).length
  if (old.metadata.deletionTimestamp === undefined || held > 0)
    return store(context, namespaces, request, entry, next)
  return { kind: 'object', code: 200, object: remove(context, namespaces, entry, next), warnings: [] }
}
