/**
 * Which kinds of a manifest mean something to a dataplane. Everything is accepted; what has no meaning here, or a
 * meaning that is not modelled, is named in a warning, one for each kind.
 */
import { Problem, type Place } from '../../kernel/problem.ts'
import type { Manifest } from './document.ts'

export interface Warning {
  readonly message: string
  readonly place: Place
}

/** Where an object that a user applied is written; `undefined` for what a controller made. */
export type PlaceOf = (
  kind: string,
  namespace: string | undefined,
  name: string,
) => Manifest['place'] | undefined

/** The version each kind that is applied is served in. */
const APPLIED: Readonly<Record<string, string>> = {
  Namespace: 'v1',
  Node: 'v1',
  Pod: 'v1',
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Deployment: 'apps/v1',
  ReplicaSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  StatefulSet: 'apps/v1',
  ReplicationController: 'v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  ClusterNetworkPolicy: 'policy.networking.k8s.io/v1alpha2',
}

/** Kinds that do concern packets or pods, and what their absence means. */
const NOT_MODELLED: Readonly<Record<string, string>> = {
  Endpoints: 'is not mirrored: write an EndpointSlice',
  Ingress: 'is not modelled: no ingress controller runs',
  IngressClass: 'is not modelled: no ingress controller runs',
  Gateway: 'is not modelled: no gateway controller runs',
  HTTPRoute: 'is not modelled: no gateway controller runs',
  AdminNetworkPolicy: 'is taken in version policy.networking.k8s.io/v1alpha1 only: ignored',
  BaselineAdminNetworkPolicy: 'is taken in version policy.networking.k8s.io/v1alpha1 only: ignored',
  CiliumNetworkPolicy: 'is not modelled',
  CiliumClusterwideNetworkPolicy: 'is not modelled',
  GlobalNetworkPolicy: 'is not modelled',
}

/** Kinds that say nothing about packets. */
const MEANINGLESS = new Set([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'StorageClass',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'HorizontalPodAutoscaler',
  'VerticalPodAutoscaler',
  'PodDisruptionBudget',
  'PriorityClass',
  'ResourceQuota',
  'LimitRange',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'Lease',
  'Event',
])

/** Splits what is applied from what is only named. Throws when a kind is written in a version that is not served. */
export function sortByKind(manifests: readonly Manifest[]): { applied: Manifest[]; warnings: Warning[] } {
  const applied: Manifest[] = []
  const rest = new Map<string, Manifest[]>()
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest.object
    const served = APPLIED[kind]
    if (served === apiVersion) applied.push(manifest)
    else if (served !== undefined && sameGroup(served, apiVersion)) {
      throw new Problem(
        `${JSON.stringify(apiVersion)} is not served for kind ${kind}: expected ${JSON.stringify(served)}`,
        manifest.place('apiVersion'),
      )
    } else {
      const key = `${apiVersion}/${kind}`
      rest.set(key, [...(rest.get(key) ?? []), manifest])
    }
  }
  return { applied, warnings: [...[...rest.values()].map(warningOf), ...repeated(applied)] }
}

/** One object twice in one apply is allowed, as with kubectl, and hardly ever meant. */
function repeated(manifests: readonly Manifest[]): Warning[] {
  const seen = new Map<string, Manifest>()
  return manifests.flatMap((manifest) => {
    const { kind, metadata } = manifest.object
    if (metadata.name === undefined) return []
    const key = `${kind}/${metadata.namespace ?? 'default'}/${metadata.name}`
    const before = seen.get(key)
    seen.set(key, manifest)
    if (before === undefined) return []
    const { file, line } = before.place()
    const where = [file, line].filter((part) => part !== undefined).join(':')
    const message = `${kind} ${metadata.name} is given twice${where === '' ? '' : ` (first in ${where})`}: the later one stands`
    return [{ message, place: manifest.place() }]
  })
}

/** An old home of the kind (extensions/v1beta1) or another version of its group; not a foreign kind of the same name. */
function sameGroup(served: string, apiVersion: string): boolean {
  const group = (version: string): string =>
    version.includes('/') ? version.slice(0, version.indexOf('/')) : ''
  return (
    group(apiVersion) === group(served) || group(apiVersion) === 'extensions' || !apiVersion.includes('/')
  )
}

function warningOf(manifests: readonly Manifest[]): Warning {
  const [first] = manifests as [Manifest]
  const { kind, metadata } = first.object
  const named = `${kind} ${metadata.name ?? `${metadata.generateName ?? ''}*`}`
  const others = manifests.length > 1 ? ` (and ${manifests.length - 1} more)` : ''
  return { message: `${named}${others} ${meaningOf(kind)}`, place: first.place() }
}

function meaningOf(kind: string): string {
  if (MEANINGLESS.has(kind)) return 'has no dataplane meaning: ignored'
  return NOT_MODELLED[kind] ?? 'is of a kind that is not known here: ignored'
}
