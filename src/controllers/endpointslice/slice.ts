/** What the controller writes on a slice besides endpoints: labels, owner, name. */
import type { Endpoint, EndpointPort, EndpointSlice, IPFamily, New, Service } from '../../apiserver/index.ts'
import { controllerReference } from '../pod-control.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const CONTROLLER = 'endpointslice-controller.k8s.io'
export const HEADLESS = 'service.kubernetes.io/headless'
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** A slice while it is put together: one that exists, or a new one. */
export interface SliceDraft {
  /** Undefined for a slice that is to be created. */
  readonly existing: EndpointSlice | undefined
  readonly addressType: IPFamily
  readonly ports: readonly EndpointPort[]
  readonly labels: Readonly<Record<string, string>>
  endpoints: Endpoint[]
}

/** The service's own labels, and those by which slices are found. */
export function sliceLabels({ metadata, spec }: Service): Record<string, string> {
  const labels: Record<string, string> = { ...metadata.labels }
  delete labels[HEADLESS]
  if (spec.clusterIP === 'None') labels[HEADLESS] = ''
  labels[SERVICE_NAME] = metadata.name
  labels[MANAGED_BY] = CONTROLLER
  return labels
}

export function newSlice(
  draft: SliceDraft,
  service: Service,
  triggerTime: string | undefined,
): New<EndpointSlice> {
  const { metadata } = service
  return {
    metadata: {
      generateName: `${metadata.name}-`,
      namespace: metadata.namespace!,
      labels: draft.labels,
      ...(triggerTime !== undefined && { annotations: { [TRIGGER_TIME]: triggerTime } }),
      ownerReferences: [controllerReference(service)],
    },
    addressType: draft.addressType,
    endpoints: draft.endpoints,
    ports: draft.ports,
  }
}

export function changedSlice(
  draft: SliceDraft,
  target: EndpointSlice,
  triggerTime: string | undefined,
): EndpointSlice {
  const { annotations = {}, ...metadata } = target.metadata
  const { [TRIGGER_TIME]: _old, ...others } = annotations
  const kept = triggerTime === undefined ? others : { ...others, [TRIGGER_TIME]: triggerTime }
  return {
    ...target,
    metadata: {
      ...metadata,
      labels: draft.labels,
      ...(Object.keys(kept).length > 0 && { annotations: kept }),
    },
    endpoints: draft.endpoints,
    ports: draft.ports,
  }
}
