/**
 * What every object of the API carries (apimachinery: meta/v1), restricted to what the control plane or a dataplane
 * reads. Objects are plain JSON values; those that come out of the apiserver are frozen and shared, so a component
 * that wants to change one makes a new object.
 */

/** Any object of the API. `apiVersion` and `kind` are always present in process; only a wire format may omit them. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** Metadata as stored. `resourceVersion` is a decimal string: compare it for equality only. Times are RFC 3339, UTC, seconds. */
export interface ObjectMeta {
  readonly name: string
  readonly generateName?: string
  /** Absent for kinds without a namespace. */
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Labels
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Selects by labels. Empty selects everything; absent selects nothing (what absence means is up to the field that holds it). */
export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

/** A number, or a name or percentage that stands for one. */
export type IntOrString = number | string

export type Protocol = 'TCP' | 'UDP' | 'SCTP'

export type IPFamily = 'IPv4' | 'IPv6'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** A list of objects and the revision of the whole store at which it was read. */
export interface KubeList<T extends KubeObject = KubeObject> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}
