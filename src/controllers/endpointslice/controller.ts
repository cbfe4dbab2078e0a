/**
 * Keeps the EndpointSlices of every service with a selector (pkg/controller/endpointslice). Not modelled: topology
 * mode Auto, mirroring of Endpoints, the legacy Endpoints object.
 */
import {
  ApiError,
  endpointslices,
  nodes,
  pods,
  services,
  type EndpointSlice,
  type Pod,
  type Service,
} from '../../apiserver/index.ts'
import { jsonEqual } from '../../apiserver/meta/json.ts'
import { ExponentialLimiter, keyOf, WorkQueue } from '../../informer/index.ts'
import type { ControllerContext } from '../context.ts'
import { isPodReady, podCondition } from '../pod-util.ts'
import { isEndpointPod } from './endpoint.ts'
import { reconcile, type Plan } from './reconcile.ts'
import { ServiceSelectors } from './service-index.ts'
import { changedSlice, CONTROLLER, MANAGED_BY, newSlice, SERVICE_NAME } from './slice.ts'
import { SliceTracker } from './tracker.ts'

export interface EndpointSliceOptions {
  /** Default 100, at most 1000 (--max-endpoints-per-slice). */
  readonly maxEndpointsPerSlice?: number
  /** Milliseconds to gather pod changes before a sync (--endpoint-updates-batch-period). Default 0. */
  readonly updatesBatchPeriod?: number
}

const MAX_RETRIES = 15
/** A slice that somebody else changed is put right after a second. */
const SLICE_CHANGE_DELAY = 1000
const BY_SERVICE = 'service'
const BY_LABEL = 'label'

export function startEndpointSliceController(
  context: ControllerContext,
  options: EndpointSliceOptions = {},
): void {
  const { client, informers, clock, onError } = context
  const { maxEndpointsPerSlice = 100, updatesBatchPeriod = 0 } = options
  const serviceInformer = informers.informer(services)
  const podInformer = informers.informer(pods)
  const sliceInformer = informers.informer(endpointslices)
  const nodeInformer = informers.informer(nodes)
  sliceInformer.addIndex(BY_SERVICE, (slice) => (isManaged(slice) ? [serviceKey(slice)] : []))
  podInformer.addIndex(BY_LABEL, ({ metadata }) =>
    Object.entries(metadata.labels ?? {}).map(([name, value]) =>
      labelIndexKey(metadata.namespace, name, value),
    ),
  )
  const selectors = new ServiceSelectors()
  const tracker = new SliceTracker()
  const triggers = new TriggerTimes()
  const queue = new WorkQueue({
    clock,
    work: sync,
    maxRetries: MAX_RETRIES,
    limiter: new ExponentialLimiter(1000, 1_000_000),
    ...(onError && { onError }),
  })

  serviceInformer.addHandler({
    added: (service) => {
      selectors.set(service)
      queue.add(keyOf(service))
    },
    updated: (_old, service) => {
      selectors.set(service)
      queue.add(keyOf(service))
    },
    deleted: (service) => {
      const key = keyOf(service)
      selectors.delete(key)
      tracker.forget(key)
      triggers.forget(key)
      queue.forget(key)
    },
  })
  const queuePod = (...versions: readonly Pod[]) => {
    for (const key of new Set(versions.flatMap((pod) => selectors.selecting(pod))))
      queue.addAfter(key, updatesBatchPeriod)
  }
  podInformer.addHandler({
    added: (pod) => queuePod(pod),
    updated: (old, pod) => {
      if (endpointChanged(old, pod)) queuePod(old, pod)
    },
    deleted: (pod) => queuePod(pod),
  })
  const queueSlice = (slice: EndpointSlice) => {
    if (isManaged(slice) && tracker.isForeign(serviceKey(slice), slice))
      queue.addAfter(serviceKey(slice), SLICE_CHANGE_DELAY)
  }
  sliceInformer.addHandler({
    added: queueSlice,
    updated: (old, slice) => {
      if (old.metadata.labels?.[SERVICE_NAME] !== slice.metadata.labels?.[SERVICE_NAME] && isManaged(old))
        queue.addAfter(serviceKey(old), SLICE_CHANGE_DELAY)
      queueSlice(slice)
    },
    deleted: (slice) => {
      if (isManaged(slice) && tracker.gone(serviceKey(slice), slice)) queue.addAfter(serviceKey(slice), 0)
    },
  })

  function sync(key: string): void {
    const service = serviceInformer.lister.getByKey(key)
    if (service === undefined) return
    const { type, selector } = service.spec
    if (type === 'ExternalName' || selector === undefined || Object.keys(selector).length === 0) return
    const slices = sliceInformer.lister.byIndex(BY_SERVICE, key)
    if (tracker.isStale(key, slices))
      throw new Error(`EndpointSlice informer cache is out of date for ${key}`)
    const selected = podsOf(service).filter(isEndpointPod)
    const plan = reconcile({
      service,
      pods: selected,
      slices: slices.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
      nodeOf: (name) => nodeInformer.lister.get(name),
      maxPerSlice: maxEndpointsPerSlice,
    })
    write(key, service, plan, triggers.next(key, service, selected))
    const [missing] = plan.withoutNode
    if (missing !== undefined)
      throw new Error(
        `skipping Pod ${missing.metadata.name} for Service ${key}: Node ${missing.spec.nodeName ?? ''} Not Found`,
      )
  }

  /** The pods that the selector selects, found by one of its labels. */
  function podsOf({ metadata, spec }: Service): Pod[] {
    const [first, ...rest] = Object.entries(spec.selector ?? {})
    if (first === undefined) return []
    const candidates = podInformer.lister.byIndex(BY_LABEL, labelIndexKey(metadata.namespace, ...first))
    return candidates.filter((pod) => rest.every(([name, value]) => pod.metadata.labels?.[name] === value))
  }

  function write(
    key: string,
    service: Service,
    { create, update, remove }: Plan,
    triggerTime: string | undefined,
  ): void {
    for (const draft of create)
      tracker.wrote(key, client.create(endpointslices, newSlice(draft, service, triggerTime)))
    for (const { draft, target } of update)
      tracker.wrote(key, client.update(endpointslices, changedSlice(draft, target, triggerTime)))
    for (const slice of remove) {
      const { name, namespace = '' } = slice.metadata
      try {
        client.delete(endpointslices, { name, namespace })
        tracker.removed(key, slice)
      } catch (error) {
        if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error
      }
    }
  }
}

