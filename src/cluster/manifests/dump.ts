/**
 * What a dump of a running cluster (`kubectl get -o yaml`) says about that cluster, and not about this one: a pod's
 * node, and owners that are not in the dump. As written, the pod would wait for a node that never comes, and the garbage
 * collector would delete what has lost its owner; whoever loads a dump wants to see the pod. Addresses of pods are given
 * anew; Services keep theirs, of whatever range, unless something else has it here.
 */
import { kinds } from '../../apiserver/index.ts'
import { GENERATED_LABELS } from '../../apiserver/registry/kinds/job.ts'
import { ADDRESS_PLAN, isAddress, isUnplanned, isWithin } from '../topology/plan.ts'
import { isRecord, type Manifest } from './document.ts'
import type { Warning } from './kinds.ts'

/** `Kind/name` of the controller that an object had where it comes from. */
export const FORMER_CONTROLLER = 'podwire.dev/former-controller'

/** Whether an object of this name is in the cluster already. */
export type Exists = (kind: string, namespace: string | undefined, name: string) => boolean

export function settleHere(
  manifests: readonly Manifest[],
  exists: Exists,
): { readonly manifests: readonly Manifest[]; readonly warnings: readonly Warning[] } {
  const given = new Set(
    manifests.map(({ object: { kind, metadata } }) => keyOf(kind, metadata.namespace, metadata.name ?? '')),
  )
  const isHere: Exists = (kind, namespace, name) =>
    given.has(keyOf(kind, namespace, name)) || exists(kind, namespace, name)
  const warnings: Warning[] = []
  const settled = manifests.map((manifest) => {
    const owned = withoutLostOwners(manifest, isHere)
    const placed = withoutLostNode(owned.manifest, exists)
    const addressed = withoutTakenAddress(withoutGenerated(placed.manifest))
    for (const { warning } of [owned, placed, addressed]) if (warning !== undefined) warnings.push(warning)
    return addressed.manifest
  })
  return { manifests: settled, warnings: [...warnings, ...addressWarnings(manifests)] }
}

/** Addresses of another cluster's range that a Service brings along. One that is written by hand has none. */
export function broughtAddresses(manifest: Manifest): string[] {
  return isDumped(manifest) ? clusterIPs(manifest).filter(isUnplanned) : []
}

/** Whether an apiserver has written into it. */
function isDumped({ object: { metadata } }: Manifest): boolean {
  return ['uid', 'resourceVersion', 'creationTimestamp'].some((field) => Boolean(metadata[field]))
}

function clusterIPs({ object: { kind, spec } }: Manifest): string[] {
  if (kind !== 'Service' || !isRecord(spec)) return []
  const { clusterIP, clusterIPs: all } = spec
  return [clusterIP, ...(Array.isArray(all) ? (all as unknown[]) : [])].filter(
    (ip): ip is string => typeof ip === 'string' && isAddress(ip),
  )
}

function addressWarnings(manifests: readonly Manifest[]): Warning[] {
  const pods = manifests.filter(({ object: { kind, spec, status } }) => {
    if (kind !== 'Pod' || !isRecord(status) || (isRecord(spec) && spec['hostNetwork'] === true)) return false
    const { phase, podIP, podIPs } = status
    return phase !== 'Succeeded' && phase !== 'Failed' && (podIP !== undefined || podIPs !== undefined)
  })
  const [first] = pods
  if (first === undefined) return []
  const who = pods.length === 1 ? 'the address of 1 pod is' : `the addresses of ${pods.length} pods are`
  return [{ message: `${who} given anew, not taken from the status`, place: first.place('status.podIP') }]
}

interface Step {
  readonly manifest: Manifest
  readonly warning?: Warning
}

