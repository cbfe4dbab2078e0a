/** What must be written so that a service's slices say what its pods are (endpointslice/reconciler.go). Pure. */
import type {
  Endpoint,
  EndpointPort,
  EndpointSlice,
  IPFamily,
  Node,
  Pod,
  Service,
} from '../../apiserver/index.ts'
import { jsonEqual } from '../../apiserver/meta/json.ts'
import { isControlledBy } from '../pod-util.ts'
import { endpointOf, endpointPorts, portsKey } from './endpoint.ts'
import { withHints } from './hints.ts'
import { pack, type Packing } from './pack.ts'
import { sliceLabels, type SliceDraft } from './slice.ts'

export interface Plan {
  readonly create: readonly SliceDraft[]
  /** The draft is to be written over `target`. */
  readonly update: readonly { readonly draft: SliceDraft; readonly target: EndpointSlice }[]
  readonly remove: readonly EndpointSlice[]
  /** Pods left out because their node is not known: the sync must be tried again. */
  readonly withoutNode: readonly Pod[]
}

export interface ReconcileInput {
  readonly service: Service
  /** Those that are endpoints. */
  readonly pods: readonly Pod[]
  readonly slices: readonly EndpointSlice[]
  readonly nodeOf: (name: string) => Node | undefined
  readonly maxPerSlice: number
}

export function reconcile(input: ReconcileInput): Plan {
  const { service, slices } = input
  const families = new Set<string>(service.spec.ipFamilies ?? ['IPv4'])
  const plan = {
    create: [] as SliceDraft[],
    update: [] as Plan['update'][number][],
    remove: [] as EndpointSlice[],
  }
  const withoutNode = new Set<Pod>()
  for (const slice of slices) if (!families.has(slice.addressType)) plan.remove.push(slice)
  for (const family of families) {
    const own = slices.filter(({ addressType }) => addressType === family)
    const part = reconcileFamily(input, family as IPFamily, own, withoutNode)
    plan.create.push(...part.create)
    plan.update.push(...part.update)
    plan.remove.push(...part.remove)
  }
  return { ...plan, withoutNode: [...withoutNode] }
}

interface Group {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Endpoint[]
}

function reconcileFamily(
  { service, pods, nodeOf, maxPerSlice }: ReconcileInput,
  addressType: IPFamily,
  slices: readonly EndpointSlice[],
  withoutNode: Set<Pod>,
): Omit<Plan, 'withoutNode'> {
  const labels = sliceLabels(service)
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    const node = nodeOf(pod.spec.nodeName ?? '')
    if (node === undefined && service.spec.publishNotReadyAddresses !== true) {
      withoutNode.add(pod)
      continue
    }
    const endpoint = endpointOf(pod, node, service, addressType)
    if (endpoint === undefined) continue
    const ports = endpointPorts(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { ports, endpoints: [endpoint] })
    else group.endpoints.push(endpoint)
  }

  const existing = new Map<string, EndpointSlice[]>()
  const all: Packing = { create: [], update: [], unchanged: [], remove: [] }
  for (const slice of slices) {
    const key = portsKey(slice.ports ?? [])
    if (!isControlledBy(slice, service) || !groups.has(key)) all.remove.push(slice)
    else if (existing.has(key)) existing.get(key)!.push(slice)
    else existing.set(key, [slice])
  }
  for (const [key, { ports, endpoints }] of groups) {
    const part = pack({
      addressType,
      ports,
      labels,
      existing: existing.get(key) ?? [],
      desired: endpoints,
      maxPerSlice,
    })
    all.create.push(...part.create)
    all.update.push(...part.update)
    all.unchanged.push(...part.unchanged)
    all.remove.push(...part.remove)
  }
  // Where no slice would be left, an empty one says that the service was seen.
  if (slices.length === all.remove.length && all.create.length === 0) {
    const placeholder: SliceDraft = { existing: undefined, addressType, ports: [], labels, endpoints: [] }
    if (all.remove.length === 1 && isPlaceholder(all.remove[0]!, labels, service)) all.remove.length = 0
    else all.create.push(placeholder)
  }
  return finish(all, service)
}

function isPlaceholder(slice: EndpointSlice, labels: object, service: Service): boolean {
  return (
    (slice.endpoints ?? []).length === 0 &&
    (slice.ports ?? []).length === 0 &&
    jsonEqual(slice.metadata.labels, labels) &&
    isControlledBy(slice, service)
  )
}

/** Puts hints on, and writes new slices over those that would be deleted. */
function finish({ create, update, unchanged, remove }: Packing, service: Service): Omit<Plan, 'withoutNode'> {
  for (const draft of [...create, ...update])
    draft.endpoints = draft.endpoints.map((endpoint) => withHints(endpoint, service))
  const updates = update.map((draft) => ({ draft, target: draft.existing! }))
  for (const slice of unchanged) {
    const endpoints = (slice.endpoints ?? []).map((endpoint) => withHints(endpoint, service))
    if (jsonEqual(endpoints, slice.endpoints ?? [])) continue
    const { addressType, ports, metadata } = slice
    const draft = {
      existing: slice,
      addressType: addressType as IPFamily,
      ports: ports ?? [],
      labels: metadata.labels ?? {},
      endpoints,
    }
    updates.push({ draft, target: slice })
  }
  if (service.metadata.deletionTimestamp !== undefined) return { create: [], update: updates, remove }
  const removed = [...remove]
  const created = [...create]
  for (const target of remove) {
    if (created.length === 0) break
    if (!isControlledBy(target, service)) continue
    updates.push({ draft: created.pop()!, target })
    removed.splice(removed.indexOf(target), 1)
  }
  return { create: created, update: updates, remove: removed }
}
