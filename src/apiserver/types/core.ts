/** Namespaces, nodes and ConfigMaps (api/core/v1). */
import type { Condition, KubeObject } from './meta.ts'

export interface Namespace extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Namespace'
  readonly spec?: { readonly finalizers?: readonly string[] }
  readonly status?: { readonly phase?: 'Active' | 'Terminating' }
}

export interface Node extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Node'
  readonly spec?: NodeSpec
  readonly status?: NodeStatus
}

export interface NodeSpec {
  /** The first of `podCIDRs`. */
  readonly podCIDR?: string
  /** At most one a family. */
  readonly podCIDRs?: readonly string[]
  readonly providerID?: string
  readonly unschedulable?: boolean
  readonly taints?: readonly Taint[]
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export interface NodeStatus {
  readonly addresses?: readonly NodeAddress[]
  readonly conditions?: readonly Condition[]
  readonly capacity?: Readonly<Record<string, string>>
  readonly allocatable?: Readonly<Record<string, string>>
  readonly nodeInfo?: Readonly<Record<string, string>>
}

export interface NodeAddress {
  readonly type: 'Hostname' | 'InternalIP' | 'ExternalIP' | 'InternalDNS' | 'ExternalDNS'
  readonly address: string
}

export interface ConfigMap extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap'
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}