function withoutLostOwners(manifest: Manifest, isHere: Exists): Step {
  const { metadata, kind } = manifest.object
  const references = metadata['ownerReferences']
  if (!Array.isArray(references) || references.length === 0) return { manifest }
  const lost = references.filter(
    (owner) =>
      isRecord(owner) &&
      typeof owner['kind'] === 'string' &&
      typeof owner['name'] === 'string' &&
      !isHere(owner['kind'], metadata.namespace, owner['name']),
  ) as { kind: string; name: string; controller?: unknown }[]
  const [first] = lost
  if (first === undefined || lost.length < references.length) return { manifest }
  const controller = lost.find((owner) => owner.controller === true) ?? first
  const { ownerReferences: _, annotations, ...rest } = metadata
  // A static pod's mirror is owned by its node, and is a workload of its own.
  const former =
    controller.kind === 'Node' ? {} : { [FORMER_CONTROLLER]: `${controller.kind}/${controller.name}` }
  return {
    manifest: {
      object: {
        ...manifest.object,
        metadata: { ...rest, annotations: { ...(isRecord(annotations) ? annotations : {}), ...former } },
      },
      place: manifest.place,
    },
    warning: {
      message: `${kind} ${metadata.name ?? ''}: its owner ${controller.kind} ${controller.name} is not in the manifests: kept without it`,
      place: manifest.place('metadata.ownerReferences'),
    },
  }
}

function withoutLostNode(manifest: Manifest, exists: Exists): Step {
  const { kind, metadata, spec } = manifest.object
  if (kind !== 'Pod' || !isRecord(spec)) return { manifest }
  const node = spec['nodeName']
  if (typeof node !== 'string' || node === '' || exists('Node', undefined, node)) return { manifest }
  // It fitted there; what this asks of nodes is written for those of the other cluster.
  const { nodeName: _name, nodeSelector: _selector, affinity: _affinity, ...rest } = spec
  return {
    manifest: { object: { ...manifest.object, spec: rest }, place: manifest.place },
    warning: {
      message: `pod ${metadata.name ?? ''}: there is no node ${node} here: scheduled anew, on any node`,
      place: manifest.place('spec.nodeName'),
    },
  }
}

/** A Job's selector, and the labels it selects by, hold a uid that is another here: the server makes them anew. */
function withoutGenerated(manifest: Manifest): Manifest {
  const { kind, spec } = manifest.object
  if (kind !== 'Job' || !isDumped(manifest) || !isRecord(spec) || spec['manualSelector'] === true)
    return manifest
  const { selector: _selector, template, ...rest } = spec
  const metadata = isRecord(template) && isRecord(template['metadata']) ? template['metadata'] : {}
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {}
  const own = Object.entries(labels).filter(([label]) => !GENERATED_LABELS.includes(label))
  return {
    object: {
      ...manifest.object,
      spec: {
        ...rest,
        template: isRecord(template)
          ? { ...template, metadata: { ...metadata, labels: Object.fromEntries(own) } }
          : template,
      },
    },
    place: manifest.place,
  }
}

function withoutTakenAddress(manifest: Manifest): Step {
  const isHere = (ip: string): boolean =>
    isUnplanned(ip) || Object.values(ADDRESS_PLAN).some(({ serviceCidr }) => isWithin(ip, serviceCidr))
  const taken = isDumped(manifest) ? clusterIPs(manifest).find((ip) => !isHere(ip)) : undefined
  const { metadata, spec } = manifest.object
  if (taken === undefined || !isRecord(spec)) return { manifest }
  const { clusterIP: _first, clusterIPs: _all, ...rest } = spec
  return {
    manifest: { object: { ...manifest.object, spec: rest }, place: manifest.place },
    warning: {
      message: `Service ${metadata.name ?? ''}: ${taken} is no address for a Service here: another is given`,
      place: manifest.place('spec.clusterIP'),
    },
  }
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  const namespaced = kinds.find((each) => each.kind === kind)?.namespaced ?? true
  return `${kind}/${namespaced ? (namespace ?? 'default') : ''}/${name}`
}