function labelIndexKey(namespace: string | undefined, name: string, value: string): string {
  return `${namespace}/${name}=${value}`
}

function isManaged({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[MANAGED_BY] === CONTROLLER && metadata.labels[SERVICE_NAME] !== undefined
}

function serviceKey({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`
}

/** Whether a change of a pod can change an endpoint (util/endpoint: podEndpointsChanged). */
function endpointChanged(old: Pod, pod: Pod): boolean {
  return (
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    old.spec.nodeName !== pod.spec.nodeName ||
    isPodReady(old) !== isPodReady(pod) ||
    isEndpointPod(old) !== isEndpointPod(pod) ||
    !jsonEqual(old.status?.podIPs, pod.status?.podIPs) ||
    !jsonEqual(old.metadata.labels, pod.metadata.labels) ||
    old.spec.hostname !== pod.spec.hostname ||
    old.spec.subdomain !== pod.spec.subdomain
  )
}

/** The earliest change that a write answers to: what kube-proxy measures its delay from (trigger_time_tracker.go). */
class TriggerTimes {
  readonly #seen = new Map<string, Map<string, string>>()

  next(key: string, service: Service, selected: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key)
    const now = new Map<string, string>([['', service.metadata.creationTimestamp]])
    for (const pod of selected)
      now.set(pod.metadata.uid, podCondition(pod, 'Ready')?.lastTransitionTime ?? '')
    this.#seen.set(key, now)
    let earliest: string | undefined
    for (const [uid, time] of now)
      if (time !== '' && time > (before?.get(uid) ?? '') && (earliest === undefined || time < earliest))
        earliest = time
    return earliest
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }
}
