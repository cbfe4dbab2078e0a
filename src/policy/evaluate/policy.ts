/**
 * The form in which both policy APIs are evaluated: who is policed, and an ordered list of rules a direction, each an
 * action with peers and ports. `read-network-policy.ts` and `read-cluster-network-policy.ts` say how an object becomes
 * this; everything about defaults, absent and empty fields is said there, once.
 */
import type { AddressBlock } from './address.ts'
import type { PortProtocol } from './facts.ts'
import type { PolicyRuleRef } from './question.ts'
import type { Selector } from './select.ts'

export interface Policy {
  readonly kind: PolicyRuleRef['kind']
  /** `namespace/name` or `name`. */
  readonly name: string
  readonly subject: PodSet
  /** Undefined: the policy does not concern this direction. */
  readonly ingress: readonly PolicyRule[] | undefined
  readonly egress: readonly PolicyRule[] | undefined
}

export interface NamespacedPolicy extends Policy {
  readonly kind: 'NetworkPolicy'
  readonly namespace: string
  /** Directions whose list of rules is written and empty (which options may read in two ways). */
  readonly emptyLists: { readonly ingress: boolean; readonly egress: boolean }
}

export interface ClusterPolicy extends Policy {
  readonly kind: 'ClusterNetworkPolicy'
  readonly tier: 'Admin' | 'Baseline'
  readonly priority: number
}

/** Pods of one namespace, or of the namespaces that a selector selects. */
export interface PodSet {
  readonly namespaces: { readonly name: string } | { readonly selector: Selector }
  readonly pods: Selector
}

export interface PolicyRule {
  readonly ref: PolicyRuleRef
  readonly action: 'Accept' | 'Deny' | 'Pass'
  /** One of these must match. Undefined: anybody, inside and outside of the cluster. */
  readonly peers: readonly PolicyPeer[] | undefined
  /** One of these must match. Undefined: any connection. */
  readonly ports: readonly PortMatch[] | undefined
}

export type PolicyPeer =
  | { readonly kind: 'pods'; readonly set: PodSet }
  | { readonly kind: 'networks'; readonly blocks: readonly AddressBlock[] }
  | { readonly kind: 'nodes'; readonly nodes: Selector }

export type PortMatch =
  /** Both ends are in the range. */
  | {
      readonly kind: 'range'
      readonly protocol: PortProtocol
      readonly from: number
      readonly to: number
    }
  /** The ports of that name of the destination pod, of any protocol unless one is given. */
  | { readonly kind: 'named'; readonly name: string; readonly protocol: PortProtocol | undefined }

export const FIRST_PORT = 1
export const LAST_PORT = 65535
